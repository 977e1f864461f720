import { createDecipheriv, pbkdf2Sync } from "node:crypto";

const SALT_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const ITERATIONS = 100_000;
/** How values begin that were stored as they are, though the column is for encrypted ones. */
const PLAIN = /^(sk-|pk-|ghp_|gho_|xox|AIza|Bearer )/;

/**
 * Opens what V1 encrypted: AES-256-GCM by a key that PBKDF2 makes of LETTA_ENCRYPTION_KEY, as base64 of salt, nonce, text and
 * tag. Without such a key V1 stored values as they are in the same columns, and those are given back. Undefined for what the key does
 * not open.
 */
export function openerOf(key: string | undefined): (encrypted: string) => string | undefined {
  return (encrypted) => {
    const bytes = Buffer.from(encrypted, "base64");
    const isEncrypted =
      !PLAIN.test(encrypted) &&
      bytes.length > SALT_BYTES + IV_BYTES + TAG_BYTES &&
      bytes.toString("base64") === encrypted;
    if (!isEncrypted) return encrypted;
    return key === undefined ? undefined : opened(bytes, key);
  };
}

function opened(bytes: Buffer, password: string): string | undefined {
  const salt = bytes.subarray(0, SALT_BYTES);
  const iv = bytes.subarray(SALT_BYTES, SALT_BYTES + IV_BYTES);
  const key = pbkdf2Sync(password, salt, ITERATIONS, KEY_BYTES, "sha256");
  const decipher = createDecipheriv("aes-256-gcm", key, iv);
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const text = decipher.update(bytes.subarray(SALT_BYTES + IV_BYTES, -TAG_BYTES));
    return Buffer.concat([text, decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}
