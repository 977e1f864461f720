import { createHash } from "node:crypto";
import { type Id, requireId } from "../../../core/id.ts";

/** The id that something of elsewhere always has here: of the same parts comes the same id, so that twice is once. */
export function derivedId<K extends string>(kind: K, parts: readonly string[]): Id<K> {
  const hex = createHash("sha256")
    .update(JSON.stringify([kind, ...parts]))
    .digest("hex");
  const variant = "89ab"[Number.parseInt(hex.charAt(16), 16) % 4];
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return requireId(kind, `${kind}-${uuid}`);
}
