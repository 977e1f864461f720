import { type Context, Hono } from "hono";
import { z } from "zod";
import { mustFind } from "../../agent/find.ts";
import { forkConversation } from "../../agent/life/fork-conversation.ts";
import type { Run } from "../../agent/run.ts";
import { Failure } from "../../core/failure.ts";
import { type RunId, requireId } from "../../core/id.ts";
import type { ApiEnv } from "../http/env.ts";
import { readBody, readQuery } from "../http/request.ts";
import { cancelRuns } from "./cancel-runs.ts";
import { type ConversationRoutesOptions, pathTarget, showConversation } from "./conversations.ts";
import { SendBody } from "./messages-body.ts";
import { resumedStream } from "./run-stream.ts";
import { preview, type TurnTarget } from "./send.ts";

/** How long the run of an otid is waited for, each time longer: its request may still be on its way. */
const OTID_WAITS_MS: readonly number[] = [250, 500, 1_000];

const AgentQuery = z.object({ agent_id: z.string().optional() });
const PreviewBody = SendBody.extend({ agent_id: z.string().nullish() });
const ResumeBody = z.object({
  agent_id: z.string().nullish(),
  run_id: z.string().nullish(),
  otid: z.string().nullish(),
  starting_after: z.int().min(0).default(0),
  include_pings: z.boolean().nullish(),
});

/** What can be done with a conversation besides sending to it: fork it, cancel its run, take up its stream. */
export function conversationRunRoutes(options: ConversationRoutesOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  const { store, clock, random, times } = options;

  routes.post("/conversations/:conversation_id/fork", async (c) => {
    const where = await pathTarget(options, c, readQuery(c, AgentQuery).agent_id);
    const { actor } = c.var;
    const fork = await store.write(actor, (repositories) =>
      forkConversation(repositories, { clock, random, times, actor }, where),
    );
    return c.json(await showConversation(options, c, fork));
  });

  routes.post("/conversations/:conversation_id/cancel", async (c) => {
    const where = await pathTarget(options, c, readQuery(c, AgentQuery).agent_id);
    return c.json(await cancelRuns(options, c.var.actor, { ...where, named: null }));
  });

  routes.post("/conversations/:conversation_id/stream", async (c) => {
    const body = await readBody(c, ResumeBody);
    const where = await pathTarget(options, c, body.agent_id ?? undefined);
    const run = await runToFollow(options, c, where, body);
    return resumedStream(options, run, {
      actor: c.var.actor,
      startingAfter: body.starting_after,
      includePings: body.include_pings ?? true,
      isNumbered: true,
    });
  });

  routes.post("/conversations/:conversation_id/messages/preview-raw-payload", async (c) => {
    const body = await readBody(c, PreviewBody);
    const where = await pathTarget(options, c, body.agent_id ?? undefined);
    return c.json(await preview(options, c, { where, body, isStreaming: body.streaming ?? true }));
  });

  return routes;
}

/** The run that a stream is to be taken up of: the one named, the one of an otid, or the one at work. */
async function runToFollow(
  options: ConversationRoutesOptions,
  c: Context<ApiEnv>,
  where: TurnTarget,
  { run_id, otid }: z.output<typeof ResumeBody>,
): Promise<Run> {
  const { runs } = options.store.reader(c.var.actor);
  const named = run_id == null ? undefined : requireId("run", run_id);
  const id = named ?? (otid == null ? undefined : await runOfOtid(options, c, where, otid));
  if (id === undefined) {
    const filter = { agentIds: [where.agentId], conversationId: where.conversationId };
    const page = { limit: 1, order: "desc" } as const;
    const [newest] = await runs.list({ ...filter, statuses: ["created", "running"] }, page);
    if (newest !== undefined) return newest;
    throw new Failure("refused", "INVALID_ARGUMENT: No active runs found for this conversation.");
  }
  return mustFind(runs, id, `Run with id '${id}' not found`);
}

async function runOfOtid(
  { store, clock }: ConversationRoutesOptions,
  c: Context<ApiEnv>,
  { agentId, conversationId }: TurnTarget,
  otid: string,
): Promise<RunId> {
  for (const waitMs of [0, ...OTID_WAITS_MS]) {
    if (waitMs > 0) await clock.sleep(waitMs, c.req.raw.signal);
    const [id] = await store.reader(c.var.actor).messages.runsOfOtid(agentId, conversationId, otid, 1);
    if (id !== undefined) return id;
  }
  throw new Failure("not_found", `No run was started by a message with otid '${otid.slice(0, 100)}'`);
}
