import type { Store } from "../../agent/ports/ports.ts";
import { parseId } from "../../core/id.ts";
import type { WorkPiece } from "./backlog-work.ts";

/** Texts that one piece of work indexes: it is one transaction, for which others wait. */
const PIECE_TEXTS_MAX = 128;

/** The work `index`: makes entries of passages and messages that were stored when there was no index yet. */
export function indexWork(store: Store): WorkPiece {
  return async ({ actor, space }) => {
    const archiveId = parseId("archive", space);
    const agentId = parseId("agent", space);
    const count = await store.write(actor, async ({ passages, messages }) => {
      if (archiveId !== undefined) return passages.indexMissing(archiveId, PIECE_TEXTS_MAX);
      return agentId === undefined ? 0 : messages.indexMissing(agentId, PIECE_TEXTS_MAX);
    });
    return { state: count < PIECE_TEXTS_MAX ? "done" : "more" };
  };
}
