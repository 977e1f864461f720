import { afterEach, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { realWorld } from "../../src/app/world.ts";
import { type Clock, instantOf } from "../../src/core/clock.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";
import { startServer, temporaryDirectory } from "../_harness/server-process.ts";

const closing: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** The longest wait that is none between two tries. */
const PATIENCE_MS = 5_000;

interface Got {
  readonly id: string;
  readonly headers: Record<string, string>;
  readonly text: string;
  readonly body: Answer;
}

/** A server that is told; `answer` says what it answers, 200 when it says nothing. */
function startHook(answer: (got: Got, count: number) => number | Promise<number> = () => 200) {
  const got: Got[] = [];
  const http = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const text = await request.text();
      const one = {
        id: request.headers.get("webhook-id") ?? "",
        headers: Object.fromEntries(request.headers.entries()),
        text,
        body: JSON.parse(text),
      };
      got.push(one);
      return new Response("ok", { status: await answer(one, got.length) });
    },
  });
  closing.push(() => http.stop(true));
  return { url: `http://127.0.0.1:${http.port}/hook`, got };
}

/** A clock that jumps over the waits between tries. */
function hasty(): Clock {
  const { clock } = realWorld();
  let aheadMs = 0;
  return {
    ...clock,
    now: () => instantOf(clock.now() + aheadMs),
    async sleep(durationMs, signal) {
      const isBetweenTries = durationMs > PATIENCE_MS - 1_000 && durationMs !== PATIENCE_MS && durationMs !== 20_000;
      if (isBetweenTries) aheadMs += durationMs;
      await clock.sleep(isBetweenTries ? 1 : durationMs, signal);
    },
  };
}

async function start(extra: Parameters<typeof startTestServer>[0] = {}): Promise<TestServer> {
  const server = await startTestServer({ allowsPrivateUrls: true, ...extra });
  closing.push(server.close);
  return server;
}

async function until(isDone: () => boolean | Promise<boolean>, limitMs = 5_000): Promise<void> {
  for (const end = performance.now() + limitMs; performance.now() < end; ) {
    if (await isDone()) return;
    await Bun.sleep(5);
  }
  throw new Error("It did not happen");
}

