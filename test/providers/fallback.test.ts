import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { ServerOptions } from "../../src/app/compose.ts";
import { chunk, type ModelServer, startModelServer } from "../_harness/model-server.ts";
import { type Answer, eventsOf, startTestServer, type TestServer } from "../_harness/server.ts";

// Three providers, of which some fail: what answers an agent, and what is told of those that did not.

let [first, second, third]: ModelServer[] = [];
let server: TestServer;

async function start(extra: Partial<ServerOptions> = {}): Promise<void> {
  [first, second, third] = [startModelServer(), startModelServer(), startModelServer()];
  const providers = [first, second, third].map((model, index) => ({
    name: ["one", "two", "three"][index] ?? "",
    kind: "openai_compatible" as const,
    apiKey: "sk-scripted",
    baseUrl: model.environment["OPENAI_API_BASE"] ?? "",
  }));
  server = await startTestServer({ providers, ...extra });
}

beforeEach(() => start());

async function stop(): Promise<void> {
  await server.close();
  for (const model of [first, second, third]) await model?.stop();
}

afterEach(stop);

const CHAIN = { fallback_models: ["two/gpt-4o", "three/gpt-4o"] };
const agentOf = (extra: object = CHAIN) => server.agent({ model: "one/gpt-4o-mini", ...extra });
const input = { messages: [{ role: "user", content: "Who are you?" }] };
const say = (id: string, extra: object = {}) =>
  server.request("POST", `/v1/agents/${id}/messages`, { ...input, ...extra });
const wordsOf = ({ body }: { readonly body: Answer }) =>
  body.messages?.filter((one: Answer) => one.message_type === "assistant_message").map((one: Answer) => one.content);
const stepsOf = (agentId: string) => server.ok("GET", `/v1/steps/?agent_id=${agentId}&order=asc`);
const asked = () => [first, second, third].map((model) => model?.requests.length);
/** A provider that answers nothing but this. */
const fails = (model: ModelServer | undefined, status: number, body?: string) =>
  model?.always(() => ({ status, ...(body === undefined ? {} : { body }) }));

/** Statuses that are the provider's own trouble, and what they are called. */
const OUTAGES: Readonly<Record<number, string>> = {
  500: "llm_error",
  503: "llm_error",
  429: "llm_rate_limit",
  401: "llm_authentication",
  402: "llm_insufficient_credits",
  403: "llm_permission_denied",
  404: "llm_not_found",
};

