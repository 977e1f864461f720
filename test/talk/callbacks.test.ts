import { afterEach, expect, test } from "bun:test";
import { realWorld } from "../../src/app/world.ts";
import { type Clock, instantOf } from "../../src/core/clock.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function start(extra: Parameters<typeof startTestServer>[0] = { allowsPrivateUrls: true }): Promise<TestServer> {
  const server = await startTestServer(extra);
  closing.push(server.close);
  return server;
}

/** How every PNG begins, which is all that is looked at. */
const PNG_TEXT = "\x89PNG\r\n\x1a\n----";
const PNG = Uint8Array.from(PNG_TEXT, (character) => character.charCodeAt(0));

/** A server that takes callbacks and gives images; `statuses` are its next answers, 200 when there are none. */
function startHook(...statuses: readonly number[]) {
  const left = [...statuses];
  const bodies: Answer[] = [];
  const http = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/image") return new Response(PNG, { headers: { "content-type": "image/jpeg" } });
      if (pathname === "/drawing") return new Response("<svg>", { headers: { "content-type": "image/svg+xml" } });
      if (pathname === "/page") return new Response("<html>", { headers: { "content-type": "text/html" } });
      if (pathname === "/away") return Response.redirect("http://127.0.0.1:1/", 302);
      bodies.push(await request.json());
      return new Response("ok", { status: left.shift() ?? 200 });
    },
  });
  closing.push(() => http.stop(true));
  return { url: `http://127.0.0.1:${http.port}`, bodies };
}

/** The longest wait that is none for another try: of a callback's answer, and of a server that closes. */
const PATIENCE_MS = 5_000;

/** What makes tries follow each other at once: a clock that jumps over the waits between them. */
function hasty(): NonNullable<Parameters<typeof startTestServer>[0]> {
  const world = realWorld();
  let aheadMs = 0;
  const clock: Clock = {
    ...world.clock,
    now: () => instantOf(world.clock.now() + aheadMs),
    async sleep(durationMs, signal) {
      const isBetweenTries = durationMs > PATIENCE_MS - 1_000 && durationMs !== PATIENCE_MS;
      if (isBetweenTries) aheadMs += durationMs;
      await world.clock.sleep(isBetweenTries ? 1 : durationMs, signal);
    },
  };
  const shortly = { llmRequestTimeoutMs: 3_000, llmStreamTimeoutMs: 3_000 };
  return { allowsPrivateUrls: true, world: { ...world, clock }, ...shortly };
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await isDone()) return;
    await Bun.sleep(5);
  }
  throw new Error("It did not happen");
}

async function runOf(server: TestServer, id: string): Promise<Answer> {
  return (await server.request("GET", `/v1/runs/${id}`)).body;
}

async function sendAsync(server: TestServer, url: string): Promise<Answer> {
  const agentId = await server.agent();
  const body = { messages: [{ role: "user", content: "go" }], callback_url: url };
  return server.request("POST", `/v1/agents/${agentId}/messages/async`, body);
}

test("a run tells its callback how it ended, with the reply", async () => {
  const [server, hook] = [await start(), startHook()];
  const { body: run } = await sendAsync(server, `${hook.url}/hook`);
  expect(run.callback_url).toBe(`${hook.url}/hook`);
  await until(async () => (await runOf(server, run.id)).callback_sent_at !== null);
  const ended = await runOf(server, run.id);
  expect(ended).toMatchObject({ callback_status_code: 200, callback_error: null, status: "completed" });
  expect(hook.bodies).toMatchObject([
    {
      run_id: run.id,
      status: "completed",
      completed_at: ended.completed_at,
      metadata: { run_type: "send_message_async" },
    },
  ]);
  expect(hook.bodies[0].metadata.result.messages[0].content).toBe("Done.");
  expect(Object.keys(hook.bodies[0])).toEqual(["run_id", "status", "completed_at", "metadata"]);
});

test("a callback that fails for a while is sent again, one that is refused is not", async () => {
  const server = await start(hasty());
  const [passing, final] = [startHook(503, 429), startHook(404)];
  const first = (await sendAsync(server, passing.url)).body.id;
  await until(async () => (await runOf(server, first)).callback_status_code === 200);
  expect(passing.bodies.length).toBe(3);
  const second = (await sendAsync(server, final.url)).body.id;
  await until(async () => (await runOf(server, second)).callback_status_code === 404);
  expect((await runOf(server, second)).callback_error).toContain("404");
  const waiting = await server.database.reader.execute("select * from run_callbacks", []);
  expect([final.bodies.length, waiting.rows.length]).toEqual([1, 0]);
});

test("tries come to an end", async () => {
  const server = await start(hasty());
  const hook = startHook(500, 500, 500, 500, 500, 500);
  const { body: run } = await sendAsync(server, hook.url);
  const queue = async () => (await server.database.reader.execute("select * from run_callbacks", [])).rows.length;
  await until(async () => (await runOf(server, run.id)).callback_status_code === 500 && (await queue()) === 0);
  expect(hook.bodies.length).toBe(4);
});

