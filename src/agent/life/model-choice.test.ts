import { expect, test } from "bun:test";
import { DEFAULT_ACTOR } from "../../core/id.ts";
import { embeddingInfoOf, modelInfoOf } from "../../llm/catalog.ts";
import type { ServerModels } from "../../llm/models.ts";
import { changedModel, chooseEmbedding, chooseModel, defaultSummariser, resolvedWish } from "./model-choice.ts";

const openai = { name: "openai", kind: "openai" } as const;
const anthropic = { name: "anthropic", kind: "anthropic" } as const;
const offered = [
  ...["gpt-4o-mini", "gpt-4.1", "gpt-5", "gpt-5.1", "gpt-5-codex", "o3"].map((model) => modelInfoOf(openai, model)),
  modelInfoOf(anthropic, "claude-sonnet-4-5-20250929"),
];
const embeddings = [embeddingInfoOf(openai, "text-embedding-3-small")];
const models: ServerModels = {
  list: async () => offered,
  listEmbeddings: async () => embeddings,
  find: async (handle) => offered.find((info) => info.config.handle === handle),
  findEmbedding: async (handle) => embeddings.find((info) => info.config.handle === handle),
  open: () => {
    throw new Error("no model is called here");
  },
  openEmbedder: () => undefined,
  check: async () => [],
  names: ["openai", "anthropic"],
};

test("chooseModel() bounds the context window unless one is asked for", async () => {
  expect((await chooseModel(models, { handle: "openai/gpt-4.1" }, "letta_v1_agent")).contextWindow).toBe(128_000);
  expect(
    (await chooseModel(models, { handle: "openai/gpt-4.1", contextWindow: 500_000 }, "letta_v1_agent")).contextWindow,
  ).toBe(500_000);
});

test("chooseModel() lets a model think by its own means, in an argument, or not at all", async () => {
  const thinking = async (handle: string, type: "letta_v1_agent" | "memgpt_v2_agent", reasons?: boolean) => {
    const config = await chooseModel(models, { handle, ...(reasons === undefined ? {} : { reasons }) }, type);
    return [config.enableReasoner, config.putInnerThoughtsInKwargs, config.reasoningEffort, config.maxReasoningTokens];
  };
  expect(await thinking("openai/gpt-4o-mini", "letta_v1_agent")).toEqual([false, false, null, 0]);
  expect(await thinking("openai/gpt-4o-mini", "memgpt_v2_agent")).toEqual([true, true, null, 0]);
  expect(await thinking("openai/gpt-4o-mini", "memgpt_v2_agent", false)).toEqual([false, false, null, 0]);
  expect(await thinking("openai/o3", "memgpt_v2_agent")).toEqual([true, false, "medium", 0]);
  expect(await thinking("openai/gpt-5", "letta_v1_agent", false)).toEqual([true, false, "minimal", 0]);
  expect(await thinking("openai/gpt-5.1", "letta_v1_agent", false)).toEqual([true, false, "none", 0]);
  expect(await thinking("openai/gpt-5-codex", "letta_v1_agent", false)).toEqual([true, false, "low", 0]);
  expect(await thinking("anthropic/claude-sonnet-4-5-20250929", "memgpt_v2_agent")).toEqual([true, false, null, 1024]);
  expect(await thinking("anthropic/claude-sonnet-4-5-20250929", "letta_v1_agent", false)).toEqual([
    false,
    false,
    null,
    0,
  ]);
});

test("chooseModel() takes a whole configuration as it is", async () => {
  const config = {
    ...modelInfoOf(openai, "gpt-4o-mini").config,
    contextWindow: 999_999,
    putInnerThoughtsInKwargs: true,
  };
  expect(await chooseModel(models, { config }, "letta_v1_agent")).toEqual(config);
});

test("chooseModel() refuses a thinking budget beyond the answer's", async () => {
  const wish = { handle: "anthropic/claude-sonnet-4-5-20250929", maxReasoningTokens: 2_000 };
  expect(chooseModel(models, wish, "letta_v1_agent")).rejects.toThrow(/max_tokens \(not given\)/);
  expect(chooseModel(models, { ...wish, maxTokens: 1_000 }, "letta_v1_agent")).rejects.toThrow(/2000/);
  expect((await chooseModel(models, { ...wish, maxTokens: 4_000 }, "letta_v1_agent")).maxReasoningTokens).toBe(2_000);
});

test("chooseModel() tells which handles there are when one is unknown", async () => {
  expect(chooseModel(models, { handle: "openai/nope" }, "letta_v1_agent")).rejects.toThrow(/'openai\/gpt-4o-mini'/);
  for (const handle of ["gpt-4o-mini", "/gpt", "openai/"])
    expect(chooseModel(models, { handle }, "letta_v1_agent")).rejects.toThrow(/provider\/model-name/);
});

test("changedModel() adjusts the present model, or starts over with a new one", async () => {
  const current = { ...modelInfoOf(openai, "gpt-4o-mini").config, temperature: 0.1 };
  expect(changedModel(current, {}, "letta_v1_agent")).toEqual(current);
  expect(changedModel(current, { maxTokens: 5 }, "letta_v1_agent")).toEqual({ ...current, maxTokens: 5 });
  const wish = await resolvedWish(models, { handle: "openai/gpt-4.1" });
  expect(changedModel(current, wish, "letta_v1_agent")).toMatchObject({
    model: "gpt-4.1",
    temperature: 1,
    contextWindow: 128_000,
  });
  expect(resolvedWish(models, { handle: "openai/nope" })).rejects.toThrow(/NOT_FOUND/);
});

test("chooseEmbedding() finds by handle, or tells what there is", async () => {
  expect((await chooseEmbedding(models, "openai/text-embedding-3-small", DEFAULT_ACTOR)).embeddingDim).toBe(1536);
  expect(chooseEmbedding(models, "openai/nope", DEFAULT_ACTOR)).rejects.toThrow(/NOT_FOUND: .*text-embedding-3-small/);
});

test("defaultSummariser() is a small model of the same provider, else the agent's own", () => {
  const own = modelInfoOf({ name: "groq", kind: "groq" }, "llama-3.3-70b").config;
  expect(defaultSummariser(modelInfoOf(anthropic, "claude-sonnet-4-5-20250929").config)).toBe(
    "anthropic/claude-haiku-4-5",
  );
  expect(defaultSummariser(own)).toBe("groq/llama-3.3-70b");
});
