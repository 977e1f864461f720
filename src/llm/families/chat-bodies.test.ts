import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { type JsonObject, parseJson } from "../../core/json.ts";
import { realWorld, testLimits } from "../_test-world.ts";
import { createLanguageModel } from "../call/adapter.ts";
import { llmConfigOf } from "../catalog.ts";
import { RECORDED_CASES } from "./_test-prompts.ts";
import { familyOf } from "./all.ts";

// The bodies were written by the packages that Vercel and OpenRouter make for these providers: @ai-sdk/groq 4.0.84,
// mistral 4.0.87, deepseek 3.0.56, togetherai 3.0.54, openai-compatible 3.0.92, openai 4.0.118, and
// @openrouter/ai-sdk-provider 3.1.0.

const recorded = readFileSync(`${import.meta.dir}/_test-recorded-bodies.jsonl`, "utf8")
  .trimEnd()
  .split("\n");

test("every case is recorded", () => expect(recorded).toHaveLength(RECORDED_CASES.length));

test.each(RECORDED_CASES.map((asked, line) => [asked.kind, asked.model, line] as const))(
  "a chat completion is asked for as the provider's package asks: %s (%s), line %p",
  async (kind, model, line) => {
    const asked = RECORDED_CASES[line];
    if (asked === undefined) throw new Error("There is no such case");
    const settings = { name: kind, kind, baseUrl: "http://127.0.0.1:1/v1", apiKey: "k" };
    const opened = createLanguageModel({
      settings,
      config: { ...llmConfigOf(settings, model), ...asked.config },
      family: familyOf(kind),
      world: realWorld(),
      limits: testLimits(),
    });
    expect(await opened.preview(asked.request)).toEqual(parseJson(recorded[line] ?? "") as JsonObject);
  },
);
