import type { MemoryChange, Note } from "../../agent/events.ts";
import { cut } from "../../core/text.ts";
import type { ToolCall } from "../../llm/model.ts";
import type { PassageStore } from "../../umi/archive/passage.ts";
import type { Block } from "../../umi/core/block.ts";
import type { BlockStore } from "../../umi/core/block-store.ts";
import type { BlockCause } from "../../umi/core/block-version.ts";
import type { CoreBlocks } from "../../umi/core/core-blocks.ts";
import type { Turn } from "./turn-state.ts";

/** A call that begins, and the moment of it. */
export interface BegunCall {
  readonly note: Note & { readonly kind: "tool.started" };
  /** By the elapsed clock: the wall clock may be set back while a tool runs. */
  readonly ms: number;
}

/** What is told of a call that begins now. */
export function startOf({ clock }: Pick<Turn, "clock">, { id: call, name }: ToolCall): BegunCall {
  return { note: { kind: "tool.started", call, name, at: clock.now() }, ms: clock.elapsedMs() };
}

/** What is told of a call that ends now. */
export function endNote({ clock }: Pick<Turn, "clock">, { note, ms }: BegunCall, ok: boolean): Note {
  return { kind: "tool.ended", call: note.call, ok, ms: clock.elapsedMs() - ms, at: clock.now() };
}

/** Time between two things that are told of how far one call is, and characters of each. What comes too soon is not told. */
const PROGRESS_MS = 500;
const PROGRESS_CHARS_MAX = 500;

/** Tells at once how far a call is, until it is `over`: who watches a long one sees that it goes on. */
export function progressOf({ clock, log }: Pick<Turn, "clock" | "log">, { id: call }: ToolCall) {
  let dueMs = Number.NEGATIVE_INFINITY;
  return {
    progress(text: string) {
      const nowMs = clock.elapsedMs();
      if (nowMs < dueMs) return;
      dueMs = nowMs + PROGRESS_MS;
      log.publish({ kind: "tool.progress", call, text: cut(text, PROGRESS_CHARS_MAX), at: clock.now() });
    },
    over() {
      dueMs = Number.POSITIVE_INFINITY;
    },
  };
}

/** What one call changed in memory so far, by the id of what it changed. */
export type MemoryChanges = Map<string, MemoryChange>;

/** The blocks as they are, whose versions tell what made them. */
export function becauseOf(blocks: BlockStore, cause: BlockCause): BlockStore {
  const insert: BlockStore["insert"] = (block) => blocks.insert(block, cause);
  const save: BlockStore["save"] = (block) => blocks.save(block, cause);
  return { ...blocks, insert, save };
}

/** The blocks as they are, with whatever is changed through them put into `changes`. */
export function watchBlocks(blocks: CoreBlocks, changes: MemoryChanges): CoreBlocks {
  const keep = ({ id, label, version }: Block, how: MemoryChange["how"]) => {
    // What a call added stays added, however often it edits that.
    const isNew = how === "edited" && changes.get(id)?.how === "added";
    changes.set(id, { what: "block", id, label, version, how: isNew ? "added" : how });
  };
  return {
    ...blocks,
    async insert(block) {
      await blocks.insert(block);
      keep(block, "added");
    },
    async save(block) {
      await blocks.save(block);
      keep(block, "edited");
    },
    async remove(block) {
      await blocks.remove(block);
      keep(block, "removed");
    },
  };
}

/** The passages as they are, with whatever is changed through them put into `changes`. */
export function watchPassages(passages: PassageStore, changes: MemoryChanges): PassageStore {
  return {
    ...passages,
    async insert(added, known) {
      await passages.insert(added, known);
      for (const { id } of added) changes.set(id, { what: "passage", id, how: "added" });
    },
    async remove(id) {
      await passages.remove(id);
      changes.set(id, { what: "passage", id, how: "removed" });
    },
  };
}
