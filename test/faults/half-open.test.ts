import { afterEach, beforeEach, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { startHttpServer } from "../_harness/http.ts";
import { type ModelServer, startModelServer } from "../_harness/model-server.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

/** Descriptors that the server gets, and connections that each test opens. */
const DESCRIPTORS = 256;
const CONNECTIONS = 400;
/** Streams that are open meanwhile. */
const STREAMS = 20;

let directory: ReturnType<typeof temporaryDirectory>;
let server: ServerProcess;
let model: ModelServer;
let sockets: Socket[];

beforeEach(async () => {
  directory = temporaryDirectory();
  sockets = [];
  const few = ["sh", "-c", `ulimit -n ${DESCRIPTORS}; exec "$@"`, "sh", process.execPath];
  model = startModelServer();
  server = await startServer(directory.path, model.environment, [
    ...few,
    join(import.meta.dir, "../../src/app/main.ts"),
  ]);
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await server.kill();
  await model.stop();
  directory.remove();
});

/** Connections that have sent `text` and say no more; counts those that the server closed. */
async function hold(text: string): Promise<{ readonly closed: () => number }> {
  let closed = 0;
  const port = Number(new URL(server.url).port);
  for (let i = 0; i < CONNECTIONS; i++) {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.on("error", () => {});
    socket.on("data", () => {});
    socket.on("close", () => closed++);
    sockets.push(socket);
  }
  await Bun.sleep(500);
  return { closed: () => closed };
}

async function health(): Promise<number> {
  // A client of its own: it must be let in anew, as a stranger is.
  const response = await fetch(`${server.url}/v1/health`, {
    headers: { connection: "close" },
    signal: AbortSignal.timeout(4_000),
  });
  return response.status;
}

test("bodies that do not come give way to newer ones, and the server goes on", async () => {
  const half = "POST /v1/agents/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{";
  const { closed } = await hold(half);
  expect(await health()).toBe(200);
  expect(closed()).toBeGreaterThan(CONNECTIONS - DESCRIPTORS);
}, 20_000);

test("connections that were answered and say no more are closed once descriptors are short", async () => {
  const { closed } = await hold("GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  expect(await health()).toBe(200);
  expect(closed()).toBeGreaterThan(CONNECTIONS - DESCRIPTORS);
}, 20_000);

test("connections whose headers do not come to an end give way, and streams that wait for their model stay", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  model.always(() => ({ text: "At last", after: promise }));
  const post = (path: string, body: object) =>
    fetch(`${server.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const made = await post("/v1/agents/", { model: "openai/gpt-4o-mini" });
  const { id } = (await made.json()) as { readonly id: string };
  const streams = await Promise.all(
    Array.from({ length: STREAMS }, async () => {
      const conversation = await post(`/v1/conversations/?agent_id=${id}`, {});
      const { id: where } = (await conversation.json()) as { readonly id: string };
      return post(`/v1/conversations/${where}/messages`, { input: "go", streaming: true });
    }),
  );
  // A stream begins before its model is asked, and that needs a descriptor too.
  while (model.requests.length < STREAMS) await Bun.sleep(5);
  const { closed } = await hold("GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
  expect(await health()).toBe(200);
  // Longer than it takes to look at all descriptors several times.
  await Bun.sleep(1_500);
  expect(closed()).toBeGreaterThan(CONNECTIONS - DESCRIPTORS);
  resolve();
  for (const stream of streams) expect(await stream.text()).toMatch(/At last[\s\S]*\[DONE\]/);
}, 20_000);

test("a stranger whose body has not come is not listened to any longer", async () => {
  const keyed = await startHttpServer({ SELKIE_API_KEY: "sesame" });
  try {
    const half = (host: string) =>
      keyed.raw(`POST /v1/agents/ HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 99\r\n\r\n{`);
    const answers = await Promise.all([half("localhost"), half("a b")]);
    // Each is there only because the connection was closed after it.
    expect(answers.map((answer) => /^HTTP\/1.1 (\d+)/.exec(answer)?.[1])).toEqual(["401", "400"]);
    expect(answers.every((answer) => /^connection: close/im.test(answer))).toBe(true);
  } finally {
    await keyed.close();
  }
}, 9_000);
