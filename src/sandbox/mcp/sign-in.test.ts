import { afterAll, expect, test } from "bun:test";
import { createSignIns } from "./sign-in.ts";

const REQUEST_MS = 500;
const PIECE = new Uint8Array(1024 * 1024).fill(0x20);
const keeper = { load: async () => ({}), save: async () => undefined };
const servers: ReturnType<typeof Bun.serve>[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop(true))));

/** Begins a sign-in at a server whose every answer has this body. */
async function beginAt(pull: (controller: ReadableStreamDefaultController) => void | Promise<void>, requestMs: number) {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response(new ReadableStream({ pull }), { headers: { "content-type": "application/json" } }),
  });
  servers.push(server);
  const place = { url: `http://127.0.0.1:${server.port}/mcp`, redirectUrl: "http://127.0.0.1/back", keeper };
  return createSignIns(fetch, requestMs).begin(place, { state: "state", challenge: {} });
}

test("a server that describes its sign-in without end is left after a while, and after many bytes", async () => {
  const silent = new Promise<void>(() => {});
  await expect(beginAt(() => silent, REQUEST_MS)).rejects.toThrow("Nobody can sign in");
  await expect(beginAt((controller) => controller.enqueue(PIECE), 60_000)).rejects.toThrow(
    /longer than \d+ bytes|Nobody can sign in/,
  );
});
