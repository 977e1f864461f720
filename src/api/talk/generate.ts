import { Hono } from "hono";
import { z } from "zod";
import { wellFormed } from "../../core/text.ts";
import { ModelFailure } from "../../llm/failure.ts";
import { type GenerationMeans, generate } from "../../run/generate.ts";
import type { ApiEnv } from "../http/env.ts";
import { pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer } from "../wire/answers/answer.ts";
import { toWireUsage, WireUsage } from "../wire/stream.ts";

const Text = z.string().transform(wellFormed);
const Body = z.object({
  prompt: Text.refine((prompt) => prompt.trim() !== "", "cannot be empty or whitespace-only"),
  system_prompt: Text.nullish(),
  override_model: z.string().nullish(),
  response_schema: z.record(z.string(), z.json()).nullish(),
});

const WireGenerated = answer("Generated", { content: z.string(), model: z.string(), usage: WireUsage });

/** `/agents/{id}/generate`: one question to an agent's model, apart from its memory. */
export function generateRoutes(options: GenerationMeans): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post(
    "/agents/:agent_id/generate",
    takes({ body: Body, answer: WireGenerated }, async (c, asked) => {
      const agentId = pathId(c, "agent", "agent_id");
      const body = await asked.body();
      try {
        const { content, model, usage } = await generate(options, c.var.caller, {
          agentId,
          prompt: body.prompt,
          systemPrompt: body.system_prompt ?? null,
          overrideModel: body.override_model ?? null,
          responseSchema: body.response_schema ?? null,
          signal: c.req.raw.signal,
        });
        return c.json({ content, model, usage: toWireUsage(usage) });
      } catch (error) {
        // Here the model is only passed through, so its failures are those of a gateway.
        if (error instanceof ModelFailure) return c.json({ detail: `${error.message} ${error.detail}` }, 502);
        throw error;
      }
    }),
  );

  return routes;
}