describe("a chain of models", () => {
  for (const [status, why] of Object.entries(OUTAGES))
    test(`goes on where a provider answers ${status}, and tells why with the step`, async () => {
      fails(first, Number(status));
      second?.say({ text: "I am the second." });
      const agentId = await agentOf();
      const answer = await say(agentId);
      expect([answer.status, wordsOf(answer)]).toEqual([200, ["I am the second."]]);
      const [step] = await stepsOf(agentId);
      expect(step).toMatchObject({
        status: "success",
        provider_name: "two",
        model: "gpt-4o",
        model_handle: "two/gpt-4o",
        error_type: null,
        error_data: { tried: [{ model: "one/gpt-4o-mini", why, was_passed_over: false }] },
      });
      const context = await server.ok("GET", `/v1/steps/${step.id}/context`);
      expect(context.tried).toEqual(step.error_data.tried);
      const messages = await server.ok("GET", `/v1/agents/${agentId}/messages`);
      expect(messages.filter((one: Answer) => one.message_type === "user_message")).toHaveLength(1);
      expect(third?.requests).toEqual([]);
    });

  test("goes on where nobody is at the address, and to the third where the second fails too", async () => {
    await first?.stop();
    fails(second, 500);
    third?.say({ text: "I am the third." });
    const agentId = await agentOf();
    expect(wordsOf(await say(agentId))).toEqual(["I am the third."]);
    const [{ error_data }] = await stepsOf(agentId);
    expect(error_data.tried.map(({ model }: Answer) => model)).toEqual(["one/gpt-4o-mini", "two/gpt-4o"]);
  });

  test("stays with the own model where the request is what is wrong, whatever that is called", async () => {
    for (const [status, body] of [
      [400, '{"error":{"message":"no such role"}}'],
      [422, '{"error":{"message":"cannot be processed"}}'],
      [403, '{"error":{"message":"input was flagged"}}'],
    ] as const) {
      fails(first, status, body);
      const agentId = await agentOf();
      const answer = await say(agentId);
      expect([status, answer.status >= 400]).toEqual([status, true]);
    }
    expect([second?.requests, third?.requests]).toEqual([[], []]);
  });

  test("fails as the own model did where none answers, and names them all", async () => {
    fails(first, 429);
    fails(second, 500);
    fails(third, 400);
    const agentId = await agentOf();
    const { status } = await say(agentId);
    expect(status).toBe(429);
    const [step] = await stepsOf(agentId);
    expect(step).toMatchObject({ status: "failed", model_handle: "one/gpt-4o-mini", error_type: "llm_rate_limit" });
    expect(step.error_data.tried.map(({ model, why }: Answer) => [model, why])).toEqual([
      ["one/gpt-4o-mini", "llm_rate_limit"],
      ["two/gpt-4o", "llm_error"],
      ["three/gpt-4o", "llm_bad_request"],
    ]);
    // What only a stand-in could not read is in nobody's way.
    first?.always(() => ({ text: "Again here." }));
    expect(wordsOf(await say(agentId))).toEqual(["Again here."]);
    expect(JSON.stringify(first?.requests.at(-1)?.messages)).toContain("Who are you?");
  });

  test("passes over a model that failed a moment ago, and says so", async () => {
    fails(first, 500);
    const agentId = await agentOf();
    await say(agentId);
    const before = first?.requests.length;
    expect((await say(agentId)).status).toBe(200);
    expect(first?.requests.length).toBe(before);
    const [, step] = await stepsOf(agentId);
    expect(step.error_data.tried).toMatchObject([
      { model: "one/gpt-4o-mini", why: "llm_error", was_passed_over: true },
    ]);
    // It is asked all the same where the others fail.
    fails(second, 500);
    fails(third, 500);
    first?.always(() => ({ text: "Here I am again." }));
    expect(wordsOf(await say(agentId))).toEqual(["Here I am again."]);
    const again = await say(agentId);
    expect(wordsOf(again)).toEqual(["Here I am again."]);
    expect((await stepsOf(agentId)).at(-1).error_data).toBeNull();
  });

  test("ends where the last model is named by another handle than its own", async () => {
    await stop();
    let calls = 0;
    const dated = "claude-haiku-4-5-20251001";
    const claude = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch({ url }) {
        if (new URL(url).pathname.endsWith("/models")) return Response.json({ data: [{ id: dated }] });
        calls++;
        return Response.json({ type: "error", error: { type: "api_error", message: "down" } }, { status: 500 });
      },
    });
    const base = `http://127.0.0.1:${claude.port}/v1`;
    await start({ providers: [{ name: "claude", kind: "anthropic", apiKey: "sk-scripted", baseUrl: base }] });
    const agentId = await server.agent({ model: `claude/${dated}`, fallback_models: [`claude/${dated}`] });
    expect((await say(agentId)).status).toBeGreaterThanOrEqual(500);
    // The own model and the one that stands in, each with its retries.
    expect(calls).toBe(6);
    await claude.stop(true);
  });

  test("goes through a whole run with tools: each step once, each tool once", async () => {
    const call = { name: "memory_insert", arguments: { label: "human", new_string: "Likes tea", insert_line: -1 } };
    first?.say({ calls: [call] });
    const agentId = await agentOf();
    // The second step fails here.
    const failing = { status: 500 };
    first?.say(failing, failing, failing);
    second?.say({ text: "Noted." });
    const answer = await say(agentId);
    expect(wordsOf(answer)).toEqual(["Noted."]);
    const steps = await stepsOf(agentId);
    expect(steps.map(({ model_handle }: Answer) => model_handle)).toEqual(["one/gpt-4o-mini", "two/gpt-4o"]);
    const { value } = await server.ok("GET", `/v1/agents/${agentId}/core-memory/blocks/human`);
    expect(value.split("Likes tea")).toHaveLength(2);
    // What the first model said is part of what the second reads.
    expect(JSON.stringify(second?.requests[0]?.messages)).toContain("memory_insert");
  });

  test("does not begin anew behind words that a client has heard", async () => {
    const broken = [chunk({ role: "assistant" }), chunk({ content: "The tide " }), chunk({ content: "comes " })];
    first?.always(() => ({
      respond: () => {
        const body = new ReadableStream({
          async start(out) {
            for (const part of broken) out.enqueue(new TextEncoder().encode(part));
            await Bun.sleep(50);
            out.close();
          },
        });
        return new Response(body, { headers: { "content-type": "text/event-stream" } });
      },
    }));
    const agentId = await agentOf();
    const streamed = await server.stream(`/v1/agents/${agentId}/messages/stream`, { ...input, stream_tokens: true });
    const events = JSON.stringify(await eventsOf(streamed));
    expect(events).toContain("The tide ");
    expect(events).toContain("llm_api_error");
    expect(second?.requests).toEqual([]);
    // Nobody has heard anything where no tokens are told.
    const other = await agentOf();
    second?.say({ text: "At noon." });
    expect(wordsOf(await say(other))).toEqual(["At noon."]);
  });

  test("is streamed as one answer where the first model never said a word", async () => {
    fails(first, 503);
    second?.say({ text: "I am the second." });
    const agentId = await agentOf();
    const streamed = await server.stream(`/v1/agents/${agentId}/messages/stream`, { ...input, stream_tokens: true });
    const events = (await eventsOf(streamed)).filter((event: Answer) => event.message_type === "assistant_message");
    expect(events.map(({ content }: Answer) => content).join("")).toBe("I am the second.");
    expect(new Set(events.map(({ id }: Answer) => id)).size).toBe(1);
  });
});

