import { expect, test } from "bun:test";
import { llmConfigOf } from "../../llm/catalog.ts";
import { answerFormatOf } from "../../llm/config.ts";
import { ModelSettingsBody, toWireModelSettings } from "./model-settings.ts";

const openAi = llmConfigOf({ name: "openai", kind: "openai" }, "gpt-4o-mini");
const anthropic = llmConfigOf({ name: "anthropic", kind: "anthropic" }, "claude-sonnet-4-5-20250929");

test("ModelSettingsBody asks every kind of provider for the shape of answer that is given", () => {
  const json_schema = { name: "shape", schema: { type: "object" } };
  const format = { type: "json_schema", json_schema };
  const kinds = [
    ...["openai", "sglang", "chatgpt_oauth", "anthropic", "zai", "azure", "xai", "groq", "deepseek", "together"],
    ...["bedrock", "openrouter", "baseten", "fireworks", "minimax", "google_ai", "google_vertex"],
  ];
  for (const provider_type of kinds) {
    const field = provider_type.startsWith("google") ? "response_schema" : "response_format";
    const changed = ModelSettingsBody.parse({ provider_type, [field]: format });
    expect([provider_type, answerFormatOf({ responseFormat: changed.responseFormat })]).toEqual([
      provider_type,
      { type: "json_schema", jsonSchema: json_schema },
    ]);
    expect(ModelSettingsBody.safeParse({ provider_type, [field]: { type: "xml" } }).success).toBe(false);
  }
});

test("ModelSettingsBody fills in Letta's defaults, but no output limit that was not given", () => {
  const settings = ModelSettingsBody.parse({ provider_type: "openai", temperature: 0.3 });
  expect(settings).toEqual({
    temperature: 0.3,
    parallelToolCalls: true,
    reasoningEffort: "high",
    responseFormat: null,
    strict: true,
  });
  expect(ModelSettingsBody.parse({ provider_type: "openai", max_output_tokens: 2000 }).maxTokens).toBe(2000);
});

test("ModelSettingsBody takes settings without a type as OpenAI's, and refuses unknown types", () => {
  expect(ModelSettingsBody.parse({ reasoning: { reasoning_effort: "low" } }).reasoningEffort).toBe("low");
  expect(ModelSettingsBody.safeParse({ provider_type: "nobody" }).success).toBe(false);
});

test("ModelSettingsBody can switch thinking off", () => {
  const off = ModelSettingsBody.parse({ provider_type: "anthropic", thinking: { type: "disabled" } });
  expect(off).toMatchObject({ enableReasoner: false, maxReasoningTokens: 0, temperature: 1, strict: false });
  const google = ModelSettingsBody.parse({ provider_type: "google_ai", thinking_config: { include_thoughts: false } });
  expect(google).toMatchObject({ enableReasoner: false, maxReasoningTokens: 0 });
});

test("toWireModelSettings() shows what ModelSettingsBody set", () => {
  const body = {
    provider_type: "openai",
    max_output_tokens: 2000,
    reasoning: { reasoning_effort: "low" },
    temperature: 0.2,
  };
  expect(toWireModelSettings({ ...openAi, ...ModelSettingsBody.parse(body) })).toEqual({
    max_output_tokens: 2000,
    parallel_tool_calls: true,
    provider_type: "openai",
    temperature: 0.2,
    reasoning: { reasoning_effort: "low" },
    response_format: null,
    strict: true,
  });
  const thinking = { provider_type: "anthropic", thinking: { type: "enabled", budget_tokens: 5000 }, effort: "high" };
  expect(toWireModelSettings({ ...anthropic, ...ModelSettingsBody.parse(thinking) })).toMatchObject({
    thinking: { type: "enabled", budget_tokens: 5000 },
    effort: "high",
  });
});

test("toWireModelSettings() has nothing to say of providers that Letta has no settings for", () => {
  expect(toWireModelSettings({ ...openAi, modelEndpointType: "mistral" })).toBeNull();
});
