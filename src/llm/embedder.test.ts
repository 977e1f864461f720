import { afterEach, describe, expect, test } from "bun:test";
import { Failure } from "../core/failure.ts";
import { type FakeProvider, fakeProvider, json, type ProviderRequest } from "./_test-provider.ts";
import { countingRandom, manualClock, realWorld, testLimits } from "./_test-world.ts";
import { EMBED_TEXTS_MAX } from "./call/provider-embedder.ts";
import { embeddingInfoOf } from "./catalog.ts";
import type { EmbeddingConfig } from "./config.ts";
import type { Embedder } from "./embedder.ts";
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

const SIGNAL = new AbortController().signal;

/** Four numbers that tell a text from others. */
const vectorOf = (text: string): number[] => [text.length, text.charCodeAt(0) || 0, 0.5, -1];
/** What OpenAI's protocol answers for these vectors. */
const answer = (vectors: readonly unknown[]) =>
  json({ object: "list", data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding })) });
const answerAll = ({ body }: ProviderRequest) => answer(body.input.map(vectorOf));

function open(
  settings: Omit<ProviderSettings, "name">,
  model = "tiny-embed",
  config: Partial<EmbeddingConfig> = {},
  world = realWorld(),
): Embedder {
  const named = { name: settings.kind, ...settings };
  const info = embeddingInfoOf(named, model);
  const models = createModels({ ...world, providers: [named], limits: testLimits({ requestTimeoutMs: 1_500 }) });
  const embedder = models.openEmbedder({ ...info.config, embeddingDim: 4, ...config }, null);
  if (embedder === undefined) throw new Error("Nothing embeds");
  return embedder;
}

const numbersOf = (vectors: readonly (Float32Array | null)[]) => vectors.map((vector) => vector && [...vector]);

describe("embed() speaks each family's protocol", () => {
  test.each([
    ["openai", "/v1/embeddings", "authorization", "Bearer key-12345678"],
    ["mistral", "/embeddings", "authorization", "Bearer key-12345678"],
    ["together", "/embeddings", "authorization", "Bearer key-12345678"],
    ["openrouter", "/embeddings", "authorization", "Bearer key-12345678"],
    ["ollama", "/v1/embeddings", "authorization", "Bearer key-12345678"],
    ["lmstudio", "/v1/embeddings", "authorization", "Bearer key-12345678"],
    ["llamacpp", "/v1/embeddings", "authorization", "Bearer key-12345678"],
    ["vllm", "/v1/embeddings", "authorization", "Bearer key-12345678"],
    ["openai_compatible", "/embeddings", "authorization", "Bearer key-12345678"],
    ["azure", "/openai/v1/embeddings?api-version=v1", "api-key", "key-12345678"],
  ] as const)("%s", async (kind, path, header, key) => {
    const server = serve(answerAll);
    const baseUrl = kind === "openai" ? `${server.url}/v1` : server.url;
    const embedder = open({ kind, baseUrl, apiKey: "key-12345678" });
    expect(numbersOf(await embedder.embed(["a", "bcd"], SIGNAL))).toEqual([vectorOf("a"), vectorOf("bcd")]);
    const [request] = server.requests;
    expect(request?.path).toBe(path);
    expect(request?.headers.get(header)).toBe(key);
    expect(request?.body).toMatchObject({ model: "tiny-embed", input: ["a", "bcd"] });
  });

  test("google_ai", async () => {
    const server = serve(({ body }) =>
      // biome-ignore lint/suspicious/noExplicitAny: what was sent
      json({ embeddings: body.requests.map((one: any) => ({ values: vectorOf(one.content.parts[0].text) })) }),
    );
    const embedder = open({ kind: "google_ai", baseUrl: server.url, apiKey: "key-12345678" }, "gemini-embedding-001");
    expect(numbersOf(await embedder.embed(["a", "bcd"], SIGNAL))).toEqual([vectorOf("a"), vectorOf("bcd")]);
    const [request] = server.requests;
    expect(request?.path).toBe("/v1beta/models/gemini-embedding-001:batchEmbedContents");
    expect(request?.headers.get("x-goog-api-key")).toBe("key-12345678");
    expect(request?.body.requests[0]).toMatchObject({
      model: "models/gemini-embedding-001",
      outputDimensionality: 4,
    });
  });

  test("bedrock", async () => {
    const server = serve(({ body }) => json({ embedding: vectorOf(body.inputText), inputTextTokenCount: 1 }));
    const settings = {
      kind: "bedrock",
      baseUrl: server.url,
      accessKeyId: "AKIAxxxxxxxx",
      secretAccessKey: "s".repeat(20),
    };
    const embedder = open({ ...settings, kind: "bedrock" }, "amazon.titan-embed-text-v2:0");
    expect(numbersOf(await embedder.embed(["a", "bcd"], SIGNAL))).toEqual([vectorOf("a"), vectorOf("bcd")]);
    expect(server.requests[0]?.headers.get("authorization")).toStartWith("AWS4-HMAC-SHA256");
  });

  test("azure with a dated version asks the deployment", async () => {
    const server = serve(answerAll);
    const settings = { kind: "azure", baseUrl: server.url, apiKey: "key-12345678", apiVersion: "2024-06-01" } as const;
    await open(settings, "my embed").embed(["a"], SIGNAL);
    expect(server.requests[0]?.path).toBe("/openai/deployments/my%20embed/embeddings?api-version=2024-06-01");
  });
});

