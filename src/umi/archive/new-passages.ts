import type { Clock, Instant } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { type ArchiveId, newId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Random } from "../../core/random.ts";
import { wellFormed } from "../../core/text.ts";
import type { KeyedVectors } from "../vectors/quick-vectors.ts";
import type { Passage, PassageStore } from "./passage.ts";

/** Letta's limit is 8,192 tokens; no tokenizer makes more of so many characters of English. */
const PASSAGE_CHARS_MAX = 32_768;
/** Tags of one passage. */
const TAGS_MAX = 1_000;

/** A passage as somebody asks for it. */
export interface PassageDraft {
  readonly text: string;
  readonly tags?: readonly string[] | null;
  readonly metadata?: JsonObject;
  /** Now when absent. */
  readonly createdAt?: Instant;
}

/** Where new passages go, who brings them, and what makes their ids and times. */
export interface PassageSources {
  readonly archiveId: ArchiveId;
  readonly userId: string;
  readonly clock: Pick<Clock, "now">;
  readonly random: Random;
  /** Vectors of the drafts' texts, in their order, where somebody has them. */
  readonly known?: KeyedVectors | undefined;
}

/**
 * Stores passages of one archive, whoever asks for it. Each is stored as {@link checkedDraft} leaves it. An agent's prompt
 * counts its passages: who has one compiles it again.
 */
export async function addPassages(
  passages: Pick<PassageStore, "insert">,
  drafts: readonly PassageDraft[],
  { archiveId, userId, clock, random, known }: PassageSources,
): Promise<readonly Passage[]> {
  const now = clock.now();
  const made = drafts.map(checkedDraft).map(
    ({ text, tags = null, metadata = {}, createdAt = now }): Passage => ({
      id: newId("passage", random),
      archiveId,
      text,
      tags,
      metadata,
      createdAt,
      updatedAt: now,
      createdById: userId,
    }),
  );
  await passages.insert(made, known);
  return made;
}

/** The draft with each tag once, and without what no store takes; throws a `refused` Failure when it is too long. */
export function checkedDraft(draft: PassageDraft): PassageDraft {
  const text = wellFormed(draft.text);
  const tags = draft.tags && [...new Set(draft.tags.map(wellFormed))];
  if (text.length > PASSAGE_CHARS_MAX)
    throw new Failure("refused", `text: a passage holds ${PASSAGE_CHARS_MAX} characters, got ${text.length}; split it`);
  if (tags != null && tags.length > TAGS_MAX)
    throw new Failure("refused", `tags: a passage has ${TAGS_MAX} tags at most, got ${tags.length}`);
  return { ...draft, text, ...(tags === undefined ? {} : { tags }) };
}
