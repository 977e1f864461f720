import type { Instant } from "../core/clock.ts";
import type { AgentId, ConversationId, MessageId, RunId, StepId } from "../core/id.ts";
import type { InputPart, OutputPart, ToolCall } from "../llm/model.ts";
import type { ShownBlock } from "../umi/core/block-version.ts";

/** Who speaks in a stored message. `approval` asks for or answers an approval; `summary` stands for evicted ones. */
export type MessageRole = "system" | "user" | "assistant" | "tool" | "approval" | "summary";

/** Messages that one context may hold. Of a longer one only the system message and the newest are read. */
export const CONTEXT_MESSAGES_MAX = 20_000;

/** A piece of a stored message. */
export type ContentPart = InputPart | OutputPart;

/**
 * What a tool answered. `response` is what the model reads: JSON `{"status","message","time"}`, as Letta packs it,
 * so that exports and imports keep every byte. `parts` is there when a client answered with a list, which may hold
 * images; then `response` only names these, and the model reads the parts.
 */
export interface ToolReturn {
  readonly toolCallId: string;
  readonly name: string;
  readonly status: "success" | "error";
  readonly response: string;
  readonly parts?: readonly InputPart[];
  readonly stdout: readonly string[] | null;
  readonly stderr: readonly string[] | null;
}

/** A person's or client's answer to one tool call that asked for it. */
export type Approval =
  | {
      readonly type: "approval";
      readonly toolCallId: string;
      readonly approve: boolean;
      readonly reason: string | null;
    }
  | {
      readonly type: "tool";
      readonly toolCallId: string;
      readonly status: "success" | "error";
      readonly text: string;
      /** The answer as a list, where the client gave one; `text` is what it says in words. */
      readonly parts?: readonly InputPart[];
      readonly stdout: readonly string[] | null;
      readonly stderr: readonly string[] | null;
    };

/**
 * One turn of a conversation, as it is stored. On the wire one message may become several. Only a compiled system message
 * changes, and what answers the calls of a reply grows until each has its answer.
 */
export interface Message {
  readonly id: MessageId;
  readonly agentId: AgentId;
  /** Null for the agent's own (default) conversation. */
  readonly conversationId: ConversationId | null;
  readonly role: MessageRole;
  readonly content: readonly ContentPart[];
  readonly toolCalls: readonly ToolCall[];
  readonly toolReturns: readonly ToolReturn[];
  readonly approvals: readonly Approval[];
  readonly name: string | null;
  readonly model: string | null;
  readonly otid: string | null;
  readonly senderId: string | null;
  readonly groupId: string | null;
  readonly stepId: StepId | null;
  readonly runId: RunId | null;
  /**
   * Whether it gave way to the same sent again, or a provider refused it: then it is in no context, or stays there without
   * what was refused (see `asShown`).
   */
  readonly isError: boolean | null;
  /** The blocks that a compiled system message shows; null of all others, and where nobody noted it. */
  readonly blocksShown: readonly ShownBlock[] | null;
  readonly createdAt: Instant;
}

/** The text of a system message, and the blocks that it shows. */
export interface CompiledPrompt extends Pick<Message, "blocksShown"> {
  readonly text: string;
}

/** A message that a provider refused, and whether it stays in the context, without what was refused. */
export interface RefusedMessage {
  readonly id: MessageId;
  readonly isKept: boolean;
}

/** Whether a message brings an image, in its own words or in the answer to a call. */
export function hasImage({ content, toolReturns, approvals }: Message): boolean {
  const answers = [...toolReturns, ...approvals].flatMap((answer) => ("parts" in answer ? (answer.parts ?? []) : []));
  return [...content, ...answers].some((part) => part.type === "image");
}

/** All text of a message, its parts joined by line breaks. */
export function textOf(message: Pick<Message, "content">): string {
  return message.content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
}
