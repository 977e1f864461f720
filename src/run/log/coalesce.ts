import type { TurnEvent } from "../../agent/events.ts";

/**
 * Makes a function that joins neighbouring deltas of the same kind and message. The first of a message stays alone, so
 * that it leaves at once and a reply never comes in one piece.
 */
export function createCoalescer(): (events: readonly TurnEvent[]) => readonly TurnEvent[] {
  let begun: TurnEvent | undefined;
  return (events) => {
    const joined: TurnEvent[] = [];
    let last: TurnEvent | undefined;
    for (const event of events) {
      const goesOn = begun !== undefined && areJoinable(begun, event);
      if (last !== undefined && goesOn && "text" in last && "text" in event) {
        last = { ...event, text: last.text + event.text };
        joined[joined.length - 1] = last;
        begun = event;
        continue;
      }
      // Nothing is joined to the first of its kind.
      last = goesOn ? event : undefined;
      begun = event;
      joined.push(event);
    }
    return joined;
  };
}

/** Whether two events are deltas of one kind and message, or of one tool call. */
function areJoinable(left: TurnEvent, right: TurnEvent): boolean {
  // A signature is the end of a thought.
  if (left.kind === "reasoning_delta" && left.signature !== undefined) return false;
  if (left.kind === "text_delta" || left.kind === "reasoning_delta")
    return right.kind === left.kind && right.messageId === left.messageId;
  return left.kind === "tool_call_delta" && right.kind === "tool_call_delta" && right.id === left.id;
}
