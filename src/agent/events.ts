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
  readonly type: "compacting";
  readonly id: string;
  readonly runId: RunId;
  readonly stepId: StepId | null;
  readonly trigger: string;
  readonly contextTokens: number;
  readonly contextWindow: number;
}

/**
 * What happens during a run, in order. Deltas come only when tokens were asked for; the `message` that follows them
 * says that it was streamed: wholly, or of agents that talk by tool what they thought and said. Exactly one `ended` comes last.
 */
export type TurnEvent =
  | { readonly type: "started"; readonly runId: RunId }
  | ({ readonly type: "text_delta"; readonly text: string } & DeltaTarget)
  | ({
      readonly type: "reasoning_delta";
      readonly text: string;
      readonly isNative: boolean;
      readonly signature?: string;
      /** It holds once more what text deltas told before it, which is no text but this thought. */
      readonly takesBack?: boolean;
    } & DeltaTarget)
  | ({
      readonly type: "tool_call_start";
      readonly id: string;
      readonly name: string;
      readonly asksApproval: boolean;
    } & DeltaTarget)
  | ({
      readonly type: "tool_call_delta";
      readonly id: string;
      readonly text: string;
      readonly asksApproval: boolean;
    } & DeltaTarget)
  | { readonly type: "message"; readonly message: Message; readonly wasStreamed: boolean }
  | Compacting
  | { readonly type: "compacted"; readonly summary: Message }
  | {
      readonly type: "ended";
      readonly stopReason: StopReason;
      readonly usage: RunUsage;
      readonly error: TurnError | null;
    };

/** Turns the events of one run into the texts that its stream carries: none, one or several each. */
export type EventEncoder = (event: TurnEvent) => readonly string[];
