import type { Message, RefusedMessage } from "../../agent/message.ts";
import type { Repositories, ThreadId } from "../../agent/ports/ports.ts";
import type { MessageId } from "../../core/id.ts";
import type { ModelFailure } from "../../llm/failure.ts";

/** What goes out of a context because a provider refused it; stored with the next commit. */
export interface SetAside {
  readonly refused: readonly RefusedMessage[];
  /** Where the context begins from now on, and the note that stands for what was before; null where it begins as it did. */
  readonly beginning: { readonly firstKept: MessageId; readonly note: Message } | null;
}

/** Nothing goes out. */
export const NOTHING_ASIDE: SetAside = { refused: [], beginning: null };

/** A context that is tried in place of one that was refused. */
export interface Attempt {
  readonly context: readonly Message[];
  readonly aside: SetAside;
  /** Whether what memory holds is shown too. */
  readonly recalls: boolean;
}

/** A step whose request was refused, while it is tried with less. */
export interface Refusal {
  /** What the provider said first. */
  readonly failure: ModelFailure;
  /** The context as it was. */
  readonly context: readonly Message[];
  /** What is still to be tried. */
  readonly left: readonly Attempt[];
}

/** Stores what goes out of a thread's context. */
export async function setAside(
  { messages }: Pick<Repositories, "messages">,
  threadId: ThreadId,
  { refused, beginning }: SetAside,
): Promise<void> {
  if (refused.length > 0) await messages.refuse(threadId, refused);
  if (beginning !== null) await messages.evict(threadId, beginning.firstKept, beginning.note);
}
