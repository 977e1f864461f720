import { afterEach, describe, expect, test } from "bun:test";
import type { Fetch } from "../core/world.ts";
import { type FakeProvider, fakeProvider, json } from "./_test-provider.ts";
import { countingRandom, heard, manualClock, realWorld, request } from "./_test-world.ts";
import type { ProviderSettings } from "./provider.ts";
import { createModels } from "./registry.ts";

const servers: FakeProvider[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.stop();
});

function serve(...args: Parameters<typeof fakeProvider>): FakeProvider {
  const server = fakeProvider(...args);
  servers.push(server);
  return server;
}

const OPENAI_NAMES = [
  "gpt-5-mini",
  "gpt-4o-mini",
  "whisper-1",
  "dall-e-3",
  "gpt-4.1-mini",
  "o3",
  "text-embedding-3-small",
  "gpt-4o-realtime-preview",
];
const openaiList = () => json({ object: "list", data: OPENAI_NAMES.map((id) => ({ id, object: "model" })) });

function openai(url: string, fields: Partial<ProviderSettings> = {}): ProviderSettings {
  return { name: "openai", kind: "openai", baseUrl: `${url}/v1`, apiKey: "sk-secret-key-123", ...fields };
}

const handles = (models: readonly { readonly config: { readonly handle: string } }[]) =>
  models.map(({ config }) => config.handle);

/** A world in which every request gets what `answer` says, and time moves when told. */
function scripted(answer: (url: string) => Response | Promise<Response>) {
  const urls: string[] = [];
  const clock = manualClock();
  const fetch: Fetch = async (input) => {
    urls.push(String(input));
    return answer(String(input));
  };
  return { urls, clock, fetch, random: countingRandom() };
}

describe("list()", () => {
  test("shows what providers list, in Letta's order, with Letta's defaults", async () => {
    const first = serve(openaiList);
    const second = serve(() =>
      json({
        data: ["claude-haiku-4-5-20251001", "claude-sonnet-4-5-20250929"].map((id) => ({ type: "model", id })),
        has_more: false,
      }),
    );
    const claude: ProviderSettings = {
      name: "anthropic",
      kind: "anthropic",
      baseUrl: second.url,
      apiKey: "sk-ant-key-123",
    };
    const models = createModels({ ...realWorld(), providers: [claude, openai(first.url)] });
    const list = await models.list();
    expect(handles(list)).toEqual([
      "openai/gpt-4.1-mini",
      "openai/gpt-4o-mini",
      "openai/gpt-5-mini",
      "openai/o3",
      "openai/text-embedding-3-small",
      "anthropic/claude-haiku-4-5",
      "anthropic/claude-sonnet-4-5-20250929",
    ]);
    expect(list[2]).toMatchObject({
      providerType: "openai",
      maxContextWindow: 272_000,
      config: {
        model: "gpt-5-mini",
        maxTokens: 16_384,
        verbosity: "medium",
        modelEndpoint: `${first.url}/v1`,
        providerCategory: "base",
      },
    });
    expect(handles(await models.listEmbeddings(null))).toEqual(["openai/text-embedding-3-small"]);
    expect(first.requests[0]?.headers.get("authorization")).toBe("Bearer sk-secret-key-123");
    expect(second.requests[0]).toMatchObject({ path: "/v1/models?limit=1000" });
    expect(second.requests[0]?.headers.get("x-api-key")).toBe("sk-ant-key-123");
  });

  test("leaves out at OpenAI itself what does not chat", async () => {
    const models = createModels({
      ...scripted(openaiList),
      providers: [{ name: "openai", kind: "openai", apiKey: "k" }],
    });
    expect(handles(await models.list())).toEqual([
      "openai/gpt-4.1-mini",
      "openai/gpt-4o-mini",
      "openai/gpt-5-mini",
      "openai/o3",
    ]);
  });

  test("believes what a list says of a model", async () => {
    const world = scripted((url) => {
      if (url.includes("google")) {
        const chat = {
          name: "models/gemini-9",
          inputTokenLimit: 7_000,
          outputTokenLimit: 700,
          supportedGenerationMethods: ["generateContent"],
        };
        return json({
          models: [chat, { name: "models/text-embedding-004", supportedGenerationMethods: ["embedContent"] }],
        });
      }
      if (url.includes("together"))
        return json([
          { id: "meta/llama", type: "chat", context_length: 9_000 },
          { id: "flux", type: "image" },
        ]);
      return json({ data: [{ id: "qwen3", max_model_len: 5_000 }] });
    });
    const models = createModels({
      ...world,
      providers: [
        { name: "vllm", kind: "vllm" },
        { name: "google_ai", kind: "google_ai", apiKey: "k" },
        { name: "together", kind: "together", apiKey: "k" },
      ],
    });
    const list = await models.list();
    expect(list.map(({ config }) => [config.handle, config.contextWindow, config.maxTokens])).toEqual([
      ["google_ai/gemini-9", 7_000, 700],
      ["together/meta/llama", 9_000, null],
      ["vllm/qwen3", 5_000, null],
    ]);
    expect((await models.findEmbedding("google_ai/text-embedding-004", null))?.config.embeddingDim).toBe(768);
  });

  test("asks once for many callers, and again when the list is old", async () => {
    const world = scripted(openaiList);
    const models = createModels({ ...world, providers: [openai("http://x")] });
    await Promise.all(Array.from({ length: 20 }, () => models.list()));
    await models.find("openai/gpt-4o-mini");
    expect(world.urls.length).toBe(1);
    await world.clock.advance(299_000);
    await models.list();
    expect(world.urls.length).toBe(1);
    await world.clock.advance(2_000);
    await models.list();
    expect(world.urls.length).toBe(2);
  });

  test("leaves out a provider that does not answer in time, and asks it again soon", async () => {
    const world = scripted(() => new Promise<Response>(() => undefined));
    const models = createModels({ ...world, providers: [openai("http://x")] });
    const listing = models.list();
    await world.clock.advance(3_001);
    expect(handles(await listing)).toEqual([]);
    expect((await models.find("openai/anything"))?.config.model).toBe("anything");
    expect(world.urls.length).toBe(1);
    await world.clock.advance(15_001);
    const again = models.find("openai/anything");
    await world.clock.advance(3_001);
    expect(await again).toBeDefined();
    expect(world.urls.length).toBe(2);
  });
});

