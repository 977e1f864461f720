import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  askedHandle,
  embeddingInfoOf,
  llmConfigOf,
  modelInfoOf,
  modelOfHandle,
  reasonsNatively,
  thinksAdaptively,
  usesResponsesApi,
} from "./catalog.ts";
import type { LlmConfig } from "./config.ts";
import { baseUrlOf, type ProviderKind, type ProviderSettings, secretsOf } from "./provider.ts";

const GOLDEN = join(import.meta.dir, "../../../shared/letta/conformance/golden");
const present = existsSync(GOLDEN);
/** Said in the names of tests that are skipped without it. */
const NEEDED = "(needs ../shared)";

const OPENAI: ProviderSettings = { name: "openai", kind: "openai", apiKey: "k" };
const ANTHROPIC: ProviderSettings = { name: "anthropic", kind: "anthropic", apiKey: "k" };

function recorded(file: string): readonly Record<string, unknown>[] {
  return JSON.parse(readFileSync(join(GOLDEN, file), "utf8")).response.body;
}

test.skipIf(!present)(`modelInfoOf() says of every recorded model what Letta said ${NEEDED}`, () => {
  const models = recorded("004_models_list.json").filter((model) => model["provider_name"] !== "letta");
  expect(models.length).toBe(18);
  for (const model of models) {
    const settings = model["provider_name"] === "openai" ? OPENAI : ANTHROPIC;
    const { config, maxContextWindow, providerType } = modelInfoOf(settings, String(model["name"]));
    const shown = {
      handle: config.handle,
      provider_type: providerType,
      model_endpoint_type: config.modelEndpointType,
      context_window: config.contextWindow,
      max_context_window: maxContextWindow,
      max_tokens: config.maxTokens,
      enable_reasoner: config.enableReasoner,
      reasoning_effort: config.reasoningEffort,
      max_reasoning_tokens: config.maxReasoningTokens,
      temperature: config.temperature,
      verbosity: config.verbosity,
      parallel_tool_calls: config.parallelToolCalls,
      strict: config.strict,
      put_inner_thoughts_in_kwargs: config.putInnerThoughtsInKwargs,
    };
    const wanted = Object.fromEntries(Object.keys(shown).map((key) => [key, model[key]]));
    expect(shown as unknown).toEqual(wanted);
  }
});

test.skipIf(!present)(`embeddingInfoOf() says of every recorded model what Letta said ${NEEDED}`, () => {
  const models = recorded("006_models_embedding.json").filter(
    (model) => model["provider_name"] === "openai" && model["name"] !== "letta-free",
  );
  expect(models.length).toBe(3);
  for (const model of models) {
    const { config } = embeddingInfoOf(OPENAI, String(model["name"]));
    expect<unknown>([config.handle, config.embeddingDim, config.embeddingChunkSize, config.batchSize]).toEqual([
      model["handle"],
      model["embedding_dim"],
      model["embedding_chunk_size"],
      model["batch_size"],
    ]);
  }
});

describe("names", () => {
  test.each([
    ["gpt-5-mini", true, true],
    ["gpt-5.1", true, true],
    ["gpt-5-chat-latest", false, false],
    ["gpt-5.2-chat-latest", false, false],
    ["o3", true, true],
    ["o4-mini", true, true],
    ["gpt-4.1", false, false],
    ["gpt-oss-120b", true, false],
    ["claude-sonnet-4-5-20250929", true, false],
    ["us.anthropic.claude-3-7-sonnet-20250219-v1:0", true, false],
    ["claude-3-5-haiku-20241022", false, false],
    ["anthropic/claude-opus-4.5", true, false],
    ["gemini-2.5-flash", true, false],
    ["gemini-1.5-pro", false, false],
    ["deepseek-reasoner", true, false],
    ["llama3.2", false, false],
  ])("%s: reasons %p, Responses API %p", (model, reasons, responses) => {
    expect(reasonsNatively(model)).toBe(reasons);
    expect(usesResponsesApi(model)).toBe(responses);
  });

  test("of Claude models tell how they think", () => {
    expect(thinksAdaptively("claude-opus-4-6")).toBe(true);
    expect(thinksAdaptively("claude-sonnet-4-5-20250929")).toBe(false);
    expect(thinksAdaptively("claude-sonnet-4-20250514")).toBe(false);
  });

  test("of dated Claude models are found by their short handle too", () => {
    expect(modelOfHandle("anthropic", "claude-haiku-4-5")).toBe("claude-haiku-4-5-20251001");
    expect(modelOfHandle("anthropic", "claude-haiku-4-5-20251001")).toBe("claude-haiku-4-5-20251001");
    expect(modelOfHandle("openai", "claude-haiku-4-5")).toBe("claude-haiku-4-5");
  });

  test("nobody knows get a modest window, and facts from a list win", () => {
    expect(llmConfigOf({ name: "ollama", kind: "ollama" }, "mystery")).toMatchObject({
      contextWindow: 32_768,
      maxTokens: null,
    });
    expect(llmConfigOf(OPENAI, "gpt-4o", { contextWindow: 9, maxTokens: 3 })).toMatchObject({
      contextWindow: 9,
      maxTokens: 3,
    });
    expect(llmConfigOf({ name: "my", kind: "openai", category: "byok" }, "gpt-4o").providerCategory).toBe("byok");
  });
});

describe("baseUrlOf()", () => {
  test.each<[ProviderKind, string | undefined, string]>([
    ["openai", undefined, "https://api.openai.com/v1"],
    ["openai", "http://localhost:9100/v1/", "http://localhost:9100/v1"],
    ["anthropic", "http://127.0.0.1:9100", "http://127.0.0.1:9100/v1"],
    ["anthropic", "http://127.0.0.1:9100/v1", "http://127.0.0.1:9100/v1"],
    ["ollama", "http://box:11434", "http://box:11434/v1"],
    ["google_ai", "https://proxy", "https://proxy/v1beta"],
    ["openai_compatible", undefined, ""],
    ["bedrock", undefined, ""],
  ])("%s at %p is %p", (kind, baseUrl, url) => {
    expect(baseUrlOf({ name: "x", kind, ...(baseUrl !== undefined && { baseUrl }) })).toBe(url);
  });

  test("of Bedrock follows the region", () => {
    expect(baseUrlOf({ name: "b", kind: "bedrock", region: "eu-west-1" })).toBe(
      "https://bedrock-runtime.eu-west-1.amazonaws.com",
    );
  });
});

test("secretsOf() holds every key, but no short text", () => {
  const settings: ProviderSettings = {
    name: "b",
    kind: "bedrock",
    apiKey: "abc",
    secretAccessKey: "secret-1",
    headers: { "x-token": "token-1" },
  };
  expect(secretsOf(settings)).toEqual(["secret-1", "token-1"]);
});

test("askedHandle() goes by what is asked, not by what a configuration calls itself", () => {
  const asked = (more: Partial<LlmConfig>) => askedHandle({ ...llmConfigOf(OPENAI, "gpt-4o"), ...more });
  expect(asked({})).toBe("openai/gpt-4o");
  expect(asked({ providerName: null, handle: "openai/gpt-4o-mini" })).toBe("openai/gpt-4o");
  expect(asked({ providerName: null, handle: null })).toBe("openai/gpt-4o");
  expect(asked({ handle: "free/x" })).toBe("openai/gpt-4o");
  for (const model of ["claude-haiku-4-5-20251001", "claude-opus-4-1"]) {
    const config = llmConfigOf(ANTHROPIC, model);
    expect(askedHandle(config)).toBe(config.handle);
  }
});
