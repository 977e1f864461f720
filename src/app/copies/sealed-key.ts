import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";
import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import { parseJson } from "../../core/json.ts";
import { isKeyLength, keyOf, type SecretKey } from "../sealing/box.ts";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** How hard a passphrase is to guess: 64 MB and a third of a second for each try. */
const COST = { N: 65_536, r: 8, p: 2 };
/** The most that a file may ask of whoever opens it. */
const COST_MAX = { N: 131_072, r: 8, p: 4 };
/** What it needs beyond its own table. */
const SPARE_BYTES = 1024 * 1024;
/** Characters of a passphrase: fewer could be guessed in spite of that. */
const PASSPHRASE_CHARS_MIN = 8;
/** What the seal is bound to. */
const PURPOSE = "selkie backup: keys of secrets";

const SealedShape = z.object({
  n: z.number().int().positive().max(COST_MAX.N),
  r: z.number().int().positive().max(COST_MAX.r),
  p: z.number().int().positive().max(COST_MAX.p),
  salt: z.string(),
  sealed: z.string(),
});

/** Throws a `refused` Failure for a passphrase that could be guessed. */
export function checkPassphrase(passphrase: string): void {
  if (passphrase.length < PASSPHRASE_CHARS_MIN)
    throw new Failure("refused", `The passphrase must have ${PASSPHRASE_CHARS_MIN} characters or more`);
}

/** Seals keys by a passphrase. */
export function sealKeys(keys: readonly SecretKey[], passphrase: string): string {
  const [salt, nonce] = [randomBytes(SALT_BYTES), randomBytes(NONCE_BYTES)];
  const cipher = createCipheriv(CIPHER, stretched(passphrase, salt, COST), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(PURPOSE));
  const text = keys.map(({ bytes }) => Buffer.from(bytes).toString("base64url")).join("\n");
  const sealed = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  const { N: n, r, p } = COST;
  return JSON.stringify({ n, r, p, salt: salt.toString("base64url"), sealed: sealed.toString("base64url") });
}

/** Opens what {@link sealKeys} sealed; throws a `refused` Failure for another passphrase. */
export function openKeys(text: string, passphrase: string): readonly SecretKey[] {
  const { n: N, r, p, salt, sealed } = SealedShape.parse(parseJson(text));
  const bytes = Buffer.from(sealed, "base64url");
  const end = bytes.length - TAG_BYTES;
  const key = stretched(passphrase, Buffer.from(salt, "base64url"), { N, r, p });
  try {
    const cipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(PURPOSE));
    cipher.setAuthTag(bytes.subarray(end));
    const opened = Buffer.concat([cipher.update(bytes.subarray(NONCE_BYTES, end)), cipher.final()]).toString();
    return opened
      .split("\n")
      .map((line) => Buffer.from(line, "base64url"))
      .filter(isKeyLength)
      .map(keyOf);
  } catch (error) {
    throw new Failure("refused", "The passphrase is not the one that the key of secrets is under in this backup", {
      cause: error,
    });
  }
}

function stretched(passphrase: string, salt: Uint8Array, { N, r, p }: typeof COST): Buffer {
  return scryptSync(passphrase.normalize("NFC"), salt, KEY_BYTES, { N, r, p, maxmem: 128 * (N + p) * r + SPARE_BYTES });
}
