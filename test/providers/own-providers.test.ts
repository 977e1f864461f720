import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createSecretBox, keysInMemory } from "../../src/app/sealing/box.ts";
import { type Answer, eventsOf, startTestServer, type TestServer } from "../_harness/server.ts";
import { startServer, temporaryDirectory } from "../_harness/server-process.ts";

// A provider that wants keys of its own, the whole server before it, and what an organisation can set through the API.

/** What a key is told by in whatever is read. */
const KEY = "sk-canary-5d1f0c";
const OTHER_KEY = "sk-canary-other-77";

/** A model server of somebody's own: it answers to some keys, and remembers which it was asked with. */
interface OwnModelServer {
  readonly baseUrl: string;
  /** Keys of the chat requests so far. */
  readonly keys: string[];
  /** How often its models were asked for. */
  listings: number;
  models: readonly string[];
  allowed: readonly string[];
  /** Called when it is asked to answer; what it gives is the answer. */
  reply: (() => Promise<object | undefined>) | undefined;
  /** Answers its list with this instead. */
  answer: (() => Response | Promise<Response>) | undefined;
  stop(): Promise<void>;
}

function startOwnModels(): OwnModelServer {
  const own = { keys: [] as string[], listings: 0, models: ["gpt-4o", "gpt-4.1"], allowed: [KEY, OTHER_KEY] };
  const state: Omit<OwnModelServer, "baseUrl" | "stop"> = { ...own, answer: undefined, reply: undefined };
  const http = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const key = (request.headers.get("authorization") ?? "").replace("Bearer ", "");
      if (request.url.endsWith("/models")) {
        state.listings++;
        if (state.answer !== undefined) return state.answer();
        if (!state.allowed.includes(key))
          return Response.json({ error: { message: `Incorrect API key provided: ${key}` } }, { status: 401 });
        return Response.json({ data: state.models.map((id) => ({ id })) });
      }
      state.keys.push(key);
      const { model } = (await request.json()) as { model: string };
      const message = (await state.reply?.()) ?? { role: "assistant", content: `I am ${model}.` };
      const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
      return Response.json({
        id: "c",
        object: "chat.completion",
        choices: [{ index: 0, message, finish_reason: "stop" }],
        usage,
      });
    },
  });
  return Object.assign(state, { baseUrl: `http://127.0.0.1:${http.port}/v1`, stop: () => http.stop(true) });
}

let server: TestServer;
let own: OwnModelServer;
const told: string[] = [];

beforeEach(async () => {
  own = startOwnModels();
  server = await startTestServer({
    allowsPrivateUrls: true,
    secretBox: createSecretBox(keysInMemory()),
    log: (message, error) => told.push(`${message} ${String(error)}`),
  });
});

afterEach(async () => {
  await server.close();
  await own.stop();
});

const draftOf = (extra: object = {}) => ({
  name: "mine",
  provider_type: "openai",
  api_key: KEY,
  base_url: own.baseUrl,
  ...extra,
});
const create = (extra?: object): Promise<Answer> => server.ok("POST", "/v1/providers/", draftOf(extra));
const say = (agentId: string) =>
  server.request("POST", `/v1/agents/${agentId}/messages`, { messages: [{ role: "user", content: "Who are you?" }] });
const wordsOf = ({ body }: { readonly body: Answer }) =>
  body.messages?.filter((one: Answer) => one.message_type === "assistant_message").map((one: Answer) => one.content);

