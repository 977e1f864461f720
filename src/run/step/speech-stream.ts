import type { DeltaTarget, TurnEvent } from "../../agent/events.ts";
import { createArgumentReader } from "./argument-reader.ts";
import { type SpeakingTool, type Speech, THINKING } from "./speech.ts";

/** Takes the events of one reply. */
export type Emit = (event: TurnEvent) => void;

/**
 * Deltas as agents that talk by tool mean them: the thought inside a call's arguments is reasoning, and what the
 * speaking tool says is the reply. Everything else of the call is left to the message that follows.
 *
 * The thought comes first in what is stored, so speech waits for it, and is not streamed when there is none.
 */
export function speechStream(speech: Speech, speakingTool: SpeakingTool | null, emit: Emit): Emit {
  if (!speech.isByTool) return emit;
  let callId: string | undefined;
  let isSpeaking = false;
  let isSilent = false;
  let hasThought = !speech.thinksInArguments;
  let heldBack = "";
  let target: DeltaTarget | undefined;
  const reader = createArgumentReader((key, text) => {
    if (target === undefined) return;
    if (key === THINKING && speech.thinksInArguments) {
      hasThought = true;
      emit({ kind: "reasoning_delta", text, isNative: false, ...target });
    } else if (key === speakingTool?.argument && isSpeaking) {
      heldBack += text;
      if (!hasThought) return;
      emit({ kind: "text_delta", text: heldBack, ...target });
      heldBack = "";
    }
  });

  return (event) => {
    if (event.kind === "text_delta") {
      // Text beside a call is thought, too. Where both are, the whole messages tell them apart.
      if (speech.thinksInArguments) isSilent = true;
      else emit({ ...event, kind: "reasoning_delta", isNative: false });
    } else if (event.kind === "reasoning_delta") {
      emit(event);
    } else if (event.kind === "tool_call_start") {
      // One call is heard; its approval, if it needs one, is asked for in a message of its own.
      callId ??= event.id;
      if (event.id !== callId) return;
      isSilent ||= event.asksApproval;
      isSpeaking = event.name === speakingTool?.name;
    } else if (event.kind === "tool_call_delta" && event.id === callId && !isSilent) {
      const { messageId, stepId } = event;
      target = { messageId, stepId };
      reader.feed(event.text);
    }
  };
}