describe("what a chain costs", () => {
  test("each try is reserved and settled, so that nothing stays held", async () => {
    fails(first, 500);
    second?.say({ text: "Here.", totalTokens: 40 });
    const agentId = await agentOf();
    const limit = { kind: "tokens", window: "day", amount: 1_000_000, subject_kind: "agent", subject_id: agentId };
    const { id } = await server.ok("POST", "/v1/limits", limit);
    expect((await say(agentId)).status).toBe(200);
    const { rows: spent } = await server.database.reader.execute("select * from spend where limit_id = $1", [id]);
    expect(spent.map(({ settled, reserved }) => [settled, reserved])).toEqual([[40, 0]]);
    const { rows } = await server.database.reader.execute("select * from reservations", []);
    expect(rows).toEqual([]);
  });

  test("a limit that is used up is no outage", async () => {
    const agentId = await agentOf();
    const limit = { kind: "tokens", window: "day", amount: 10, subject_kind: "agent", subject_id: agentId };
    await server.ok("POST", "/v1/limits", limit);
    expect((await say(agentId)).status).toBeGreaterThanOrEqual(400);
    expect(asked()).toEqual([0, 0, 0]);
  });
});

describe("fallback_models", () => {
  test("survive being made, changed and read, and are there only where they were set", async () => {
    const agentId = await agentOf();
    const at = `/v1/agents/${agentId}`;
    expect(await server.ok("GET", at)).toMatchObject(CHAIN);
    await server.ok("PATCH", at, { name: "Renamed", model: "three/gpt-4o-mini" });
    expect(await server.ok("GET", at)).toMatchObject(CHAIN);
    const plain = await server.agent({ model: "one/gpt-4o-mini" });
    expect(await server.ok("GET", `/v1/agents/${plain}`)).not.toHaveProperty("fallback_models");
    const { api } = await server.restarted();
    const read = await api.request(`http://localhost${at}`);
    expect(await read.json()).toMatchObject(CHAIN);
  });

  test("are refused where one is unknown, named twice, or they are too many", async () => {
    const wrong: readonly (readonly [readonly unknown[], number])[] = [
      [["two/nope"], 404],
      [["nobody/gpt-4o"], 404],
      [["gpt-4o"], 400],
      [["two/gpt-4o", "two/gpt-4o"], 422],
      [Array.from({ length: 6 }, (_, index) => `two/m${index}`), 422],
      [[5], 422],
    ];
    const agentId = await agentOf();
    for (const [fallback_models, wanted] of wrong) {
      const made = await server.request("POST", "/v1/agents/", { model: "one/gpt-4o-mini", fallback_models });
      const changed = await server.request("PATCH", `/v1/agents/${agentId}`, { fallback_models });
      expect([fallback_models, made.status, changed.status]).toEqual([fallback_models, wanted, wanted]);
    }
    expect(await server.ok("GET", `/v1/agents/${agentId}`)).toMatchObject(CHAIN);
  });

  test("of the server are asked for agents that name none, and not for those that want none", async () => {
    await stop();
    await start({ fallbackModels: ["one/gpt-4o-mini", "three/gpt-4o"] });
    fails(first, 500);
    third?.always(() => ({ text: "Third." }));
    expect(wordsOf(await say(await agentOf({})))).toEqual(["Third."]);
    expect((await say(await agentOf({ fallback_models: [] }))).status).toBeGreaterThanOrEqual(500);
    expect(wordsOf(await say(await agentOf({ fallback_models: ["two/gpt-4o"] })))).toEqual(["Done."]);
    expect(asked()[1]).toBe(1);
  });

  test("stand in for a provider of one's own that is gone", async () => {
    await stop();
    await start({ allowsPrivateUrls: true });
    const base_url = first?.environment["OPENAI_API_BASE"];
    const own = { name: "mine", provider_type: "openai", api_key: "sk-own", base_url };
    const { id } = await server.ok("POST", "/v1/providers/", own);
    const agentId = await agentOf({ model: "mine/gpt-4o", fallback_models: ["two/gpt-4o"] });
    await server.ok("DELETE", `/v1/providers/${id}`);
    second?.say({ text: "Standing in." });
    expect(wordsOf(await say(agentId))).toEqual(["Standing in."]);
    const [{ error_data }] = await stepsOf(agentId);
    expect(error_data.tried[0]).toMatchObject({ model: "mine/gpt-4o", message: expect.stringContaining('"mine"') });
  });
});

test("a key that may not use a model is not answered by it", async () => {
  await stop();
  await start({ apiKey: "root-key" });
  const ask = async (key: string, method: string, path: string, body?: object) => {
    const response = await server.server.api.request(`http://localhost${path}`, {
      method,
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Answer };
  };
  const agent = (await ask("root-key", "POST", "/v1/agents/", { model: "one/gpt-4o-mini", ...CHAIN })).body;
  const draft = { name: "narrow", role: "editor", models: ["one/gpt-4o-mini", "three/gpt-4o"] };
  const { key } = (await ask("root-key", "POST", "/v1/keys", draft)).body;
  fails(first, 500);
  third?.always(() => ({ text: "Third." }));
  expect(wordsOf(await ask(key, "POST", `/v1/agents/${agent.id}/messages`, input))).toEqual(["Third."]);
  expect(second?.requests).toEqual([]);
  const refused = await ask(key, "PATCH", `/v1/agents/${agent.id}`, { fallback_models: ["two/gpt-4o"] });
  expect([refused.status, refused.body.detail]).toEqual([403, expect.stringContaining("'two/gpt-4o'")]);
});
