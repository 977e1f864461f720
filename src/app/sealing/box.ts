import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes } from "node:crypto";
import { Failure } from "../../core/failure.ts";
import type { SecretBox, SecretPlace } from "../../core/secrecy/secret-box.ts";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Hexadecimal digits that name a key. They tell nothing of it. */
const ID_CHARS = 16;
/** Characters that a key of the settings has at least: fewer could be guessed. */
const SETTING_CHARS_MIN = 32;
/** Keys that the settings may name. */
const SETTING_KEYS_MAX = 10;

/** The setting that holds keys. */
export const KEY_SETTING = "SELKIE_SECRET_KEY";

/** A key, and the name by which what it sealed says so. */
export interface SecretKey {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** Where keys are kept that the server makes for itself. */
export interface KeyPlace {
  /** All of them, the newest first; none where nothing was kept yet. Throws a `refused` Failure for what is no key. */
  read(): readonly SecretKey[];
  /** Whether what was written is still there. */
  isThere(): boolean;
  /** Keeps these instead; on disk when this returns. */
  write(keys: readonly SecretKey[]): void;
}

/** Keys that are in no file: of tests, and of servers whose data is in memory. */
export function keysInMemory(): KeyPlace {
  let kept: readonly SecretKey[] = [];
  return {
    read: () => kept,
    isThere: () => true,
    write(keys) {
      kept = keys;
    },
  };
}

/**
 * A {@link SecretBox} of AES-256-GCM. The keys of the settings come before those of the place; without any, the first
 * secret makes one there. The place is read when a key is needed first.
 */
export function createSecretBox(place: KeyPlace, settings: readonly SecretKey[] = []): SecretBox {
  let own: readonly SecretKey[] | undefined;
  const kept = () => {
    own ??= place.read();
    return own;
  };
  const known = () => [...settings, ...kept().filter(({ id }) => !settings.some((key) => key.id === id))];
  const keep = (keys: readonly SecretKey[]) => {
    place.write(keys);
    own = keys;
  };

  /** The key that seals; on disk. */
  function sealing(): SecretKey {
    const [first] = known();
    if (first === undefined) {
      const made = newKey();
      keep([made]);
      return made;
    }
    // What is sealed by a key that is nowhere but here is lost when this process ends.
    if (settings.length === 0 && !place.isThere()) keep(kept());
    return first;
  }

  return {
    seal(text, where) {
      const { id, bytes } = sealing();
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, bytes, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(boundTo(where));
      const body = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return { keyId: id, text: body.toString("base64url") };
    },

    open({ keyId, text }, where) {
      const key = known().find(({ id }) => id === keyId);
      return key === undefined ? undefined : opened(key, text, where);
    },

    keyIds: () => known().map(({ id }) => id),

    beginRotation() {
      if (known().length > 1) return;
      if (settings.length > 0)
        throw new Failure(
          "refused",
          `${KEY_SETTING} holds one key. Put the new one before it, with a comma between them, start the server again, and repeat this`,
        );
      keep([newKey(), ...kept()]);
    },

    endRotation() {
      const [first, ...others] = known();
      if (first !== undefined && kept().some(({ id }) => id !== first.id)) keep(settings.length > 0 ? [] : [first]);
      return others.map(({ id }) => id);
    },
  };
}

/** The keys that a setting names, with commas between them, the one that seals first. Throws a `refused` Failure for one that can be guessed. */
export function keysOfSetting(text: string | undefined): readonly SecretKey[] {
  if (text === undefined) return [];
  const texts = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (texts.length > SETTING_KEYS_MAX)
    throw new Failure("refused", `${KEY_SETTING} holds ${texts.length} keys; ${SETTING_KEYS_MAX} are the most`);
  if (texts.length === 0 || texts.some((part) => part.length < SETTING_CHARS_MIN))
    throw new Failure(
      "refused",
      `${KEY_SETTING} must be a random text of ${SETTING_CHARS_MIN} characters or more, such as 'openssl rand -base64 32' prints`,
    );
  const keys = texts.map((part) => keyOf(new Uint8Array(hkdfSync("sha256", part, "", "selkie secret key", KEY_BYTES))));
  return keys.filter(({ id }, index) => keys.findIndex((key) => key.id === id) === index);
}

/** A key of these bytes, with its name. */
export function keyOf(bytes: Uint8Array): SecretKey {
  return { id: hash("sha256", bytes, "hex").slice(0, ID_CHARS), bytes };
}

/** Whether so many bytes are a key. */
export function isKeyLength(bytes: Uint8Array): boolean {
  return bytes.length === KEY_BYTES;
}

function newKey(): SecretKey {
  return keyOf(randomBytes(KEY_BYTES));
}

function opened({ bytes }: SecretKey, text: string, where: SecretPlace): string | undefined {
  const body = Buffer.from(text, "base64url");
  if (body.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const end = body.length - TAG_BYTES;
  try {
    const cipher = createDecipheriv(CIPHER, bytes, body.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    cipher.setAAD(boundTo(where));
    cipher.setAuthTag(body.subarray(end));
    return Buffer.concat([cipher.update(body.subarray(NONCE_BYTES, end)), cipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}

/** What a seal is bound to. As JSON no two places are written alike. */
function boundTo({ organizationId, ownerId, name }: SecretPlace): Buffer {
  return Buffer.from(JSON.stringify([organizationId, ownerId, name]), "utf8");
}
