import type { RunEvent } from "../../agent/events.ts";
import type { Message } from "../../agent/message.ts";
import type { MessageStore } from "../../agent/ports/ports.ts";
import type { StoredEvent } from "../../agent/ports/run-events.ts";
import type { Instant } from "../../core/clock.ts";
import type { MessageId } from "../../core/id.ts";

/** How events are written now. */
const VERSION = 1;
/** What ended a stream that an older version wrote. */
const OLD_END = "data: [DONE]\n\n";

/** What an older version left of an event: the frame of Letta's stream that it was told by. No other face can show it. */
export interface OldFrame {
  readonly kind: "frame";
  readonly text: string;
}

/** A message that was deleted since: its event keeps its number, and nothing of it is shown. */
export interface Forgotten {
  readonly kind: "forgotten";
}

/** One numbered event of a run's log. */
export interface LoggedEvent {
  readonly seqId: number;
  /** How many frames of Letta's stream the events before it are, as the run's own request wants them. */
  readonly framesBefore: number;
  readonly event: RunEvent | OldFrame | Forgotten;
}

/** Where an event belongs in its log. */
export type LogPlace = Pick<LoggedEvent, "seqId" | "framesBefore">;

/** Where every log begins. */
export const LOG_START: LogPlace = { seqId: 1, framesBefore: 0 };

/** How many frames of Letta's stream an event of some run is. */
export type CountFrames = (event: RunEvent) => number;

/** An event that is about to be stored. */
export interface NewEvent extends LoggedEvent {
  readonly event: RunEvent;
}

/** A message is kept where messages are; its event only names it. */
type Body =
  | Exclude<RunEvent, { readonly kind: "message" | "compacted" }>
  | {
      readonly kind: "message" | "compacted";
      readonly message: MessageId;
      readonly wasStreamed?: boolean;
      readonly pieces?: number;
      readonly at: Instant;
    };

/** Whether nothing comes after it. */
export function isLast({ event }: LoggedEvent): boolean {
  return event.kind === "ended" || (event.kind === "frame" && event.text === OLD_END);
}

/** Numbers events, the first of which belongs at `place`, and gives where the next belongs. */
export function numberedAll(
  events: readonly RunEvent[],
  place: LogPlace,
  frames: CountFrames,
): readonly [readonly NewEvent[], LogPlace] {
  let { seqId, framesBefore } = place;
  const made = events.map((event) => {
    const one = { seqId, framesBefore, event };
    seqId++;
    framesBefore += frames(event);
    return one;
  });
  return [made, { seqId, framesBefore }];
}

/** An event as it is stored. */
export function toStored({ framesBefore, event }: NewEvent): StoredEvent {
  return { framesBefore, data: JSON.stringify({ v: VERSION, ...bodyOf(event) }) };
}

function bodyOf(event: RunEvent): Body {
  if (event.kind === "message") return { ...event, message: event.message.id };
  if (event.kind !== "compacted") return event;
  return { kind: "compacted", message: event.summary.id, at: event.at };
}

/** Stored events as they were, their messages read together. */
export async function fromStored(
  { messages }: { readonly messages: Pick<MessageStore, "findAll"> },
  rows: readonly (StoredEvent & { readonly seqId: number })[],
): Promise<readonly LoggedEvent[]> {
  const bodies = rows.map(({ data }) => (data.startsWith("{") ? (JSON.parse(data) as Body) : null));
  const ids = bodies.flatMap((body) => (body !== null && "message" in body ? [body.message] : []));
  const found = ids.length === 0 ? [] : await messages.findAll([...new Set(ids)]);
  const byId = new Map(found.map((message) => [message.id, message]));
  return rows.map(({ seqId, framesBefore, data }, index) => ({
    seqId,
    framesBefore,
    event: eventOf(bodies[index] ?? null, data, byId),
  }));
}

function eventOf(body: Body | null, data: string, messages: ReadonlyMap<MessageId, Message>): LoggedEvent["event"] {
  if (body === null) return { kind: "frame", text: data };
  if (!("message" in body)) return body;
  const found = messages.get(body.message);
  if (found === undefined) return { kind: "forgotten" };
  // What a provider thought of it later is no part of what happened then.
  const message = { ...found, isError: null };
  const { kind, at, wasStreamed = false, pieces } = body;
  if (kind === "compacted") return { kind, summary: message, at };
  return { kind, message, wasStreamed, at, ...(pieces === undefined ? {} : { pieces }) };
}
