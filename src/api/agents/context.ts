import { Hono } from "hono";
import { z } from "zod";
import { mustFind } from "../../agent/find.ts";
import { recompilePrompt } from "../../agent/life/recompile-prompt.ts";
import { resetMessages } from "../../agent/life/reset.ts";
import { requireId } from "../../core/id.ts";
import { compactThread, type ThreadCompacted } from "../../run/compaction/compact-thread.ts";
import { contextOverview } from "../../run/context-overview.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { flagParam, given, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { pathTarget } from "../talk/conversations.ts";
import { WireAgent } from "../wire/agent.ts";
import { CompactionBody } from "../wire/agent-body.ts";
import { answer } from "../wire/answers/answer.ts";
import { toWireContext, WireContext } from "../wire/context.ts";
import { ALL_RELATIONS, showAgent } from "./agent-view.ts";

const ContextQuery = z.object({ conversation_id: z.string().optional() });
const RecompileQuery = z.object({ dry_run: flagParam().optional() });
const CompactBody = z.object({ agent_id: z.string().nullish(), compaction_settings: CompactionBody.nullish() });
const ResetBody = z.object({ add_default_initial_messages: z.boolean().default(false) });

/** Routes about what an agent has in its context: how large it is, compacting it, emptying it, compiling its prompt. */
export function contextRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/agents/:agent_id/context",
    takes({ query: ContextQuery, answer: WireContext }, async (c, asked) => {
      const agent = await mustFind(readerFor(options, c, "agents:read").agents, pathId(c, "agent", "agent_id"));
      // `default` is the agent's own conversation, as it is in paths.
      const named = asked.query().conversation_id ?? "default";
      const conversationId = named === "default" || named === "" ? null : requireId("conv", named);
      return c.json(toWireContext(await contextOverview(options, c.var.caller, { agent, conversationId })));
    }),
  );

  routes.post(
    "/agents/:agent_id/summarize",
    takes({ body: CompactBody, answer: WireCompacted }, async (c, asked) => {
      const agent = await mustFind(readerFor(options, c, "agents:talk").agents, pathId(c, "agent", "agent_id"));
      const wish = (await asked.body()).compaction_settings ?? {};
      const wanted = { agent, conversationId: null, wish, signal: c.req.raw.signal };
      return c.json(toWireCompacted(await compactThread(options, c.var.caller, wanted)));
    }),
  );

  routes.post(
    "/conversations/:conversation_id/compact",
    takes({ body: CompactBody, answer: WireCompacted }, async (c, asked) => {
      const body = await asked.body();
      const named = { agentId: body.agent_id ?? undefined, scope: "agents:talk" } as const;
      const { agentId, conversationId } = await pathTarget(options, c, named);
      const agent = await mustFind(readerFor(options, c, "agents:talk").agents, agentId);
      const wanted = { agent, conversationId, wish: body.compaction_settings ?? {}, signal: c.req.raw.signal };
      return c.json(toWireCompacted(await compactThread(options, c.var.caller, wanted)));
    }),
  );

  routes.post(
    "/conversations/:conversation_id/recompile",
    takes({ query: RecompileQuery, body: CompactBody, answer: z.string() }, async (c, asked) => {
      const body = await asked.body();
      const wish = given({ isDryRun: asked.query().dry_run });
      const where = await pathTarget(options, c, { agentId: body.agent_id ?? undefined, scope: "agents:write" });
      return c.json(await recompilePrompt(options, c.var.caller, { ...where, ...wish }));
    }),
  );

  routes.patch(
    "/agents/:agent_id/reset-messages",
    takes({ body: ResetBody, answer: WireAgent }, async (c, asked) => {
      const id = pathId(c, "agent", "agent_id");
      const { add_default_initial_messages: withFirst } = await asked.body();
      const agent = await resetMessages(options, c.var.caller, { id, withFirst });
      return c.json(await showAgent(readerFor(options, c, "agents:write"), agent, ALL_RELATIONS));
    }),
  );

  return routes;
}

const WireCompacted = answer("Compaction", {
  summary: z.string(),
  num_messages_before: z.number(),
  num_messages_after: z.number(),
});

function toWireCompacted({ summary, messagesBefore, messagesAfter }: ThreadCompacted): z.output<typeof WireCompacted> {
  return { summary, num_messages_before: messagesBefore, num_messages_after: messagesAfter };
}