describe("POST /v1/providers", () => {
  test("keeps a provider once it has said which models it has, and tells its key to nobody", async () => {
    const provider = await create();
    expect(provider).toMatchObject({
      name: "mine",
      provider_type: "openai",
      provider_category: "byok",
      api_key: null,
      api_key_enc: "********",
      access_key_enc: null,
      base_url: own.baseUrl,
      last_synced: expect.any(String),
    });
    expect(own.listings).toBe(1);
    const byok = await server.ok("GET", "/v1/models/?provider_category=byok");
    expect(byok.map((model: Answer) => [model.handle, model.provider_name, model.provider_category])).toEqual([
      ["mine/gpt-4.1", "mine", "byok"],
      ["mine/gpt-4o", "mine", "byok"],
    ]);
    const base = await server.ok("GET", "/v1/models/?provider_category=base");
    expect(base.some((model: Answer) => model.handle.startsWith("mine/"))).toBe(false);
    expect(own.listings).toBe(1);
    const agentId = await server.agent({ model: "mine/gpt-4o" });
    await say(agentId);
    const shown = await Promise.all(
      [`/v1/providers/`, `/v1/providers/${provider.id}`, "/v1/models/", `/v1/agents/${agentId}`, "/v1/audit"].map(
        (path) => server.ok("GET", path),
      ),
    );
    expect(JSON.stringify(shown)).not.toContain(KEY);
    expect(told.join("\n")).not.toContain(KEY);
    for (const { name } of (
      await server.database.reader.execute("select name from sqlite_master where type = 'table'", [])
    ).rows) {
      const { rows } = await server.database.reader.execute(`select * from "${name}"`, []);
      expect([name, JSON.stringify(rows).includes(KEY)]).toEqual([name, false]);
    }
  });

  test("refuses a key that the provider refuses, in its words and without the key, and keeps nothing", async () => {
    for (const path of ["/v1/providers/", "/v1/providers/check"]) {
      const { status, body } = await server.request("POST", path, draftOf({ api_key: "sk-wrong-canary" }));
      expect([path, status, body.detail]).toEqual([path, 400, expect.stringContaining("check the key")]);
      expect(JSON.stringify(body)).not.toContain("sk-wrong-canary");
    }
    expect(await server.ok("GET", "/v1/providers/")).toEqual([]);
  });

  test("refuses a name that is taken, by the server or by another, before the key is sent anywhere", async () => {
    await create();
    own.listings = 0;
    for (const name of ["mine", "openai", "selkie", "plugin", "letta"]) {
      const { status, body } = await server.request("POST", "/v1/providers/", draftOf({ name }));
      expect([name, status, String(body.detail)]).toEqual([name, 409, expect.stringContaining(`'${name}'`)]);
    }
    expect(own.listings).toBe(0);
    expect(await server.ok("GET", "/v1/providers/")).toHaveLength(1);
  });

  test("names what is wrong with a draft, and the types that it knows", async () => {
    const cases: readonly (readonly [object, number, string])[] = [
      [{ provider_type: "zai" }, 400, "openai, anthropic, ollama"],
      [{ name: "a/b" }, 422, "body.name"],
      [{ name: "" }, 422, "body.name"],
      [{ name: "x".repeat(65) }, 422, "body.name"],
      [{ api_key: "two words" }, 422, "body.api_key"],
      [{ api_key: "line\nbreak" }, 422, "body.api_key"],
      [{ api_key: 5 }, 422, "body.api_key"],
      [{ provider_type: "azure", base_url: "" }, 422, "body.base_url"],
      [{ provider_type: "bedrock" }, 422, "body.region"],
      [{ provider_type: "bedrock", region: "us-east-1" }, 422, "body.access_key"],
      [{ provider_type: "bedrock", region: "evil.example/#" }, 422, "body.region"],
      [{ base_url: "ftp://example.com" }, 400, "must begin with http"],
    ];
    for (const [extra, wanted, words] of cases) {
      const { status, body } = await server.request("POST", "/v1/providers/", draftOf(extra));
      expect([extra, status, JSON.stringify(body)]).toEqual([extra, wanted, expect.stringContaining(words)]);
      expect(JSON.stringify(body)).not.toContain("two words");
    }
    expect(await server.ok("GET", "/v1/providers/")).toEqual([]);
  });

  test("says so where the provider does not answer, or not with a list", async () => {
    own.answer = () => new Response("<html>", { headers: { "content-type": "text/html" } });
    expect((await server.request("POST", "/v1/providers/", draftOf())).status).toBe(503);
    own.answer = () => Response.json({ error: "down" }, { status: 500 });
    expect((await server.request("POST", "/v1/providers/", draftOf())).status).toBe(503);
    own.answer = () => Response.redirect("http://127.0.0.1:9/", 302);
    expect((await server.request("POST", "/v1/providers/", draftOf())).status).toBe(503);
    const nobody = await server.request("POST", "/v1/providers/", draftOf({ base_url: "http://127.0.0.1:9/v1" }));
    expect([nobody.status, nobody.body.detail]).toEqual([503, expect.stringContaining("check its address")]);
    expect(await server.ok("GET", "/v1/providers/")).toEqual([]);
  });
});

