import { Hono } from "hono";
import { z } from "zod";
import { wellFormed } from "../../core/text.ts";
import { type CaptureOptions, captureTurn } from "../../run/capture-turn.ts";
import type { ApiEnv } from "../http/env.ts";
import { check, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, list } from "../wire/answers/answer.ts";

const WireCaptured = answer("Captured", {
  success: z.literal(true),
  messages_created: z.number(),
  run_ids: list(z.string()),
});

/** Messages of one request to a model that are looked through; what the person said among them is kept. */
const REQUEST_MESSAGES_MAX = 10_000;

const Text = z.string().transform(wellFormed);
/** What was said, whole or in parts; a part that is no text is left out. */
const Content = z.union([
  Text,
  z
    .array(z.looseObject({ text: Text.optional() }))
    .transform((parts) => parts.flatMap(({ text }) => text ?? []).join("\n")),
]);
const Body = z.object({
  provider: z.string(),
  model: z.string(),
  request_messages: z.array(z.looseObject({ role: z.string() })).max(REQUEST_MESSAGES_MAX),
  response_dict: z.looseObject({ content: Content }),
});

/** `/agents/:agent_id/messages/capture`: keeps a turn that went past this server. */
export function captureRoutes(options: CaptureOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post(
    "/agents/:agent_id/messages/capture",
    takes({ body: Body, answer: WireCaptured }, async (c, asked) => {
      const agentId = pathId(c, "agent", "agent_id");
      const { model, request_messages, response_dict } = await asked.body();
      const questions = request_messages
        .filter(({ role }) => role === "user")
        .map((message) => check(Content, message["content"], "body.request_messages.content"));
      const turn = { agentId, model, asked: questions, answer: response_dict.content };
      const { messages, runIds } = await captureTurn(options, c.var.caller, turn);
      return c.json({ success: true, messages_created: messages, run_ids: runIds });
    }),
  );

  return routes;
}