test("embed() reads vectors written as bytes, and any order", async () => {
  const bytes = (text: string) => Buffer.from(Float32Array.from(vectorOf(text)).buffer).toString("base64");
  const server = serve(({ body }) =>
    json({
      data: body.input.map((text: string, index: number) => ({ index, embedding: bytes(text) })).reverse(),
    }),
  );
  const embedder = open({ kind: "openai", baseUrl: server.url });
  expect(numbersOf(await embedder.embed(["a", "bcd", "ef"], SIGNAL))).toEqual(["a", "bcd", "ef"].map(vectorOf));
  expect(server.requests[0]?.body.encoding_format).toBe("base64");
});

test("embed() asks for numbers where bytes are refused, and remembers it", async () => {
  const refusal = { object: "error", message: "base64 encoding is not currently supported", code: 400 };
  const server = serve((asked) => (asked.body.encoding_format === "base64" ? json(refusal, 400) : answerAll(asked)));
  const embedder = open({ kind: "openai", baseUrl: server.url });
  for (const text of ["a", "bcd"]) expect(numbersOf(await embedder.embed([text], SIGNAL))).toEqual([vectorOf(text)]);
  expect(server.requests.map(({ body }) => body.encoding_format)).toEqual(["base64", undefined, undefined]);
});

test("embed() keeps to the batch that is configured and to bounded requests, and keeps the order", async () => {
  const server = serve(answerAll);
  const embedder = open({ kind: "vllm", baseUrl: server.url }, "tiny-embed", { batchSize: 3 });
  const texts = Array.from({ length: 8 }, (_, i) => "x".repeat(i + 1));
  expect(numbersOf(await embedder.embed(texts, SIGNAL))).toEqual(texts.map(vectorOf));
  expect(server.requests.map(({ body }) => body.input.length)).toEqual([3, 3, 2]);
  const long = ["y".repeat(30_000), "y".repeat(30_000), "y".repeat(30_000), "z".repeat(99_000)];
  const large = open({ kind: "vllm", baseUrl: server.url }, "tiny-embed", { batchSize: 1_000_000 });
  expect((await large.embed(long, SIGNAL)).map((vector) => vector?.[0])).toEqual([30_000, 30_000, 30_000, 32_768]);
  expect(server.requests.slice(3).map(({ body }) => body.input.length)).toEqual([3, 1]);
  await expect(large.embed(new Array(EMBED_TEXTS_MAX + 1).fill("a"), SIGNAL)).rejects.toThrow(/at most/);
  expect(await large.embed([], SIGNAL)).toEqual([]);
});

test("embed() sends a space for an empty text, and no halves of pairs", async () => {
  const server = serve(answerAll);
  await open({ kind: "vllm", baseUrl: server.url }).embed(["", " \n", "a\ud83d"], SIGNAL);
  expect(server.requests[0]?.body.input).toEqual([" ", " ", "a\ufffd"]);
});

test("embed() takes a vector of zeros for none: it points nowhere", async () => {
  const server = serve(() =>
    answer([
      [0, 0, 0, 0],
      [0, 1, 0, 0],
    ]),
  );
  expect(numbersOf(await open({ kind: "vllm", baseUrl: server.url }).embed(["a", "b"], SIGNAL))).toEqual([
    null,
    [0, 1, 0, 0],
  ]);
});

