import { Hono } from "hono";
import { z } from "zod";
import { may } from "../../access/may.ts";
import { forkConversation } from "../../agent/life/fork-conversation.ts";
import { requireId } from "../../core/id.ts";
import { cancelRuns } from "../../run/cancel-runs.ts";
import { runToFollow } from "../../run/run-to-follow.ts";
import { type ApiEnv, readerFor } from "../http/env.ts";
import { takes } from "../http/takes.ts";
import { events, jsonObject } from "../wire/answers/answer.ts";
import { WireConversation } from "../wire/conversation.ts";
import { type ConversationRoutesOptions, pathTarget, showConversation } from "./conversations.ts";
import { SendBody } from "./messages-body.ts";
import { ResumeBody, resumedStream } from "./run-stream.ts";
import { preview } from "./send.ts";

const AgentQuery = z.object({ agent_id: z.string().optional() });
const PreviewBody = SendBody.extend({ agent_id: z.string().nullish() });
const FollowBody = ResumeBody.extend({
  agent_id: z.string().nullish(),
  run_id: z.string().nullish(),
  otid: z.string().nullish(),
});

/** What can be done with a conversation besides sending to it: fork it, cancel its run, take up its stream. */
export function conversationRunRoutes(options: ConversationRoutesOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post(
    "/conversations/:conversation_id/fork",
    takes({ query: AgentQuery, answer: WireConversation }, async (c, asked) => {
      const { agent_id: agentId } = asked.query();
      const where = await pathTarget(options, c, { agentId, scope: "agents:talk" });
      const fork = await forkConversation(options, c.var.caller, where);
      return c.json(await showConversation(readerFor(options, c, "agents:talk"), fork));
    }),
  );

  routes.post(
    "/conversations/:conversation_id/cancel",
    takes({ query: AgentQuery, answer: z.record(z.string(), z.string()) }, async (c, asked) => {
      const { agent_id: agentId } = asked.query();
      const where = await pathTarget(options, c, { agentId, scope: "runs:cancel" });
      return c.json(await cancelRuns(options, c.var.caller, { ...where, named: null }));
    }),
  );

  routes.post(
    "/conversations/:conversation_id/stream",
    takes({ body: FollowBody, answer: events }, async (c, asked) => {
      const body = await asked.body();
      const where = await pathTarget(options, c, { agentId: body.agent_id ?? undefined, scope: "runs:read" });
      const runId = body.run_id == null ? undefined : requireId("run", body.run_id);
      const wish = { ...where, runId, otid: body.otid ?? undefined, signal: c.req.raw.signal };
      const run = await runToFollow(options, c.var.caller, wish);
      return resumedStream(options, run, { ...body, actor: may(c.var.caller, "runs:read") });
    }),
  );

  routes.post(
    "/conversations/:conversation_id/messages/preview-raw-payload",
    takes({ body: PreviewBody, answer: jsonObject }, async (c, asked) => {
      const body = await asked.body();
      const where = await pathTarget(options, c, { agentId: body.agent_id ?? undefined, scope: "agents:talk" });
      return c.json(await preview(options, c, { where, body, isStreaming: body.streaming ?? true }));
    }),
  );

  return routes;
}
