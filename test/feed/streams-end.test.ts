import { afterEach, beforeEach, expect, test } from "bun:test";
import { type HttpServer, startHttpServer } from "../_harness/http.ts";
import type { Answer } from "../_harness/server.ts";

/** How soon a stream must end after its caller may not see it any more. */
const ENDS_MS_MAX = 5_000;

const ROOT = "root-key";
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const leaving = new Set<AbortController>();
let server: HttpServer;

beforeEach(async () => {
  server = await startHttpServer({ SELKIE_API_KEY: ROOT });
});

afterEach(async () => {
  for (const stream of leaving) stream.abort();
  leaving.clear();
  await server.close();
});

async function ok(method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await server.call(method, path, body, bearer(ROOT));
  if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Opens a stream; `ended` resolves with how long it lasted when the server ends it. */
async function open(key: string, path: string, body?: object, more: Readonly<Record<string, string>> = {}) {
  const stop = new AbortController();
  leaving.add(stop);
  const response = await fetch(server.url + path, {
    method: body === undefined ? "GET" : "POST",
    headers: { ...bearer(key), accept: "text/event-stream", "content-type": "application/json", ...more },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: stop.signal,
  });
  expect(response.status).toBe(200);
  const reader = response.body?.getReader();
  await reader?.read();
  const drained = (async () => {
    for (;;) if ((await reader?.read())?.done !== false) return "ended";
  })();
  return () => Promise.race([drained, Bun.sleep(ENDS_MS_MAX).then(() => "still open")]);
}

const feed = (key: string) => open(key, "/v1/changes");

test("a revoked key, a lowered role and a disabled user end their streams, and nobody else's", async () => {
  const revoked = await ok("POST", "/v1/keys", { role: "viewer" });
  const stays = await ok("POST", "/v1/keys", { role: "viewer" });
  const user = await ok("POST", "/v1/users", {
    name: "Ada",
    role: "operator",
    email: "ada@example.org",
    password: "correct horse battery",
  });
  const session = await ok("POST", "/v1/sessions", { email: "ada@example.org", password: "correct horse battery" });
  const streams = [await feed(revoked.key), await feed(stays.key), await feed(session.token)];
  await ok("DELETE", `/v1/keys/${revoked.id}`);
  expect(await streams[0]?.()).toBe("ended");
  const role = await server.call(
    "PUT",
    `/v1/organizations/${user.organization_id}/members/${user.id}`,
    { role: "viewer" },
    bearer(ROOT),
  );
  expect(role.status).toBe(200);
  expect(await streams[2]?.()).toBe("ended");
  const again = await feed(session.token);
  await ok("PATCH", `/v1/users/${user.id}`, { disabled: true });
  expect(await again()).toBe("ended");
  expect(await streams[1]?.()).toBe("still open");
}, 30_000);

test("a key that expires ends its streams, those of runs too, and the run goes on", async () => {
  const { id } = await server
    .call("POST", "/v1/agents/", { model: "openai/gpt-4o-mini" }, bearer(ROOT))
    .then(({ body }) => body);
  const brief = await ok("POST", "/v1/keys", {
    role: "operator",
    expires_at: new Date(Date.now() + 1_500).toISOString(),
  });
  const finish = Promise.withResolvers<void>();
  server.model.say({ text: "Hello", after: finish.promise });
  const run = await open(brief.key, `/v1/agents/${id}/messages/stream`, { input: "Hi" });
  const changes = await feed(brief.key);
  expect(await Promise.all([run(), changes()])).toEqual(["ended", "ended"]);
  const [stored] = await ok("GET", `/v1/runs/?agent_id=${id}`);
  expect(stored.status).toBe("running");
  finish.resolve();
  for (let tries = 0; tries < 100; tries++) {
    if ((await ok("GET", `/v1/runs/${stored.id}`)).status === "completed") return;
    await Bun.sleep(20);
  }
  throw new Error("The run did not end");
}, 30_000);

test("streams of nobody end when the door closes with the first key", async () => {
  const openServer = await startHttpServer();
  try {
    const response = await fetch(`${openServer.url}/v1/changes`, { headers: { accept: "text/event-stream" } });
    const text = response.text();
    const key = await openServer.call("POST", "/v1/keys", { role: "owner" });
    expect(key.status).toBe(200);
    expect(await Promise.race([text.then(() => "ended"), Bun.sleep(ENDS_MS_MAX).then(() => "still open")])).toBe(
      "ended",
    );
  } finally {
    await openServer.close();
  }
}, 30_000);

test("a web page that may come is streamed to as anybody is, for as long", async () => {
  const { id } = await ok("POST", "/v1/agents/", { model: "openai/gpt-4o-mini", memory_blocks: [] });
  const { id: keyId, key } = await ok("POST", "/v1/keys", { role: "operator" });
  const page = { origin: "http://localhost:3000" };
  const feed = await open(key, "/v1/changes", undefined, page);
  await open(key, `/v1/agents/${id}/messages/stream`, { messages: [{ role: "user", content: "Hello" }] }, page);
  await ok("DELETE", `/v1/keys/${keyId}`);
  expect(await feed()).toBe("ended");
});
