import { afterEach, beforeEach, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { startHttpServer } from "./_test-http.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "./_test-server-process.ts";

/** Descriptors that the server gets, and connections that each test opens. */
const DESCRIPTORS = 256;
const CONNECTIONS = 400;

let directory: ReturnType<typeof temporaryDirectory>;
let server: ServerProcess;
let sockets: Socket[];

beforeEach(async () => {
  directory = temporaryDirectory();
  sockets = [];
  const few = ["sh", "-c", `ulimit -n ${DESCRIPTORS}; exec "$@"`, "sh", process.execPath];
  server = await startServer(directory.path, {}, [...few, join(import.meta.dir, "main.ts")]);
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await server.kill();
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
