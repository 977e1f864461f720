import type { JsonObject } from "../../core/json.ts";
import { sha256 } from "../../core/sha256.ts";

/** What is said of a field that opens something: not even its hash. */
const MASK = "***";
/** Fields that open something, or could be guessed by their hash. */
const SECRET = /secret|password|token(?:hash)?$|codehash|replacedhash/i;
/** Fields that change with every change. */
const ALWAYS: ReadonlySet<string> = new Set(["updatedAt", "lastUpdatedById", "lastUsedAt", "lastUsedIp"]);
/** Characters of a hash: enough to tell whether two texts are the same, and no key to anything. */
const HASH_CHARS = 16;

/** The fields in which two rows differ, each with a hash of what it holds now: that tells what a text was to who has it. */
export function changedFields(before: object | undefined, after: object): JsonObject {
  const old = new Map(Object.entries(before ?? {}));
  const changed = Object.entries(after).flatMap(([field, value]): readonly (readonly [string, string])[] => {
    const text = JSON.stringify(value) ?? "";
    if (ALWAYS.has(field) || text === (JSON.stringify(old.get(field)) ?? "")) return [];
    return [[field, SECRET.test(field) ? MASK : sha256(text).slice(0, HASH_CHARS)]];
  });
  return Object.fromEntries(changed);
}