test("embed() asks for a shorter vector where the model can give one", async () => {
  const server = serve(answerAll);
  const settings = { kind: "openai", baseUrl: server.url } as const;
  await open(settings, "text-embedding-3-large").embed(["a"], SIGNAL);
  await open(settings, "text-embedding-ada-002").embed(["a"], SIGNAL);
  expect(server.requests.map(({ body }) => body.dimensions)).toEqual([4, undefined]);
});

describe("embed() refuses what is no use, naming the model", () => {
  test.each([
    ["too few", [[1, 2, 3, 4]], "gave 1 vectors for 2 texts"],
    [
      "too short",
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
      "gave a vector of 3 numbers instead of 4; set embedding_dim to 3",
    ],
    [
      "no number",
      [
        [1, 2, 3, 4],
        [1, null, 3, 4],
      ],
      "gave a vector that holds something other than numbers",
    ],
    [
      "too large",
      [
        [1, 2, 3, 4],
        [1e300, 2, 3, 4],
      ],
      "gave a vector that holds something other than numbers",
    ],
    ["no vector", ["%%%", "%%%"], "gave a vector of 0 numbers instead of 4; set embedding_dim to 0"],
  ])("%s", async (_, vectors, message) => {
    const server = serve(() => answer(vectors));
    const failure = await open({ kind: "vllm", baseUrl: server.url })
      .embed(["a", "b"], SIGNAL)
      .catch((error) => error);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure.kind).toBe("refused");
    expect(failure.message).toBe(`The embedding model vllm/tiny-embed ${message}`);
    expect(server.requests).toHaveLength(1);
  });

  test("something other than the protocol", async () => {
    const server = serve(() => new Response("<html>hello</html>", { headers: { "content-type": "text/html" } }));
    const embedding = open({ kind: "vllm", baseUrl: server.url }).embed(["a"], SIGNAL);
    await expect(embedding).rejects.toMatchObject({ type: "llm_error", status: 502 });
  });
});

describe("embed() and failing providers", () => {
  test("tries again what passes, and not what does not", async () => {
    const server = serve((request, count) => (count < 3 ? json({ error: "busy" }, 503) : answerAll(request)));
    const models = createModels({
      ...realWorld(),
      random: countingRandom(0),
      providers: [{ name: "vllm", kind: "vllm", baseUrl: server.url }],
      limits: { retriesMax: 2 },
    });
    const { config } = embeddingInfoOf({ name: "vllm", kind: "vllm" }, "tiny-embed");
    expect(await models.openEmbedder({ ...config, embeddingDim: 4 }, null)?.embed(["a"], SIGNAL)).toHaveLength(1);
    expect(server.requests).toHaveLength(3);
    const denied = serve(() => json({ error: { message: "Incorrect API key sk-1234567890abcdef" } }, 401));
    const failure = await open({ kind: "vllm", baseUrl: denied.url })
      .embed(["a", "b"], SIGNAL)
      .catch((error) => error);
    expect(failure).toMatchObject({ kind: "unauthorized", type: "llm_authentication", status: 401 });
    expect(failure.detail).not.toContain("1234567890abcdef");
    expect(denied.requests).toHaveLength(1);
  });

  test("gives up after the time that a request may take", async () => {
    const server = serve(() => new Promise<Response>(() => undefined));
    const embedding = open({ kind: "vllm", baseUrl: server.url }).embed(["a"], SIGNAL);
    await expect(embedding).rejects.toMatchObject({ type: "llm_timeout", kind: "timeout" });
  });

  test("stops when it is told to", async () => {
    const stop = new AbortController();
    const server = serve(() => {
      stop.abort(new Error("enough"));
      return new Promise<Response>(() => undefined);
    });
    await expect(open({ kind: "vllm", baseUrl: server.url }).embed(["a"], stop.signal)).rejects.toThrow("enough");
  });

  test("leaves out one text that is refused, and no other", async () => {
    const server = serve((request) =>
      request.body.input.includes("bad") ? json({ error: { message: "no" } }, 400) : answerAll(request),
    );
    const texts = ["a", "b", "bad", "c", "d"];
    const vectors = await open({ kind: "vllm", baseUrl: server.url }).embed(texts, SIGNAL);
    expect(numbersOf(vectors)).toEqual(texts.map((text) => (text === "bad" ? null : vectorOf(text))));
  });

  test("throws when every text is refused, after few requests", async () => {
    const server = serve(() => json({ error: { message: "unknown parameter" } }, 400));
    const texts = Array.from({ length: 32 }, (_, i) => `text ${i}`);
    const embedding = open({ kind: "vllm", baseUrl: server.url }).embed(texts, SIGNAL);
    await expect(embedding).rejects.toMatchObject({ type: "llm_bad_request" });
    expect(server.requests.length).toBeLessThanOrEqual(8);
  });

  test("cuts a text that is too long for the model", async () => {
    const server = serve((request) =>
      request.body.input.some((text: string) => text.length > 1_000)
        ? json({ error: { message: "This model's maximum context length is 512 tokens" } }, 400)
        : answerAll(request),
    );
    const vectors = await open({ kind: "vllm", baseUrl: server.url }).embed(["a", "b".repeat(7_000)], SIGNAL);
    expect(vectors.map((vector) => vector?.[0])).toEqual([1, 875]);
  });
});