test("a webhook is told of the kinds that it wants, in order, signed as Standard Webhooks has it", async () => {
  const server = await start();
  const hook = startHook();
  const kinds = ["agent.created", "run.started", "run.ended"];
  const made = await server.ok("POST", "/v1/webhooks", { url: hook.url, kinds });
  expect(made.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const agentId = await server.agent({ name: "not to be told" });
  server.model.say({ text: "Hello" });
  await server.ok("POST", `/v1/agents/${agentId}/messages`, { input: "Hi" });
  await until(() => hook.got.length === 3);
  expect(hook.got.map(({ body }) => body.type)).toEqual(kinds);
  // Once all is sent, it waits for the next.
  await Bun.sleep(100);
  await server.agent();
  await until(() => hook.got.length === 4);
  expect(hook.got.pop()?.body.type).toBe("agent.created");
  const verifier = new Webhook(made.secret);
  for (const { headers, text, body } of hook.got) {
    expect(verifier.verify(text, headers)).toEqual(body);
    expect(() => verifier.verify(`${text} `, headers)).toThrow();
    expect(Object.keys(body.data).toSorted()).toEqual(["agent_id", "id", "number"]);
  }
  expect(JSON.stringify(hook.got)).not.toContain("not to be told");
  const shown = JSON.stringify([
    await server.ok("GET", "/v1/webhooks"),
    await server.ok("GET", `/v1/webhooks/${made.id}`),
    await server.ok("PATCH", `/v1/webhooks/${made.id}`, { enabled: true }),
    await server.ok("GET", "/v1/audit"),
  ]);
  expect(shown).toContain(made.id);
  expect(shown).not.toContain(made.secret.slice(6));
  expect((await server.ok("GET", `/v1/webhooks/${made.id}`)).last_status).toBe(200);
});

test("a webhook signs by its new secret once that is changed, and is told nothing once it is switched off or deleted", async () => {
  const server = await start();
  const hook = startHook();
  const made = await server.ok("POST", "/v1/webhooks", { url: hook.url, kinds: ["agent.created"] });
  const { secret } = await server.ok("PATCH", `/v1/webhooks/${made.id}`, { rotate_secret: true });
  expect(secret).not.toBe(made.secret);
  await server.agent();
  await until(() => hook.got.length === 1);
  const [first] = hook.got;
  expect(() => new Webhook(made.secret).verify(first?.text ?? "", first?.headers ?? {})).toThrow();
  new Webhook(secret).verify(first?.text ?? "", first?.headers ?? {});
  await server.ok("PATCH", `/v1/webhooks/${made.id}`, { enabled: false });
  await server.agent();
  await Bun.sleep(100);
  expect(hook.got).toHaveLength(1);
  // Nothing that happened meanwhile is left out.
  await server.ok("PATCH", `/v1/webhooks/${made.id}`, { enabled: true });
  await until(() => hook.got.length === 2);
  await server.ok("DELETE", `/v1/webhooks/${made.id}`);
  await server.agent();
  await Bun.sleep(100);
  expect(hook.got).toHaveLength(2);
  expect((await server.request("GET", `/v1/webhooks/${made.id}`)).status).toBe(404);
});

test("a webhook whose key is gone says so, sends nothing unsigned, and goes on with a new secret", async () => {
  const server = await start();
  const hook = startHook();
  const made = await server.ok("POST", "/v1/webhooks", { url: hook.url, kinds: ["agent.created"] });
  await server.database.writer.execute("update secrets set key_id = 'gone'", []);
  await server.agent();
  const told = async () => (await server.ok("GET", `/v1/webhooks/${made.id}`)).last_error ?? "";
  await until(async () => (await told()).includes("its key is not here"));
  expect(hook.got).toEqual([]);
  const { secret } = await server.ok("PATCH", `/v1/webhooks/${made.id}`, { rotate_secret: true });
  await until(() => hook.got.length === 1);
  new Webhook(secret).verify(hook.got[0]?.text ?? "", hook.got[0]?.headers ?? {});
});

test("what fails is sent again under its id, and nothing overtakes it", async () => {
  const server = await start({ world: { ...realWorld(), clock: hasty() } });
  const hook = startHook((_, count) => (count <= 2 ? 500 : 200));
  await server.ok("POST", "/v1/webhooks", { url: hook.url, kinds: ["agent.created"] });
  const ids = [await server.agent(), await server.agent()];
  await until(() => hook.got.length === 4);
  expect(hook.got.map(({ body }) => body.data.id)).toEqual([ids[0], ids[0], ids[0], ids[1]]);
  expect(new Set(hook.got.slice(0, 3).map(({ id }) => id)).size).toBe(1);
});

test("an address that never answers stops its webhook, which goes on where it stood", async () => {
  const server = await start({ world: { ...realWorld(), clock: hasty() } });
  let status = 500;
  const hook = startHook(() => status);
  const made = await server.ok("POST", "/v1/webhooks", { url: hook.url, kinds: ["agent.created"] });
  const id = await server.agent();
  const shown = () => server.ok("GET", `/v1/webhooks/${made.id}`);
  await until(async () => (await shown()).stopped_at !== null);
  expect(hook.got).toHaveLength(7);
  expect(await shown()).toMatchObject({ last_status: 500, last_error: "The answer had status 500" });
  status = 200;
  expect((await server.ok("PATCH", `/v1/webhooks/${made.id}`, {})).stopped_at).toBeNull();
  await until(() => hook.got.length === 8);
  expect(new Set(hook.got.map(({ body }) => body.data.id))).toEqual(new Set([id]));
});

test("addresses inside, too many webhooks and bad bodies are refused", async () => {
  const server = await start({ allowsPrivateUrls: false });
  const refused = async (body: object) => (await server.request("POST", "/v1/webhooks", body)).status;
  for (const url of ["http://127.0.0.1/", "http://localhost:8283", "ftp://example.com", "http://[::1]/", "nothing"])
    expect([url, await refused({ url })]).toEqual([url, 400]);
  const url = "https://example.com/hook";
  const bad = [{}, { url: "" }, { url, kinds: ["no.kind"] }, { url, secret: "mine" }, { url, enabled: "yes" }];
  for (const body of bad) expect([body, await refused(body)]).toEqual([body, 422]);
  expect(await server.ok("GET", "/v1/webhooks")).toEqual([]);
  for (let made = 0; made < 20; made++) await server.ok("POST", "/v1/webhooks", { url, enabled: false });
  expect(await refused({ url })).toBe(409);
});

test("a server that is killed loses nothing, and sends again under the same id what may have arrived", async () => {
  const directory = temporaryDirectory();
  closing.push(directory.remove);
  const environment = { SELKIE_ALLOW_PRIVATE_URLS: "true" };
  const call = async (url: string, method: string, path: string, body?: object): Promise<Answer> => {
    const json = { "content-type": "application/json" };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    return (await fetch(url + path, { method, headers: json, ...sent })).json();
  };
  // It takes what it is sent, and the server dies before it hears so.
  const taken = Promise.withResolvers<void>();
  const hook = startHook(async (_, count) => {
    if (count !== 2) return 200;
    taken.resolve();
    await Bun.sleep(3_000);
    return 200;
  });
  const first = await startServer(directory.path, environment);
  await call(first.url, "POST", "/v1/webhooks", { url: hook.url, kinds: ["block.created"] });
  const made: string[] = [];
  for (let i = 0; i < 5; i++)
    made.push((await call(first.url, "POST", "/v1/blocks", { label: `b${i}`, value: "" })).id);
  await taken.promise;
  await first.kill();
  const second = await startServer(directory.path, environment);
  closing.push(() => second.kill());
  await until(() => new Set(hook.got.map(({ body }) => body.data.id)).size === 5, 20_000);
  const inOrder = hook.got.map(({ body }) => body.data.id);
  expect(inOrder).toEqual([made[0], made[1], made[1], ...made.slice(2)]);
  expect(hook.got[1]?.id).toBe(hook.got[2]?.id ?? "none");
});
