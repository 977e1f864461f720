import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../core/failure.ts";
import { syncNames } from "../disk/data-files.ts";
import { isKeyLength, type KeyPlace, keyOf, type SecretKey } from "./box.ts";

const NAME = "secrets.key";
const TEXT = `# The keys that open the secrets in selkie.db; the first seals new ones. Without this file they cannot be read, and nothing
# can bring them back. Keep a copy of it apart from copies of the database.
`;

/** The file of keys in a data folder. It is its owner's alone, and replaced as a whole. */
export function keyFile(directory: string): KeyPlace {
  const path = join(directory, NAME);
  return {
    read() {
      if (!existsSync(path)) return [];
      const lines = readFileSync(path, "utf8").split(/\r?\n/);
      return lines.flatMap((line, index) => (line.trim() === "" || line.startsWith("#") ? [] : [keyIn(line, index)]));
    },
    isThere: () => existsSync(path),
    write(keys) {
      try {
        replace(directory, path, keys);
      } catch (error) {
        throw new Failure(
          "unavailable",
          `The key of secrets could not be stored in ${path} (${error instanceof Error ? error.message : String(error)})`,
          { cause: error },
        );
      }
    },
  };

  function keyIn(line: string, index: number): SecretKey {
    const bytes = Buffer.from(line.trim(), "base64url");
    if (!isKeyLength(bytes))
      throw new Failure(
        "refused",
        `Line ${index + 1} of ${path} is no key; restore the file, or move it away to go on without the secrets that it opens`,
      );
    return keyOf(bytes);
  }
}

/** A crash leaves the old keys or the new ones, never a part of them. */
function replace(directory: string, path: string, keys: readonly SecretKey[]): void {
  const fresh = `${path}.new`;
  const file = openSync(fresh, "w", 0o600);
  try {
    writeSync(file, TEXT + keys.map(({ bytes }) => `${Buffer.from(bytes).toString("base64url")}\n`).join(""));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(fresh, path);
  syncNames(directory);
}
