import type { Delta, RunEvent, TurnEvent } from "../../agent/events.ts";
import type { Clock, Instant } from "../../core/clock.ts";

/**
 * Makes a function that gives the events of a run, in order, what makes them readable by themselves: when they happened,
 * and which piece of its message each delta belongs to. A new piece begins whenever the kind of delta changes.
 */
export function createPlacer(clock: Clock): (event: TurnEvent) => RunEvent {
  let messageId = "";
  let kind = "";
  let pieces = 0;
  let begunAt: Instant;

  /** Moves on to the piece that this delta belongs to, and gives its number. */
  function turnTo(event: Delta): number {
    const kindNow = kindOf(event);
    if (event.messageId !== messageId) {
      messageId = event.messageId;
      kind = "";
      pieces = 0;
      begunAt = clock.now();
    }
    // The pieces are numbered as in the stored message, where no text stands before this thought.
    if (event.kind === "reasoning_delta" && event.takesBack === true) pieces = 0;
    if (kindNow !== kind) pieces++;
    // What follows a signature is another thought.
    kind = event.kind === "reasoning_delta" && event.signature !== undefined ? "" : kindNow;
    return pieces - 1;
  }

  return (event) => {
    if (isDelta(event)) return { ...event, pieces: turnTo(event), at: begunAt };
    if (event.kind !== "message" || !event.wasStreamed) return { at: clock.now(), ...event };
    return { ...event, pieces: event.message.id === messageId ? pieces : 0, at: clock.now() };
  };
}

function isDelta(event: TurnEvent): event is Delta {
  return "messageId" in event;
}

function kindOf(event: Delta): string {
  if (event.kind === "text_delta") return "text";
  if (event.kind === "reasoning_delta") return event.isNative ? "thought" : "inner";
  return event.asksApproval ? "request" : "call";
}
