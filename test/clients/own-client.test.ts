import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Letta from "@letta-ai/letta-client";
import openapiTS, { astToString } from "openapi-typescript";
import { Selkie } from "../../client/index.ts";
import type {} from "../../client/letta.ts";
import type { Answer } from "../_harness/server.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

// `selkie/client` against a real server. Its types are made of `/openapi.json`: with SELKIE_CLIENT_WRITE=true they are
// written, otherwise they must be as they would be.

const TYPES = join(import.meta.dir, "../../client/own-api.gen.ts");
const KEY = "a-key-for-the-test";
const directory = temporaryDirectory();
let server: ServerProcess;
let selkie: Selkie;
let letta: Letta;

beforeAll(async () => {
  server = await startServer(directory.path, { SELKIE_API_KEY: KEY });
  selkie = new Selkie({ baseUrl: `${server.url}/`, apiKey: KEY });
  letta = new Letta({ baseURL: server.url, apiKey: KEY, maxRetries: 0 });
});

afterAll(async () => {
  expect(await server.stop()).toBe(0);
  directory.remove();
});

/** The types of every route that Letta's clients do not know, and of all that those answer. */
async function written(): Promise<string> {
  const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as Answer;
  const paths: Record<string, Record<string, Answer>> = {};
  for (const [path, item] of Object.entries<Answer>(document.paths))
    for (const [method, operation] of Object.entries<Answer>(item))
      if (operation["x-origin"] === "selkie") paths[path] = { ...paths[path], [method]: operation };
  // An agent is among them for its settings of memory.
  const names = namesIn({ paths, agent: { $ref: "#/components/schemas/Agent" } }, document.components.schemas);
  const schemas = Object.fromEntries(names.map((name) => [name, document.components.schemas[name]]));
  const plain = JSON.parse(JSON.stringify({ ...document, paths, components: { schemas } }, withoutExamples));
  const types = astToString(await openapiTS(plain, { immutable: true }));
  // What the document has none of.
  const used = types.replace(/^export type (?:webhooks|\$defs|operations) = Record<string, never>;\n/gm, "");
  return `// Made of /openapi.json; see README.md.\n${used}`;
}

function withoutExamples(name: string, value: unknown): unknown {
  return name === "example" || name === "examples" ? undefined : value;
}

/** The names of all schemas that are referred to, from within others too. */
function namesIn(value: unknown, schemas: Readonly<Record<string, unknown>>): readonly string[] {
  const found = new Set<string>();
  const left = [value];
  while (left.length > 0) {
    const names = JSON.stringify(left.pop()).matchAll(/#\/components\/schemas\/(\w+)/g);
    for (const [, name = ""] of names) {
      if (!found.has(name)) left.push(schemas[name]);
      found.add(name);
    }
  }
  return [...found].toSorted();
}

test("the client's types are those of the server's own description", async () => {
  const types = await written();
  if (process.env["SELKIE_CLIENT_WRITE"] === "true") writeFileSync(TYPES, types);
  expect(existsSync(TYPES) ? readFileSync(TYPES, "utf8") : "").toBe(types);
}, 30_000);

test("Letta's client makes an agent with memory_settings, typed", async () => {
  const agent = await letta.agents.create({ model: "selkie/rehearsal", memory_settings: { learn: false } });
  expect(agent.memory_settings?.learn).toBe(false);
  expect((await letta.agents.update(agent.id, { memory_settings: { learn: true } })).memory_settings?.learn).toBe(true);
});

test("a memory remembers, recalls, tells facts and forgets, an agent's and a user's apart", async () => {
  const { id } = await letta.agents.create({ model: "selkie/rehearsal" });
  const ofAgent = selkie.memory({ agentId: id });
  const ofUser = selkie.memory({ user: "ada" });
  const kept = await ofUser.remember({ text: "I live in Paris.", speaker: "Ada" });
  expect(kept.facts.map(({ relation, value }) => [relation, value])).toEqual([["lives_in", "Paris"]]);
  expect((await ofUser.recall({ query: "Where does Ada live?" })).turns.map(({ text }) => text)).toEqual([
    "I live in Paris.",
  ]);
  expect((await ofAgent.recall({ query: "Where does Ada live?" })).turns).toEqual([]);
  const [fact] = await ofUser.facts({ current: "true" });
  expect(fact?.value).toBe("Paris");
  expect((await ofUser.history(fact?.id ?? "")).map(({ value }) => value)).toEqual(["Paris"]);
  const [entity] = await ofUser.entities({ name: "Ada" });
  expect((await ofUser.entity(entity?.id ?? "")).name).toBe("Ada");
  expect((await ofUser.item(kept.turn_id)).kind).toBe("turn");
  expect((await ofUser.forget(kept.turn_id)).forgotten).toContain(kept.turn_id);
  expect(await ofUser.facts()).toEqual([]);
});

test("any own route is asked by its name, and a refusal brings its sentence", async () => {
  const block = await letta.blocks.create({ label: "city", value: "Oslo" });
  await letta.blocks.update(block.id, { value: "Rome" });
  const versions = await selkie.ask("GET /v1/blocks/{block_id}/versions", {
    path: { block_id: block.id },
    query: { order: "asc" },
  });
  expect(versions.map(({ value }) => value)).toEqual(["Oslo", "Rome"]);
  const gone = selkie.memory({ agentId: "agent-00000000-0000-4000-8000-000000000000" }).facts();
  expect(await gone.catch(({ status, message }) => [status, message])).toEqual([404, expect.stringMatching(/agent/i)]);
});
