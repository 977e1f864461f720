import { z } from "zod";
import { ask, type Connection } from "../terminal/connection.ts";
import type { Listing } from "../terminal/listings.ts";

const SealingShape = z.looseObject({
  key_ids: z.array(z.string()),
  total: z.number(),
  older: z.number(),
  unreadable: z.array(z.looseObject({ owner_id: z.string(), name: z.string() })),
});
const RotatedShape = SealingShape.extend({
  resealed: z.number(),
  broken: z.number(),
  dropped_key_ids: z.array(z.string()),
});

/** `selkie secrets`: how secrets are sealed, and another key for them. */
export async function secretAction(connection: Connection, action: string): Promise<Listing> {
  if (action === "list") {
    const sealing = await ask(connection, { path: "/v1/secrets", shape: SealingShape });
    const { unreadable, key_ids: keys, total } = sealing;
    const rows = unreadable.map(({ owner_id: owner, name }) => [name, owner, "cannot be read"]);
    const by = keys[0] === undefined ? "There is no key yet" : `The key ${keys[0]} seals new ones`;
    return { rows, remark: `${counted(total)}. ${by}.`, json: sealing };
  }
  const rotated = await ask(connection, { path: "/v1/secrets/rotate", shape: RotatedShape, method: "POST" });
  const { resealed, key_ids: keys, unreadable, broken, dropped_key_ids: dropped } = rotated;
  const lost = unreadable.length + broken;
  const parts = [
    `${counted(resealed)} sealed anew by the key ${keys[0] ?? "none"}.`,
    dropped.length === 0 ? "" : `${dropped.join(", ")} opens nothing here any more; copies made before still need it.`,
    lost === 0 ? "" : `${counted(lost)} could not be read and stayed as they are ('selkie secrets' names some).`,
  ];
  return { rows: [], remark: parts.filter((part) => part !== "").join(" "), json: rotated };
}

function counted(count: number): string {
  return `${count} secret${count === 1 ? "" : "s"}`;
}
