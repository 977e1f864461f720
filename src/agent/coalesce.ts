import type { TurnEvent } from "./events.ts";

/**
 * Makes a function that joins neighbouring deltas of the same kind and message. The first of a message stays alone, so
 * that it leaves at once and a reply never comes in one piece.
 */
export function createCoalescer(): (events: readonly TurnEvent[]) => readonly TurnEvent[] {
  let begun = "";
  return (events) => {
    const joined: TurnEvent[] = [];
    let isFirst = false;
    for (const event of events) {
      const last = joined.at(-1);
      const whole = last === undefined || isFirst ? undefined : joinDeltas(last, event);
      isFirst = false;
      if (whole !== undefined) {
        joined[joined.length - 1] = whole;
        continue;
      }
      const name = deltaName(event);
      isFirst = name !== undefined && name !== begun;
      begun = name ?? "";
      joined.push(event);
    }
    return joined;
  };
}

/** What deltas must share to be joined; undefined for other events. */
function deltaName(event: TurnEvent): string | undefined {
  if (event.type === "text_delta" || event.type === "reasoning_delta") return `${event.type} ${event.messageId}`;
  return event.type === "tool_call_delta" ? `${event.type} ${event.id}` : undefined;
}

function joinDeltas(left: TurnEvent, right: TurnEvent): TurnEvent | undefined {
  const name = deltaName(left);
  if (name === undefined || name !== deltaName(right) || !("text" in left) || !("text" in right)) return undefined;
  return { ...left, text: left.text + right.text };
}
