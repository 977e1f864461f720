import { parseId } from "../core/id.ts";
import type { WorkPiece } from "./backlog-work.ts";
import type { Store } from "./ports.ts";

/** Passages that one piece of work indexes: it is one transaction, for which others wait. */
const PIECE_PASSAGES_MAX = 128;

/** The work `index`: makes entries of an archive's passages that were stored when there was no index yet. */
export function passageWork(store: Store): WorkPiece {
  return async ({ actor, space }) => {
    const archiveId = parseId("archive", space);
    if (archiveId === undefined) return { state: "done" };
    const count = await store.write(actor, ({ passages }) => passages.indexMissing(archiveId, PIECE_PASSAGES_MAX));
    return { state: count < PIECE_PASSAGES_MAX ? "done" : "more" };
  };
}
