import { Hono } from "hono";
import { z } from "zod";
import { wellFormed } from "../../core/text.ts";
import { ModelFailure } from "../../llm/failure.ts";
import { generateTool, type ToolWritingMeans } from "../../run/generate-tool.ts";
import type { ApiEnv } from "../http/env.ts";
import { takes } from "../http/takes.ts";
import { answer, jsonObject } from "../wire/answers/answer.ts";
import { toWireTool, WireTool } from "../wire/tool.ts";

const WireGeneratedTool = answer("GeneratedTool", { tool: WireTool, sample_args: jsonObject, response: z.string() });

/** The model that is asked when nobody names one. */
const HANDLE_DEFAULT = "openai/gpt-4.1";
const MISTAKES_MAX = 100;

const Text = z.string().transform(wellFormed);
const Body = z.object({
  tool_name: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,47}$/, "a function of Python is called so by 1 to 48 letters, digits and _"),
  prompt: Text.refine((prompt) => prompt.trim() !== "", "cannot be empty or whitespace-only"),
  handle: z.string().nullish(),
  starter_code: Text.nullish(),
  validation_errors: z.array(Text).max(MISTAKES_MAX),
});

/** `/tools/generate-tool`: has a model write a tool, which is neither kept nor run. */
export function generateToolRoutes(options: ToolWritingMeans): Hono<ApiEnv> {
  return new Hono<ApiEnv>().post(
    "/tools/generate-tool",
    takes({ body: Body, answer: WireGeneratedTool }, async (c, asked) => {
      const body = await asked.body();
      try {
        const { tool, sampleArgs, words } = await generateTool(options, c.var.caller, {
          name: body.tool_name,
          prompt: body.prompt,
          handle: body.handle ?? HANDLE_DEFAULT,
          starterCode: body.starter_code ?? null,
          mistakes: body.validation_errors,
          signal: c.req.raw.signal,
        });
        return c.json({ tool: toWireTool(tool), sample_args: sampleArgs, response: words });
      } catch (error) {
        // Here the model is only passed through, so its failures are those of a gateway.
        if (error instanceof ModelFailure) return c.json({ detail: `${error.message} ${error.detail}` }, 502);
        throw error;
      }
    }),
  );
}