describe("openEmbedder()", () => {
  const settings = { name: "vllm", kind: "vllm", baseUrl: "http://127.0.0.1:1" } as const;
  const models = createModels({ ...realWorld(), providers: [settings, { name: "anthropic", kind: "anthropic" }] });
  const { config } = embeddingInfoOf(settings, "tiny-embed");

  test("tells vectors of different models and sizes apart", () => {
    expect(models.openEmbedder(config, null)).toMatchObject({
      key: "vllm/tiny-embed tiny-embed 1536",
      handle: "vllm/tiny-embed",
    });
    expect(models.openEmbedder({ ...config, embeddingDim: 8 }, null)).toMatchObject({
      key: "vllm/tiny-embed tiny-embed 8",
      dimensions: 8,
    });
    expect(models.openEmbedder({ ...config, handle: null }, null)?.key).toBe("vllm tiny-embed 1536");
  });

  test("has none for Letta's free service, for providers that are not there, and for those without embeddings", async () => {
    const free = await models.findEmbedding("letta/letta-free", null);
    expect(free?.config).toMatchObject({ handle: "letta/letta-free", embeddingDim: 1536 });
    expect(free && models.openEmbedder(free.config, null)).toBeUndefined();
    const old = { ...config, handle: null, embeddingModel: "any", embeddingEndpoint: "https://embeddings.memgpt.ai" };
    expect(models.openEmbedder(old, null)).toBeUndefined();
    expect(models.openEmbedder({ ...config, handle: "openai/text-embedding-3-small" }, null)).toBeUndefined();
    expect(models.openEmbedder({ ...config, handle: null, embeddingEndpointType: "pinecone" }, null)).toBeUndefined();
    expect(models.openEmbedder({ ...config, handle: "anthropic/embed" }, null)).toBeUndefined();
    expect((await models.listEmbeddings(null)).map((info) => info.config.handle)).not.toContain("letta/letta-free");
  });
});

describe("findEmbedding()", () => {
  test("asks a model of unknown size for one vector, once", async () => {
    const server = serve((request) =>
      request.path.endsWith("/models") ? json({ data: [{ id: "my-embed" }, { id: "bge-small" }] }) : answerAll(request),
    );
    const models = createModels({ ...realWorld(), providers: [{ name: "vllm", kind: "vllm", baseUrl: server.url }] });
    for (let i = 0; i < 2; i++)
      expect((await models.findEmbedding("vllm/my-embed", null))?.config.embeddingDim).toBe(4);
    expect((await models.findEmbedding("vllm/bge-small", null))?.config.embeddingDim).toBe(384);
    expect(server.requests.map(({ path }) => path)).toEqual(["/v1/models", "/v1/embeddings"]);
  });

  test("takes the usual size when the model does not answer in time", async () => {
    const clock = manualClock({ jumps: true });
    const fetch = async (input: string | URL | Request) =>
      String(input).endsWith("/models") ? json({ data: [{ id: "my-embed" }] }) : new Promise<Response>(() => undefined);
    const world = { clock, fetch, random: countingRandom() };
    const models = createModels({ ...world, providers: [{ name: "vllm", kind: "vllm", baseUrl: "http://x" }] });
    expect((await models.findEmbedding("vllm/my-embed", null))?.config.embeddingDim).toBe(1536);
  });
});
