import type { Repositories, Store, WaitingWork } from "../../agent/ports/ports.ts";
import { parseId } from "../../core/id.ts";
import { ModelFailure } from "../../llm/failure.ts";

/** Tries after which files are said to have failed. */
const TRIES_TOLD = 4;

/** Tells the files of a space how far their vectors have come; of a space that is no folder's, nobody. */
export interface FileVectors {
  /** Notes the vectors that there are by now of this model; null is of none, for which no file waits. */
  note(model: string | null, repositories?: Pick<Repositories, "files">): Promise<void>;
  /** Says why there are none. After some tries files wait no longer; once it is right again they get them. */
  failed(error: unknown, tries?: number): Promise<void>;
}

/** {@link FileVectors} of the space that is worked on. */
export function fileVectors(store: Store, { actor, space }: Pick<WaitingWork, "actor" | "space">): FileVectors {
  const folderId = parseId("source", space);
  if (folderId === undefined) return { note: async () => {}, failed: async () => {} };
  return {
    async note(model, repositories) {
      if (repositories !== undefined) await repositories.files.noteEmbedded(folderId, model);
      else await store.write(actor, ({ files }) => files.noteEmbedded(folderId, model));
    },
    async failed(error, tries = TRIES_TOLD) {
      const message = `Found by its words only, as it has no vectors yet: ${messageOf(error)}`;
      await store.write(actor, ({ files }) => files.noteEmbeddingFailed(folderId, message, tries >= TRIES_TOLD));
    },
  };
}

function messageOf(error: unknown): string {
  if (error instanceof ModelFailure) return error.detail;
  return error instanceof Error ? error.message : String(error);
}
