import { isRecord, type JsonObject } from "../../../core/json.ts";
import { UnusableRow } from "../unusable-row.ts";
import type { Piece } from "./piece.ts";
import { timeOf, wordsOf } from "./talk.ts";

/** Fields that say whose a memory is, and are kept with it. */
const KEPT = ["user_id", "agent_id", "app_id", "run_id", "actor_id", "hash", "expiration_date"];

/** A memory of mem0: a sentence with the time at which it was written down. mem0 does not say since when it holds. */
export function readMem0(list: string | null, value: unknown): Piece {
  if (list === "relations")
    return { kind: "left", table: "relations", reason: "edges of mem0's graph have no time and no sentence" };
  if (!isRecord(value)) throw new UnusableRow("it is no memory");
  const sourceId = wordsOf(value["id"]);
  const text = wordsOf(value["memory"]) ?? wordsOf(value["data"]) ?? wordsOf(value["text"]);
  if (sourceId === null || text === null) throw new UnusableRow("it has no id, or no words");
  const metadata = isRecord(value["metadata"]) ? (value["metadata"] as JsonObject) : {};
  const whose = KEPT.flatMap((key) => {
    const told = value[key];
    return typeof told === "string" ? [[key, told] as const] : [];
  });
  const categories = Array.isArray(value["categories"]) ? value["categories"].flatMap((one) => wordsOf(one) ?? []) : [];
  return {
    kind: "memory",
    user: wordsOf(value["user_id"]),
    memory: {
      table: "memories",
      sourceId,
      text,
      tags: ["mem0", ...categories],
      metadata: { ...metadata, ...Object.fromEntries(whose), source: "mem0", source_id: sourceId },
      createdAt: timeOf(value["created_at"]),
      updatedAt: timeOf(value["updated_at"]),
      valid: null,
    },
  };
}