describe("find()", () => {
  const world = scripted((url) =>
    url.includes("down")
      ? json({}, 500)
      : json({ data: [{ id: "meta/llama-3.3" }, { id: "embed-it", type: "embeddings" }] }),
  );
  const models = createModels({
    ...world,
    providers: [
      { name: "my", kind: "openai_compatible", baseUrl: "http://up/v1", category: "byok" },
      { name: "my/own", kind: "openai_compatible", baseUrl: "http://up/v1", category: "byok" },
      { name: "down", kind: "anthropic", baseUrl: "http://down" },
    ],
  });

  test("takes names with slashes, of the longest fitting provider", async () => {
    expect((await models.find("my/meta/llama-3.3"))?.config).toMatchObject({
      providerName: "my",
      model: "meta/llama-3.3",
      providerCategory: "byok",
    });
    expect((await models.find("my/own/meta/llama-3.3"))?.config.providerName).toBe("my/own");
  });

  test("knows nothing that a list does not hold, and anything while there is no list", async () => {
    expect(await models.find("my/gpt-9")).toBeUndefined();
    expect(await models.findEmbedding("my/gpt-9", null)).toBeUndefined();
    expect((await models.findEmbedding("my/embed-it", null))?.config.embeddingModel).toBe("embed-it");
    expect((await models.find("down/claude-haiku-4-5"))?.config).toMatchObject({
      model: "claude-haiku-4-5-20251001",
      handle: "down/claude-haiku-4-5",
    });
    expect((await models.find("down/claude-new"))?.config.model).toBe("claude-new");
  });

  test.each(["nobody/model", "my", "my/", "", "/", "x".repeat(10_000)])("knows no %p", async (handle) => {
    expect(await models.find(handle)).toBeUndefined();
  });
});

describe("open()", () => {
  const world = scripted(() => json({}));
  const models = createModels({
    ...world,
    providers: [openai("http://x", { name: "mine" })],
    limits: { retriesMax: 0 },
  });

  test("names a provider that is not configured", async () => {
    const config = (await models.find("mine/gpt-4o-mini"))?.config;
    if (config === undefined) throw new Error("No model");
    const other = { ...config, handle: "groq/x", providerName: "groq", model: "x" };
    expect(() => models.open(other)).toThrow('The model provider "groq" of "groq/x" is not configured');
  });

  test("never sends the key to an address that an agent names", async () => {
    const info = await models.find("mine/gpt-4o-mini");
    if (info === undefined) throw new Error("No model");
    const config = { ...info.config, modelEndpoint: "http://evil.example/v1", providerName: null, handle: null };
    await heard(models.open(config), request()).catch(() => undefined);
    expect(world.urls.filter((url) => url.includes("evil"))).toEqual([]);
    expect(world.urls.at(-1)).toBe("http://x/v1/chat/completions");
  });
});

test("check() says what is wrong and what to do about it", async () => {
  const world = scripted((url) => {
    if (url.includes("good")) return openaiList();
    if (url.includes("key")) return json({ error: { message: "Incorrect API key provided: sk-secret-key-123" } }, 401);
    if (url.includes("web"))
      return new Response("<html><title>Welcome</title></html>", { headers: { "content-type": "text/html" } });
    if (url.includes("odd")) return json({ hello: "world" });
    throw new TypeError("fetch failed");
  });
  const providers = ["good", "key", "web", "odd", "gone"].map((name) => openai(`http://${name}`, { name }));
  const checks = await createModels({
    ...world,
    providers: [...providers, { name: "bedrock", kind: "bedrock", region: "us-east-1" }],
  }).check();
  const byName = Object.fromEntries(checks.map((check) => [check.provider, check]));
  expect(byName["good"]).toMatchObject({ ok: true, detail: "5 models, 1 embedding models" });
  expect(byName["key"]?.detail).toEndWith("; check its key");
  expect(byName["key"]?.detail).not.toContain("sk-secret-key-123");
  expect(byName["web"]).toMatchObject({ ok: false });
  expect(byName["web"]?.detail).toContain('an HTML page titled "Welcome"');
  expect(byName["odd"]?.detail).toContain("cannot be read");
  expect(byName["gone"]).toMatchObject({ ok: false });
  expect(byName["bedrock"]?.ok).toBe(true);
});