test("an address of this machine is refused unless the server allows such, whatever leads there", async () => {
  const closed = await startTestServer({ resolveHost: async () => ["127.0.0.1"] });
  try {
    own.listings = 0;
    for (const base_url of [own.baseUrl, "https://inside.example.com/v1", undefined]) {
      const type = base_url === undefined ? "ollama" : "openai";
      const draft = { ...draftOf({ provider_type: type }), base_url };
      const { status, body } = await closed.request("POST", "/v1/providers/", draft);
      expect([base_url, status, body.detail]).toEqual([
        base_url,
        400,
        expect.stringContaining("is not on the public internet"),
      ]);
    }
    expect(own.listings).toBe(0);
  } finally {
    await closed.close();
  }
});

describe("an agent of an own provider", () => {
  test("is answered by its key, streamed too, and by the next key from the next step on", async () => {
    const provider = await create();
    const agentId = await server.agent({ model: "mine/gpt-4o" });
    const agent = await server.ok("GET", `/v1/agents/${agentId}`);
    expect(agent.llm_config).toMatchObject({ handle: "mine/gpt-4o", provider_name: "mine", provider_category: "byok" });
    expect(wordsOf(await say(agentId))).toEqual(["I am gpt-4o."]);
    const streamed = await server.stream(`/v1/agents/${agentId}/messages/stream`, {
      messages: [{ role: "user", content: "And now?" }],
      stream_tokens: true,
    });
    expect(JSON.stringify(await eventsOf(streamed))).toContain("I am gpt-4o.");
    await server.ok("PATCH", `/v1/providers/${provider.id}`, { api_key: OTHER_KEY });
    await say(agentId);
    expect(own.keys).toEqual([KEY, KEY, OTHER_KEY]);
    expect(server.model.requests).toEqual([]);
    const [step] = await server.ok("GET", `/v1/steps/?agent_id=${agentId}&limit=1`);
    expect(step).toMatchObject({ provider_name: "mine", provider_category: "byok", model_handle: "mine/gpt-4o" });
  });

  test("ends a run whose provider is deleted meanwhile with words that name it", async () => {
    const { id } = await create();
    const agentId = await server.agent({ model: "mine/gpt-4o" });
    const call = { name: "memory_insert", arguments: JSON.stringify({ label: "human", new_string: "Likes tea" }) };
    own.reply = async () => {
      await server.ok("DELETE", `/v1/providers/${id}`);
      return {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "call_123456789", type: "function", function: call }],
      };
    };
    const { status, body } = await say(agentId);
    expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining('provider \\"mine\\" of')]);
    expect(own.keys).toHaveLength(1);
    const [run] = await server.ok("GET", `/v1/runs/?agent_id=${agentId}`);
    expect(run).toMatchObject({ status: "failed", stop_reason: "error" });
    const steps = await server.ok("GET", `/v1/runs/${run.id}/steps`);
    expect(JSON.stringify(steps)).toContain('provider \\"mine\\" of');
    const { value } = await server.ok("GET", `/v1/agents/${agentId}/core-memory/blocks/human`);
    expect(value).toContain("Likes tea");
  });

  test("says whose provider is gone at the next message, and works again with another model", async () => {
    const { id } = await create();
    const agentId = await server.agent({ model: "mine/gpt-4o" });
    await say(agentId);
    await server.ok("DELETE", `/v1/providers/${id}`);
    const { status, body } = await say(agentId);
    expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining('"mine\\" of \\"mine/gpt-4o')]);
    expect(own.keys).toHaveLength(1);
    await server.ok("PATCH", `/v1/agents/${agentId}`, { model: "openai/gpt-4o-mini" });
    expect((await say(agentId)).status).toBe(200);
    // The same name again is another provider.
    await create({ api_key: OTHER_KEY });
    await server.ok("PATCH", `/v1/agents/${agentId}`, { model: "mine/gpt-4.1" });
    expect(wordsOf(await say(agentId))).toEqual(["I am gpt-4.1."]);
    expect(own.keys).toEqual([KEY, OTHER_KEY]);
  });

  test("takes no model that its provider has not, before or after it is asked again", async () => {
    const { id } = await create();
    const wish = { model: "mine/gpt-5-mini" };
    const { status, body } = await server.request("POST", "/v1/agents/", wish);
    expect([status, body.detail]).toEqual([404, expect.stringContaining("'mine/gpt-4o'")]);
    own.models = ["gpt-5-mini"];
    await server.ok("PATCH", `/v1/providers/${id}/refresh`);
    const byok = await server.ok("GET", "/v1/models/?provider_name=mine");
    expect(byok.map(({ handle }: Answer) => handle)).toEqual(["mine/gpt-5-mini"]);
    expect((await server.request("POST", "/v1/agents/", wish)).status).toBe(200);
  });

  test("is answered after a restart, without its provider's list being asked for", async () => {
    await create();
    const agentId = await server.agent({ model: "mine/gpt-4o" });
    own.listings = 0;
    const { api } = await server.restarted();
    const response = await api.request(`http://localhost/v1/agents/${agentId}/messages`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ messages: [{ role: "user", content: "Still there?" }] }),
    });
    expect(response.status).toBe(200);
    expect([own.keys, own.listings]).toEqual([[KEY], 0]);
  });
});

