import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Letta from "@letta-ai/letta-client";
import { parseJson } from "../../src/core/json.ts";
import { type ModelServer, startModelServer } from "../_harness/model-server.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

// README shows how the official client sets what its types do not know. Here that is compiled and run as it stands.

const directory = temporaryDirectory();
let model: ModelServer;
let server: ServerProcess;

beforeAll(async () => {
  model = startModelServer();
  server = await startServer(directory.path, model.environment);
});

afterAll(async () => {
  expect(await server.stop()).toBe(0);
  await model.stop();
  directory.remove();
});

async function asInReadme(client: Letta): Promise<string> {
  // README begins here.
  const memory = { memory_settings: { learn: true, recall: true } };
  const agent = await client.agents.create({ model: "openai/gpt-4o-mini", ...memory });
  await client.agents.update(agent.id, {}, { body: { memory_settings: { learn: false } } });
  // README ends here.
  return agent.id;
}

test("README's lines for the official client are those that are compiled and run here", () => {
  const readme = readFileSync(join(import.meta.dir, "../../README.md"), "utf8");
  const blocks = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, body = ""]) => body);
  const here = readFileSync(import.meta.path, "utf8").match(/README begins here\.\n([\s\S]*?) *\/\/ README ends/)?.[1];
  expect(blocks.filter((body) => body.includes("memory_settings"))).toEqual([here?.replace(/^ {2}/gm, "") ?? ""]);
});

test("the official client sets memory_settings when it makes and when it changes an agent", async () => {
  const sent: unknown[] = [];
  const client = new Letta({
    baseURL: server.url,
    maxRetries: 0,
    fetch: (url, init) => {
      if (typeof init?.body === "string") sent.push(parseJson(init.body));
      return fetch(url, init);
    },
  });
  const agent = await client.agents.retrieve(await asInReadme(client));
  expect(sent).toEqual([
    { model: "openai/gpt-4o-mini", memory_settings: { learn: true, recall: true } },
    { memory_settings: { learn: false } },
  ]);
  const settings = "memory_settings" in agent ? agent.memory_settings : undefined;
  expect(settings).toEqual({ learn: false, model: null, recall: true, recall_chars: 4_000 });
});
