import { type Context, Hono } from "hono";
import type { Agent } from "../../agent/agent.ts";
import type { Ended } from "../../agent/events.ts";
import { NO_USAGE, plusUsage } from "../../agent/usage.ts";
import type { JsonObject } from "../../core/json.ts";
import { nextInRound } from "../../run/among/round-runs.ts";
import { roundRequest } from "../../run/among/round-start.ts";
import type { StartedRun } from "../../run/begin.ts";
import type { LoggedEvent } from "../../run/log/stored-event.ts";
import type { ApiEnv } from "../http/env.ts";
import { pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { events } from "../wire/answers/answer.ts";
import { WireReply } from "../wire/answers/message-answer.ts";
import { createEncoder, DONE, shownRun } from "../wire/stream.ts";
import { withImages } from "./images.ts";
import { askedOf, checkSend, inputOf, SendBody, type SendRequest } from "./messages-body.ts";
import { endOf, replyWith, type SendOptions, saidIn } from "./send.ts";
import { eventsResponse, PING_MS } from "./stream-response.ts";

/** Everything that is said to groups. */
export function groupMessageRoutes(options: SendOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post(
    "/groups/:group_id/messages",
    takes({ body: SendBody, answer: WireReply, streams: true }, async (c, asked) => {
      const body = await asked.body();
      return sendToGroup(options, c, { body, isStreaming: body.streaming === true });
    }),
  );

  routes.post(
    "/groups/:group_id/messages/stream",
    takes({ body: SendBody, answer: events }, async (c, asked) =>
      sendToGroup(options, c, { body: await asked.body(), isStreaming: true }),
    ),
  );

  return routes;
}

/** Begins a round with what is said, and answers with what all of its agents say. */
async function sendToGroup(
  options: SendOptions,
  c: Context<ApiEnv>,
  { body, isStreaming }: { readonly body: SendRequest; readonly isStreaming: boolean },
): Promise<Response> {
  checkSend(body, isStreaming);
  const groupId = pathId(c, "group", "group_id");
  const { caller } = c.var;
  // Looked at first, so that no image is fetched for nothing.
  const asked = { groupId, ...askedOf(body, isStreaming) };
  const { agentId } = await roundRequest(options, caller, { ...asked, input: NOTHING_SAID });
  const input = inputOf(await withImages(body, { ...options, agentId, caller }));
  const started = await options.runner.start(caller, await roundRequest(options, caller, { ...asked, input }));
  c.env?.runBegan?.(started.run.id);
  return isStreaming
    ? roundStream(options, started, body.include_pings ?? true)
    : c.json(await wholeRound(options, started));
}

const NOTHING_SAID = { approvals: [], approvalOtid: null, messages: [] };

/** Everything that was said in a round, once it is over; throws what made it fail. */
async function wholeRound(options: SendOptions, first: StartedRun): Promise<JsonObject> {
  const messages: JsonObject[] = [];
  let end: Pick<Ended, "stopReason" | "usage"> = { stopReason: "error", usage: NO_USAGE };
  let at: StartedRun | undefined = first;
  while (at !== undefined) {
    const { failure } = await at.done;
    const next: StartedRun | undefined = await afterIt(options, at);
    // The turn of an agent that was deleted meanwhile goes to the next.
    if (failure !== null && next === undefined) throw failure;
    if (failure === null) {
      const logged = await options.logs.whole(at.actor, at.run.id);
      messages.push(...saidIn(at, logged).map(saidBy(at.agent)));
      const { stopReason, usage } = endOf(logged);
      end = { stopReason, usage: plusUsage(end.usage, usage) };
    }
    at = next;
  }
  return replyWith(messages, end);
}

/** A message with who says it, which in a group nobody else tells. */
function saidBy({ id, name }: Agent): (message: JsonObject) => JsonObject {
  return (message) => ({ ...message, sender_id: id, name });
}

/** The run that came after this one in its round, with its agent; undefined where it was the last. */
async function afterIt(
  { store, runner }: Pick<SendOptions, "store" | "runner">,
  { run: before, actor }: Pick<StartedRun, "run" | "actor">,
): Promise<StartedRun | undefined> {
  const reader = store.reader(actor);
  let run = await nextInRound(reader, before);
  while (run !== undefined) {
    const agent = await reader.agents.find(run.agentId);
    if (agent !== undefined) return { run, agent, actor, done: runner.ended(actor, run) };
    // It was deleted just now, and the turn has gone on to another.
    run = await nextInRound(reader, run);
  }
  return undefined;
}

/** The end of a run as its log tells it. */
type LoggedEnd = LoggedEvent & { readonly event: Ended };

/** What is told of a run as it is told, but for its end, which comes last of all. */
async function* toldOf(
  { logs }: Pick<SendOptions, "logs">,
  { run, actor }: StartedRun,
  signal: AbortSignal,
): AsyncGenerator<readonly LoggedEvent[], LoggedEnd | undefined, undefined> {
  const from = { seqId: 0, idleMs: PING_MS, frames: () => 0 };
  for await (const batch of logs.follow(actor, run.id, from, signal)) {
    const last = batch.at(-1);
    const event = last?.event;
    const said = event?.kind === "ended" ? batch.slice(0, -1) : batch;
    // An empty batch says that the stream lives.
    if (said.length > 0 || batch.length === 0) yield said;
    if (last !== undefined && event?.kind === "ended") return { ...last, event };
  }
  return undefined;
}

/** What is said in a round as it is said, with one end. */
function roundStream(options: SendOptions, first: StartedRun, includePings: boolean): Response {
  const leaving = new AbortController();
  let speaker = first;
  let encode = createEncoder(shownRun(first.run, first.agent));
  let hasEnded = false;

  async function* told(): AsyncGenerator<readonly LoggedEvent[], undefined, undefined> {
    let usage = NO_USAGE;
    let at: StartedRun | undefined = first;
    while (at !== undefined) {
      speaker = at;
      encode = createEncoder(shownRun(at.run, at.agent));
      const end: LoggedEnd | undefined = yield* toldOf(options, at, leaving.signal);
      if (end !== undefined) usage = plusUsage(usage, end.event.usage);
      at = leaving.signal.aborted ? undefined : await afterIt(options, at);
      if (at === undefined && end !== undefined) yield [{ ...end, event: { ...end.event, usage } }];
    }
    return undefined;
  }

  function textOf(event: LoggedEvent): string {
    if (event.event.kind === "started" && !includePings) return "";
    const frames = encode(event, false);
    hasEnded ||= frames.at(-1) === DONE;
    return frames.map((text) => named(text, speaker.agent)).join("");
  }

  return eventsResponse(options, {
    request: { runId: first.run.id, includePings },
    events: told(),
    textOf,
    ending: async () => (hasEnded ? "" : DONE),
    leave: () => leaving.abort(),
  });
}

/** The first fields of what somebody says, as every frame has them; quotes inside texts are escaped, so this finds no text. */
const NOBODY = /"name":null,"message_type":"(?!ping")([a-z_]+)"/;
const NO_SENDER = /"sender_id":(?:null|"[^"]*")/;

/** A frame with who says it. */
function named(text: string, { id, name }: Agent): string {
  if (!NOBODY.test(text)) return text;
  return text
    .replace(NOBODY, (_, type: string) => `"name":${JSON.stringify(name)},"message_type":"${type}"`)
    .replace(NO_SENDER, () => `"sender_id":${JSON.stringify(id)}`);
}
