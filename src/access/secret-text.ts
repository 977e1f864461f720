import type { Secrets } from "../core/secrecy/secrets.ts";

/** What each kind of secret begins with: scanners find them by it, and people see what they have. */
const MARKS = { key: "slk", session: "sls", code: "slc", lent: "slt" } as const;

/** What a secret is for: a key of a program, a session of a person, a code that begins one, a key of a call of a tool. */
export type SecretKind = keyof typeof MARKS;

const KINDS = ["key", "session", "code", "lent"] as const satisfies readonly SecretKind[];
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE = BigInt(DIGITS.length);
/** Characters of a key that may be shown: they tell one from another. */
const SHOWN_CHARS = 8;
/** Digits that 256 bits take. */
const SECRET_CHARS = 43;
const SECRET_BYTES = 32;
const CHECKSUM_CHARS = 6;
const PATTERN = new RegExp(`^sl(?:k_[0-9A-Za-z]{${SHOWN_CHARS}}|[sct])_[0-9A-Za-z]{${SECRET_CHARS + CHECKSUM_CHARS}}$`);
const CHARS_MAX = 64;

/** A fresh secret, and the beginning by which people know it. */
export interface NewSecret {
  readonly text: string;
  readonly prefix: string;
}

/** Makes a secret: `slk_` with 8 characters that may be shown, or another mark, `_`, 256 bits, and a checksum. */
export function newSecret(kind: SecretKind, secrets: Pick<Secrets, "bytes">): NewSecret {
  const mark = MARKS[kind];
  const prefix = kind === "key" ? `${mark}_${digitsOf(secrets.bytes(SHOWN_CHARS), SHOWN_CHARS)}` : mark;
  const body = `${prefix}_${digitsOf(secrets.bytes(SECRET_BYTES), SECRET_CHARS)}`;
  return { text: body + checksumOf(body), prefix };
}

/** What kind of secret a text is; undefined when it is none, one that was mistyped included. Whether it is known is not asked. */
export function kindOfSecret(text: string): SecretKind | undefined {
  if (text.length > CHARS_MAX || !PATTERN.test(text)) return undefined;
  const end = text.length - CHECKSUM_CHARS;
  if (checksumOf(text.slice(0, end)) !== text.slice(end)) return undefined;
  return KINDS.find((kind) => text.startsWith(MARKS[kind]));
}

/** The last digits of the number that the bytes are. */
function digitsOf(bytes: Uint8Array, count: number): string {
  let rest = bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
  let text = "";
  for (let i = 0; i < count; i++) {
    text = `${DIGITS[Number(rest % BASE)]}${text}`;
    rest /= BASE;
  }
  return text;
}

/** CRC-32 (ISO 3309) of the text, in digits. */
function checksumOf(text: string): string {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) crc = (crc >>> 8) ^ (TABLE[(crc ^ text.charCodeAt(i)) & 0xff] ?? 0);
  let rest = ~crc >>> 0;
  let digits = "";
  for (let i = 0; i < CHECKSUM_CHARS; i++) {
    digits = `${DIGITS[rest % DIGITS.length]}${digits}`;
    rest = Math.floor(rest / DIGITS.length);
  }
  return digits;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});
