import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import { ask, type Connection, refused, unreachable } from "./connection.ts";
import { DONE, eventsOf } from "./event-stream.ts";
import { type Call, callsOf, joined, type MessageView, textOf } from "./shapes.ts";

/** Waits before a lost server is asked again, about a minute in all. When they are used up, the person decides. */
const RETRY_WAITS_MS: readonly number[] = [500, 1_000, 2_000, ...new Array<number>(20).fill(3_000)];
/** How long a cancelled run gets to say its end. */
const CANCEL_MS = 5_000;

/** Which conversation of which agent; null is the agent's own. */
export interface Place {
  readonly agentId: string;
  readonly conversationId: string | null;
}

/** What is sent to an agent: words, or answers to what it asked. */
export type TurnInput =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "approvals"; readonly approvals: readonly Approval[] };

/** An answer to one tool call that waits for it. */
export interface Approval {
  readonly callId: string;
  readonly approve: boolean;
  readonly reason: string | null;
}

/** Hears what happens in a turn. */
export interface TurnListener {
  /** One event, as the API streams it. */
  readonly event: (event: MessageView) => void;
  /** The server was lost; it is asked again. */
  readonly lost: (sentence: string) => void;
  /** It answers again. */
  readonly found: () => void;
}

/** How a turn ended. */
export interface TurnEnd {
  readonly runId: string | null;
  readonly stopReason: string | null;
  readonly usage: MessageView | null;
  /** What the agent asks for before it goes on. */
  readonly pending: readonly Call[];
}

/** A turn under way. */
export interface Turn {
  readonly end: Promise<TurnEnd>;
  /** Ends the run on the server, and the turn with it. */
  cancel(): Promise<void>;
}

/** The path of a conversation, to which what is done with it is added. */
export function pathOf({ agentId, conversationId }: Place): string {
  return conversationId === null
    ? `/v1/agents/${encodeURIComponent(agentId)}`
    : `/v1/conversations/${encodeURIComponent(conversationId)}`;
}

/** Sends to an agent and follows its run to the end, also across a server that goes away and comes back. */
export function startTurn(
  connection: Connection,
  { place, input }: { readonly place: Place; readonly input: TurnInput },
  listener: TurnListener,
): Turn {
  const leaving = new AbortController();
  const progress: Progress = { runId: null, seqId: 0, stopReason: null, usage: null, calls: new Map() };
  // The same request again, told by the name of its message, is answered by the same run.
  const body = JSON.stringify({ messages: [messageOf(input)], ...STREAMED });
  const end = follow({ connection, place, body, listener, progress, signal: leaving.signal });
  return {
    end,
    async cancel() {
      const { agentId } = place;
      const named = progress.runId === null ? {} : { run_ids: [progress.runId] };
      const timer = setTimeout(() => leaving.abort(), CANCEL_MS);
      try {
        const path =
          progress.runId === null
            ? `${pathOf(place)}${place.conversationId === null ? "/messages" : ""}`
            : `/v1/agents/${agentId}/messages`;
        await ask(connection, { path: `${path}/cancel`, shape: z.unknown(), method: "POST", body: named });
        await end.catch(() => undefined);
      } catch (error) {
        // Nothing to cancel: the run has just ended, or never began.
        if (!(error instanceof Failure)) throw error;
        leaving.abort();
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/**
 * In the background a run goes on without its client, and its events are numbered: so a lost stream can be taken up
 * again.
 */
const STREAMED = { streaming: true, stream_tokens: true, include_pings: true, background: true };

function messageOf(input: TurnInput) {
  const otid = crypto.randomUUID();
  if (input.type === "text") return { role: "user", content: input.text, otid };
  const approvals = input.approvals.map(({ callId, approve, reason }) => ({
    type: "approval",
    tool_call_id: callId,
    approve,
    ...(reason === null ? {} : { reason }),
  }));
  return { type: "approval", approvals, otid };
}

/** What is known of a turn so far. */
interface Progress {
  runId: string | null;
  seqId: number;
  stopReason: string | null;
  usage: MessageView | null;
  readonly calls: Map<string, Call>;
}

interface Following {
  readonly connection: Connection;
  readonly place: Place;
  readonly body: string;
  readonly listener: TurnListener;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Reads a turn to its end, over as many connections as that takes. The message is sent again with the same otid until a
 * run has it, and never becomes two.
 */
async function follow(following: Following): Promise<TurnEnd> {
  const { listener, progress, signal } = following;
  let failures = 0;
  const answered = () => {
    if (failures > 0) listener.found();
    failures = 0;
  };
  while (!signal.aborted) {
    try {
      if (await readStream(following, answered)) break;
      throw new Error("the answer broke off");
    } catch (error) {
      if (!signal.aborted) await waitOrGiveUp(following, error, failures++);
    }
  }
  const pending = progress.stopReason === "requires_approval" ? [...progress.calls.values()] : [];
  const { runId, stopReason, usage } = progress;
  return { runId, stopReason: signal.aborted ? "cancelled" : stopReason, usage, pending };
}

/** Waits before a lost server is asked again; throws what asking again would not help. */
async function waitOrGiveUp(
  { connection, listener, signal }: Following,
  error: unknown,
  failures: number,
): Promise<void> {
  if (error instanceof Failure || connection.isOwn) throw error;
  const sentence = unreachable(connection.where, error);
  const waitMs = RETRY_WAITS_MS[failures];
  if (waitMs === undefined)
    throw new Failure("unavailable", `${sentence}. Given up; send it again once the server is back`, { cause: error });
  listener.lost(`${sentence}; trying again in ${waitMs / 1_000} s`);
  await pause(waitMs, signal);
}

/** Reads the run's stream from where it was left, and tells whether it came to its end. */
async function readStream(
  { connection, place, body, listener, progress, signal }: Following,
  answered: () => void,
): Promise<boolean> {
  const { runId, seqId } = progress;
  const response =
    runId === null
      ? await connection.call(`${pathOf(place)}/messages`, { method: "POST", body, signal })
      : await connection.call(`/v1/runs/${runId}/stream`, {
          method: "POST",
          body: JSON.stringify({ starting_after: seqId }),
          signal,
        });
  if (!response.ok) throw refused(response.status, await response.text());
  if (response.headers.get("content-type")?.includes("event-stream") !== true)
    throw new Failure(
      "refused",
      `${connection.where} does not stream its answers: it may be a server of another version`,
    );
  answered();
  for await (const event of eventsOf(response, signal)) {
    if (event === DONE) return true;
    note(progress, event);
    listener.event(event);
  }
  return progress.stopReason !== null;
}

/** Keeps of an event what is needed to take up the stream behind it, and to tell how the turn ended. */
function note(progress: Progress, event: MessageView): void {
  if (typeof event["run_id"] === "string") progress.runId = event["run_id"];
  if (typeof event["seq_id"] === "number") progress.seqId = Math.max(progress.seqId, event["seq_id"]);
  if (event.message_type === "stop_reason") progress.stopReason = textOf(event["stop_reason"]);
  if (event.message_type === "usage_statistics") progress.usage = event;
  if (event.message_type !== "approval_request_message") return;
  for (const call of callsOf(event)) progress.calls.set(call.id, joined(progress.calls.get(call.id), call));
}

/** Waits, but not beyond the signal. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, ms);
  signal.addEventListener("abort", () => over.resolve(), { once: true });
  await over.promise;
  clearTimeout(timer);
}