describe("PATCH /v1/providers/{id}", () => {
  test("changes nothing where the provider refuses the change, and wants the key with another address", async () => {
    const { id } = await create();
    const refused = await server.request("PATCH", `/v1/providers/${id}`, { api_key: "sk-wrong" });
    expect(refused.status).toBe(400);
    const elsewhere = await server.request("PATCH", `/v1/providers/${id}`, {
      base_url: "https://elsewhere.example/v1",
    });
    expect([elsewhere.status, JSON.stringify(elsewhere.body)]).toEqual([422, expect.stringContaining("body.api_key")]);
    const agentId = await server.agent({ model: "mine/gpt-4o" });
    await say(agentId);
    expect(own.keys).toEqual([KEY]);
    // The mask that is shown stands for what is kept.
    await server.ok("PATCH", `/v1/providers/${id}`, { api_key: "********", api_version: "7" });
    await say(agentId);
    expect(own.keys).toEqual([KEY, KEY]);
    expect(await server.ok("GET", `/v1/providers/${id}`)).toMatchObject({ api_version: "7", base_url: own.baseUrl });
  });

  test("does not write over what somebody else changed while the provider was asked", async () => {
    const { id } = await create();
    const gate = Promise.withResolvers<void>();
    own.answer = async () => {
      own.answer = undefined;
      await gate.promise;
      return Response.json({ data: [{ id: "gpt-4o" }] });
    };
    const slow = server.request("PATCH", `/v1/providers/${id}`, { api_key: OTHER_KEY });
    while (own.answer !== undefined) await Bun.sleep(5);
    await server.ok("PATCH", `/v1/providers/${id}`, { api_version: "9" });
    gate.resolve();
    const { status, body } = await slow;
    expect([status, JSON.stringify(body)]).toEqual([409, expect.stringContaining("try again")]);
    await say(await server.agent({ model: "mine/gpt-4o" }));
    expect(own.keys).toEqual([KEY]);
  });
});

