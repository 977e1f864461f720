import type { AgentId, ConversationId, MessageId } from "../core/id.ts";
import type { ShownBlock } from "../umi/core/block-version.ts";
import type { ShownForm } from "../umi/core/value-places.ts";
import type { FactId } from "../umi/facts/kept/fact.ts";
import type { RefusedMessage } from "./message.ts";
import type { PluginId } from "./plugins/plugin.ts";

/**
 * Something of the agent's memory that was put beside what a user said: a fact, or an entry of what was said before. The
 * score is 0 to 1, comparable within one recall of one kind.
 */
export type RecalledItem =
  | { readonly kind: "fact"; readonly id: FactId; readonly score: number }
  | { readonly kind: "entry"; readonly id: string; readonly score: number };

/** What was recalled for a step, in the order in which it was shown. */
export interface RecalledItems {
  /** The time zone in which its days were told. */
  readonly timezone: string;
  readonly items: readonly RecalledItem[];
}

/**
 * The messages of a context, the system message aside: a summary, where there is one, and what stood in the thread from
 * `first` to `last` when `last` was the newest of it.
 */
export interface ShownMessages {
  readonly summary: MessageId | null;
  readonly first: MessageId | null;
  readonly last: MessageId | null;
  /** How many there are in all. */
  readonly count: number;
}

/** Characters of each part of a request, as it was sent; an image counts for some thousands. */
export interface PartChars {
  /** With the blocks. */
  readonly system: number;
  readonly tools: number;
  readonly recalled: number;
  readonly summary: number;
  readonly messages: number;
}

/** What a hook made of a step: it added a note before the model was asked, or had a call made otherwise or refused. */
export interface StepHook {
  readonly plugin: PluginId;
  readonly name: string;
  readonly did: "note" | "arguments" | "refused";
  /** The call that it is about; absent of a note. */
  readonly call?: string;
}

/** A model that did not answer a step, so that another one was asked. */
export interface StepTry {
  /** Its handle. */
  readonly model: string;
  /** Why, in a word. */
  readonly why: string;
  readonly message: string;
  /** It had failed a moment before, for that reason, and was not asked again. */
  readonly wasPassedOver: boolean;
}

/** What of a step's context is the same whether it is kept or was read again. */
interface StepManifest {
  /** The conversation, or the agent for its own one. */
  readonly threadId: AgentId | ConversationId;
  readonly messages: ShownMessages;
  /** What a provider had refused before it was sent this: left out, or shown without what was refused. */
  readonly aside: readonly RefusedMessage[];
  readonly chars: PartChars;
  /** The hooks that changed it. */
  readonly hooks: readonly StepHook[];
  /** The models that did not answer it before the one that did. */
  readonly tried: readonly StepTry[];
}

/** What a step sent to its model. */
export interface SentContext extends StepManifest {
  readonly system: string;
  /** The agent's own prompt, with which many system prompts begin. */
  readonly ownPrompt: string;
  readonly blocksShown: readonly ShownBlock[] | null;
  /** The schemas of the tools, as JSON. */
  readonly tools: string;
  /** Null where nothing was recalled. */
  readonly recalled: RecalledItems | null;
}

/** A piece of a system prompt: text, or the value of one of the blocks that it shows, by its place among them. */
export type PromptPiece = string | ({ readonly block: number } & ShownForm);

/** A system prompt as it is kept: the values of blocks are looked up. */
export interface KeptPrompt {
  /** A piece is null that is not kept any more. */
  readonly pieces: readonly (PromptPiece | null)[];
  readonly blocksShown: readonly ShownBlock[] | null;
  /** Characters of the values of the blocks. */
  readonly blockChars: number;
}

/** What is kept of what a step sent. Texts are null that went with the conversation. */
export interface KeptContext extends StepManifest {
  readonly prompt: KeptPrompt | null;
  /** JSON. */
  readonly tools: string | null;
  readonly recalled: RecalledItems | "gone" | null;
}
