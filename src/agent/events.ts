import type { Instant } from "../core/clock.ts";
import type { BlockId, MessageId, PassageId, RunId, StepId } from "../core/id.ts";
import type { Usage } from "../llm/model.ts";
import type { Message } from "./message.ts";
import type { StopReason } from "./run.ts";

/** Where a delta belongs: the message it will be part of, which is stored when the step ends. */
export interface DeltaTarget {
  readonly messageId: MessageId;
  readonly stepId: StepId;
}

/**
 * What a run used, over all its steps. `contextTokens` is the size of the last call, null where it is not tracked;
 * `runIds` are the runs in which other agents will read of this one, if any.
 */
export interface RunUsage extends Usage {
  readonly stepCount: number;
  readonly contextTokens: number | null;
  readonly runIds: readonly RunId[] | null;
}

/** What went wrong, in the words clients know. */
export interface TurnError {
  readonly type: string;
  readonly message: string;
  readonly detail: string;
}

/** A compaction begins. When it has ended, `compacted` says by what summary the older messages were replaced. */
export interface Compacting {
  readonly kind: "compacting";
  readonly id: string;
  readonly runId: RunId;
  readonly stepId: StepId | null;
  readonly trigger: string;
  readonly contextTokens: number;
  readonly contextWindow: number;
}

/** A part of what a model says, as it comes. */
export type Delta =
  | ({ readonly kind: "text_delta"; readonly text: string } & DeltaTarget)
  | ({
      readonly kind: "reasoning_delta";
      readonly text: string;
      readonly isNative: boolean;
      readonly signature?: string;
      /** It holds once more what text deltas told before it, which is no text but this thought. */
      readonly takesBack?: boolean;
    } & DeltaTarget)
  | ({
      readonly kind: "tool_call_start";
      readonly id: string;
      readonly name: string;
      readonly asksApproval: boolean;
    } & DeltaTarget)
  | ({
      readonly kind: "tool_call_delta";
      readonly id: string;
      readonly text: string;
      readonly asksApproval: boolean;
    } & DeltaTarget);

/** A message was stored. Of one that was streamed, deltas told all, or of agents that talk by tool what they thought and said. */
export interface Said {
  readonly kind: "message";
  readonly message: Message;
  readonly wasStreamed: boolean;
}

/** A run's end. */
export interface Ended {
  readonly kind: "ended";
  readonly stopReason: StopReason;
  readonly usage: RunUsage;
  readonly error: TurnError | null;
}

/** What is known of a run besides what it says: told to who watches it, and no part of any conversation. */
export type Note =
  | { readonly kind: "run.continues" }
  | { readonly kind: "step.started"; readonly stepId: StepId; readonly model: string }
  | {
      readonly kind: "step.ended";
      readonly stepId: StepId;
      readonly usage: Usage | null;
      /** How long the model took, in milliseconds; null where it is not known. */
      readonly modelMs: number | null;
      readonly stop: StopReason | null;
    }
  /** The step is tried again, at once: with less, or in a context that was made shorter. */
  | { readonly kind: "retry"; readonly stepId: StepId; readonly why: string; readonly afterMs: number }
  | { readonly kind: "tool.started"; readonly call: string; readonly name: string; readonly at: Instant }
  /** What a tool that is at work says of how far it is; no part of its answer. */
  | { readonly kind: "tool.progress"; readonly call: string; readonly text: string; readonly at: Instant }
  | {
      readonly kind: "tool.ended";
      readonly call: string;
      readonly ok: boolean;
      readonly ms: number;
      readonly at: Instant;
    }
  | { readonly kind: "memory.recalled"; readonly chars: number }
  | { readonly kind: "memory.changed"; readonly call: string; readonly changes: readonly MemoryChange[] }
  | { readonly kind: "approval.asked"; readonly calls: readonly string[]; readonly dueAt: Instant | null }
  | { readonly kind: "approval.answered"; readonly answers: readonly ApprovalAnswer[] };

/** What a call did to memory, in a word. What is in it stands where memory is kept. A removed block may live on elsewhere. */
export type MemoryChange =
  | {
      readonly what: "block";
      readonly id: BlockId;
      readonly label: string;
      readonly version: number;
      readonly how: "added" | "edited" | "removed";
    }
  | { readonly what: "passage"; readonly id: PassageId; readonly how: "added" | "removed" };

/** What a call that waited was answered with: leave to run, a refusal, or what it returned elsewhere. */
export interface ApprovalAnswer {
  readonly call: string;
  readonly verdict: "approved" | "denied" | "returned";
}

/** A run has begun: its input is stored. */
export interface Started {
  readonly kind: "started";
  readonly runId: RunId;
  readonly at: Instant;
}

/** What happens during a run, in order. Deltas come only when tokens were asked for. Exactly one `ended` comes last. */
export type TurnEvent =
  | Started
  | Delta
  | Said
  | Compacting
  | { readonly kind: "compacted"; readonly summary: Message }
  | Note
  | Ended;

/**
 * An event as a run's log has it: what any face shows of it follows from it alone. `at` is when it happened, of a delta
 * when its message began. `pieces` is, of a delta, how many pieces of its message came before the one it belongs to; of
 * a message, how many its deltas told: thoughts, texts and calls are pieces, in the order they stand in the message.
 */
export type RunEvent = TurnEvent & { readonly at: Instant; readonly pieces?: number };