test("POST /v1/providers/{id}/check says whether the key still holds", async () => {
  const { id } = await create();
  expect(await server.ok("POST", `/v1/providers/${id}/check`)).toEqual({
    message: "Valid api key for provider_type=openai",
  });
  own.allowed = [];
  expect((await server.request("POST", `/v1/providers/${id}/check`)).status).toBe(400);
});

test("GET /v1/providers pages, and finds by name and type", async () => {
  for (const name of ["a", "b", "c"]) await create({ name });
  const names = async (query: string) =>
    (await server.ok("GET", `/v1/providers/${query}`)).map((one: Answer) => one.name);
  expect(await names("")).toEqual(["c", "b", "a"]);
  expect(await names("?order=asc&limit=2")).toEqual(["a", "b"]);
  expect(await names("?name=b")).toEqual(["b"]);
  expect(await names("?provider_type=anthropic")).toEqual([]);
});

test("a change of keys seals those of providers anew, and a key that is lost is told of and can be set again", async () => {
  const { id } = await create();
  const agentId = await server.agent({ model: "mine/gpt-4o" });
  const sealed = async () =>
    (await server.database.reader.execute("select key_id, sealed from secrets where owner_id = $1", [id])).rows[0];
  const before = await sealed();
  const rotated = await server.ok("POST", "/v1/secrets/rotate");
  expect(rotated.resealed).toBeGreaterThan(0);
  const after = await sealed();
  expect(after?.["key_id"]).not.toBe(before?.["key_id"]);
  await say(agentId);
  expect(own.keys).toEqual([KEY]);
  await server.database.writer.execute("update secrets set key_id = 'gone' where owner_id = $1", [id]);
  const lost = await server.restarted();
  const ask = (method: string, path: string, body: object) =>
    lost.api.request(`http://localhost${path}`, {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const words = { messages: [{ role: "user", content: "Hello" }] };
  const refused = await ask("POST", `/v1/agents/${agentId}/messages`, words);
  expect([refused.status, await refused.text()]).toEqual([503, expect.stringContaining("cannot be read")]);
  expect((await ask("PATCH", `/v1/providers/${id}`, { api_key: OTHER_KEY })).status).toBe(200);
  expect((await ask("POST", `/v1/agents/${agentId}/messages`, words)).status).toBe(200);
  expect(own.keys).toEqual([KEY, OTHER_KEY]);
});

test("a name that the server is given later stays the organisation's: its agents are answered where they were", async () => {
  const directory = temporaryDirectory();
  const allowing = { SELKIE_ALLOW_PRIVATE_URLS: "true" };
  const body = { name: "deepseek", provider_type: "openai", api_key: KEY, base_url: own.baseUrl };
  const post = async (url: string, path: string, sent: object): Promise<Answer> => {
    const headers = { "content-type": "application/json" };
    return (await fetch(url + path, { method: "POST", headers, body: JSON.stringify(sent) })).json();
  };
  const first = await startServer(directory.path, allowing);
  await post(first.url, "/v1/providers/", body);
  const { id } = await post(first.url, "/v1/agents/", { model: "deepseek/gpt-4o" });
  expect(await first.stop()).toBe(0);
  const elsewhere = startOwnModels();
  const later = { DEEPSEEK_API_KEY: OTHER_KEY, DEEPSEEK_BASE_URL: elsewhere.baseUrl };
  const second = await startServer(directory.path, { ...allowing, ...later });
  try {
    const said = await post(second.url, `/v1/agents/${id}/messages`, {
      messages: [{ role: "user", content: "Hello" }],
    });
    expect(wordsOf({ body: said })).toEqual(["I am gpt-4o."]);
    expect([own.keys, elsewhere.keys]).toEqual([[KEY], []]);
    const models: Answer = await (await fetch(`${second.url}/v1/models/`)).json();
    const listed = models.filter(({ provider_name }: Answer) => provider_name === "deepseek");
    expect(new Set(listed.map((model: Answer) => model.provider_category))).toEqual(new Set(["byok"]));
  } finally {
    await second.stop();
    await elsewhere.stop();
    directory.remove();
  }
});
