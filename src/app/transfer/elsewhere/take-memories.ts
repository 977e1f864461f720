import type { Agent } from "../../../agent/agent.ts";
import type { ImportReport } from "../report.ts";
import { reasonOf } from "../unusable-row.ts";
import type { StatedMemory } from "./piece.ts";
import { requireStorable, storeMemories } from "./store-memories.ts";
import { type ElsewhereImport, recipientOf } from "./work.ts";

/** Memories that wait to be stored together. */
const WAITING_MAX = 200;

/** Stores memories, many at once, and accounts for each. */
export function createMemoryTaking(work: ElsewhereImport, report: ImportReport) {
  let waiting = new Map<Agent, StatedMemory[]>();
  let count = 0;

  async function flush(): Promise<void> {
    const all = waiting;
    [waiting, count] = [new Map(), 0];
    for (const [agent, memories] of all) {
      work.check();
      const fresh = await storeMemories(work, agent, memories);
      for (const memory of memories) report[fresh.has(memory) ? "taken" : "known"](memory.table);
    }
  }

  return {
    async take(user: string | null, memory: StatedMemory): Promise<void> {
      report.found(memory.table);
      try {
        requireStorable(memory);
      } catch (error) {
        report.left(memory.table, reasonOf(error));
        return;
      }
      const filled = await recipientOf(work, user);
      if (typeof filled === "string") return report.left(memory.table, filled);
      const list = waiting.get(filled.agent) ?? [];
      list.push(memory);
      waiting.set(filled.agent, list);
      count++;
      if (count >= WAITING_MAX) await flush();
    },
    flush,
  };
}
