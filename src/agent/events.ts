import type { Instant } from "../core/clock.ts";
import type { MessageId, RunId, StepId } from "../core/id.ts";
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

/** What happens during a run, in order. Deltas come only when tokens were asked for. Exactly one `ended` comes last. */
export type TurnEvent =
  | { readonly kind: "started"; readonly runId: RunId }
  | Delta
  | Said
  | Compacting
  | { readonly kind: "compacted"; readonly summary: Message }
  | Ended;

/**
 * An event as a run's log has it: what any face shows of it follows from it alone. `at` is when it happened, of a delta
 * when its message began. `pieces` is, of a delta, how many pieces of its message came before the one it belongs to; of
 * a message, how many its deltas told: thoughts, texts and calls are pieces, in the order they stand in the message.
 */
export type RunEvent = TurnEvent & { readonly at: Instant; readonly pieces?: number };