test("a callback that was not sent before a restart is sent after it, once", async () => {
  const [server, hook] = [await start(), startHook()];
  const { body: run } = await sendAsync(server, hook.url);
  await until(async () => (await runOf(server, run.id)).callback_sent_at !== null);
  // As if the process had died between the commit that ended the run and the sending.
  await server.database.writer.execute("update runs set callback_sent_at = null where id = $1", [run.id]);
  const row = [run.id, "org-00000000-0000-4000-8000-000000000000"];
  await server.database.writer.execute(
    "insert into run_callbacks (run_id, organization_id, attempts, due_at) values ($1, $2, 0, 0)",
    row,
  );
  const again = await server.restarted();
  await again.runner.recover();
  await until(async () => (await runOf(server, run.id)).callback_sent_at !== null);
  await again.runner.drain(1_000);
  expect(hook.bodies.length).toBe(2);
});

test("the callback is on the list in the commit that ends the run", async () => {
  const [server, hook] = [await start({ allowsPrivateUrls: false }), startHook()];
  // The address is public, as far as can be told without looking it up.
  const { body: run } = await sendAsync(server, "http://callback.invalid/");
  await until(async () => (await runOf(server, run.id)).callback_sent_at !== null);
  expect((await runOf(server, run.id)).callback_error).toContain("cannot be looked up");
  const { rows } = await server.database.reader.execute("select attempts from run_callbacks", []);
  expect([rows, hook.bodies]).toEqual([[{ attempts: 1 }], []]);
});

test("a callback to this machine is refused before the run begins, or when its name leads there", async () => {
  const server = await start({ allowsPrivateUrls: false, resolveHost: async () => ["127.0.0.1"] });
  const hook = startHook();
  for (const url of [hook.url, "http://localhost/", "http://[::ffff:10.0.0.1]/", "http://2130706433/", "ftp://a.b/"])
    expect([url, (await sendAsync(server, url)).status]).toEqual([url, 400]);
  expect((await server.request("GET", "/v1/runs/")).body).toEqual([]);
  const { body: run } = await sendAsync(server, hook.url.replace("127.0.0.1", "looks-public.example"));
  await until(async () => (await runOf(server, run.id)).callback_sent_at !== null);
  expect((await runOf(server, run.id)).callback_error).toContain("not on the public internet");
  expect(hook.bodies).toEqual([]);
});

test("images by address are fetched before the run, and stored with the message", async () => {
  const [server, hook] = [await start(), startHook()];
  const agentId = await server.agent();
  const image = (url: string) => ({ type: "image", source: { type: "url", url } });
  const send = (url: string) =>
    server.request("POST", `/v1/agents/${agentId}/messages`, {
      messages: [{ role: "user", content: [{ type: "text", text: "see" }, image(url)] }],
    });
  expect((await send(`${hook.url}/image`)).status).toBe(200);
  expect(JSON.stringify(server.model.requests[0]?.messages.at(-1))).toContain(btoa(PNG_TEXT));
  const { body: messages } = await server.request("GET", `/v1/agents/${agentId}/messages`);
  const stored = messages.find((message: Answer) => Array.isArray(message.content)).content[1];
  expect(stored.source).toMatchObject({ type: "base64", media_type: "image/png", data: btoa(PNG_TEXT) });
  expect((await send(`data:image/png;base64,${btoa(PNG_TEXT)}`)).status).toBe(200);
  // One that is shown as a file's brings its bytes along.
  const source = { type: "letta", file_id: "file-1", media_type: "image/png", data: btoa(`${PNG_TEXT}FILE`) };
  const input = [{ type: "image", source }];
  expect((await server.request("POST", `/v1/agents/${agentId}/messages`, { input })).status).toBe(200);
  expect(JSON.stringify(server.model.requests.at(-1)?.messages.at(-1))).toContain(btoa(`${PNG_TEXT}FILE`));
  for (const path of ["/page", "/away", "/drawing"])
    expect([path, (await send(hook.url + path)).status]).toEqual([path, 400]);
  expect(server.model.requests.length).toBe(3);
});

test("images at addresses of this machine are refused, however they are written, and nothing is asked", async () => {
  const [server, hook] = [await start({}), startHook()];
  const agentId = await server.agent();
  const { port } = new URL(hook.url);
  const hosts = ["127.0.0.1", "localhost", "localhost.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"];
  const more = ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0.0.0.0", "169.254.169.254", "[64:ff9b::7f00:1]"];
  for (const host of [...hosts, ...more]) {
    const content = [{ type: "image", source: { type: "url", url: `http://${host}:${port}/image` } }];
    const { status, body } = await server.request("POST", `/v1/agents/${agentId}/messages`, {
      messages: [{ role: "user", content }],
    });
    expect([host, status, body.detail]).toEqual([host, 400, expect.stringContaining("not on the public internet")]);
  }
  expect([server.model.requests.length, (await server.request("GET", "/v1/runs/")).body]).toEqual([0, []]);
  expect((await server.request("POST", `/v1/agents/${agentId}/messages`, { input: "hello" })).status).toBe(200);
});
