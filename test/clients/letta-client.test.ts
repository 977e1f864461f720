import { afterAll, beforeAll, expect, test } from "bun:test";
import Letta from "@letta-ai/letta-client";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

// The official client is the only driver here, against a real server in a process of its own. The model is the
// built-in rehearsal model: no network, the same answers every time.

const MODEL = "selkie/rehearsal";
const directory = temporaryDirectory();
let server: ServerProcess;
let client: Letta;

beforeAll(async () => {
  server = await startServer(directory.path);
  client = new Letta({ baseURL: server.url, maxRetries: 0 });
});

afterAll(async () => {
  expect(await server.stop()).toBe(0);
  directory.remove();
});

function createAgent(name: string) {
  return client.agents.create({
    name,
    model: MODEL,
    memory_blocks: [
      { label: "human", value: "" },
      { label: "persona", value: "I am brief." },
    ],
    tags: ["walk"],
  });
}

function said(messages: readonly { message_type?: string; content?: unknown }[]): string {
  return messages
    .flatMap((message) => (message.message_type === "assistant_message" ? [String(message.content)] : []))
    .join("\n");
}

test("the client creates an agent, talks to it and reads its reply", async () => {
  const agent = await createAgent("talker");
  expect(agent.id).toMatch(/^agent-/);
  const reply = await client.agents.messages.create(agent.id, {
    messages: [{ role: "user", content: "Who are you?" }],
  });
  expect(reply.stop_reason.stop_reason).toBe("end_turn");
  expect(said(reply.messages)).toMatch(/rehearsal/i);
});

test("the client streams tokens of one message with one id and one otid", async () => {
  const agent = await createAgent("streamer");
  const stream = await client.agents.messages.create(agent.id, {
    input: "Who are you?",
    streaming: true,
    stream_tokens: true,
  });
  const types: string[] = [];
  const pieces: { id: string; otid: string; content: string }[] = [];
  for await (const chunk of stream) {
    types.push(String(chunk.message_type));
    if (chunk.message_type === "assistant_message")
      pieces.push({ id: chunk.id, otid: String(chunk.otid), content: String(chunk.content) });
  }
  expect(pieces.length).toBeGreaterThan(1);
  expect(new Set(pieces.map((piece) => piece.id)).size).toBe(1);
  expect(new Set(pieces.map((piece) => piece.otid)).size).toBe(1);
  expect(types.slice(-2)).toEqual(["stop_reason", "usage_statistics"]);
  const stored = await client.agents.messages.list(agent.id, { order: "desc", limit: 1 });
  const [last] = stored.getPaginatedItems();
  expect(last?.message_type === "assistant_message" ? last.content : undefined).toBe(
    pieces.map((piece) => piece.content).join(""),
  );
});

test("the client edits a block, and the agent answers from it", async () => {
  const agent = await createAgent("edited");
  const block = await client.agents.blocks.update("human", {
    agent_id: agent.id,
    value: "The person's name is Grace.",
  });
  expect(block.value).toBe("The person's name is Grace.");
  const reply = await client.agents.messages.create(agent.id, { input: "What is my name?" });
  expect(said(reply.messages)).toContain("Grace");
});

test("the client stores, finds, lists and deletes archival memory", async () => {
  const agent = await createAgent("archivist");
  const [paris] = await client.agents.passages.create(agent.id, {
    text: "Paris is the capital of France",
    tags: ["geo"],
  });
  await client.agents.passages.create(agent.id, { text: "Dogs bark loudly" });
  const found = await client.agents.passages.search(agent.id, { query: "capital France" });
  // As in Letta, the nearest come first and the rest follow.
  expect(found.results.map((result) => result.content)).toEqual(["Paris is the capital of France", "Dogs bark loudly"]);
  expect(await client.agents.passages.list(agent.id)).toHaveLength(2);
  await client.agents.passages.delete(paris?.id ?? "", { agent_id: agent.id });
  const left = await client.agents.passages.search(agent.id, { query: "capital France" });
  expect(left.results.map((result) => result.content)).toEqual(["Dogs bark loudly"]);
});

test("the client pages through agents to the empty page, each once", async () => {
  const made: string[] = [];
  for (let index = 0; index < 7; index++)
    made.push((await client.agents.create({ name: `paged ${index}`, model: MODEL, tags: ["paged"] })).id);
  const seen: string[] = [];
  for await (const agent of client.agents.list({ tags: ["paged"], limit: 3, order: "asc" })) seen.push(agent.id);
  expect(seen).toEqual(made);
  const backwards: string[] = [];
  for await (const agent of client.agents.list({ tags: ["paged"], limit: 2, order: "desc" })) backwards.push(agent.id);
  expect(backwards).toEqual([...made].reverse());
});

test("the client deletes an agent, and it is gone", async () => {
  const agent = await createAgent("gone");
  await client.agents.delete(agent.id);
  const gone = client.agents.retrieve(agent.id).then(() => "still there");
  expect(await gone.catch((error: unknown) => String(error))).toContain("404");
});

test("an agent answers from memory after the server was killed and started again", async () => {
  const agent = await createAgent("survivor");
  const told = await client.agents.messages.create(agent.id, { input: "My name is Ada and I live in Paris." });
  expect(told.messages.some((message) => message.message_type === "tool_call_message")).toBe(true);
  const before = await client.agents.messages.list(agent.id, { order: "asc" });

  await server.kill();
  server = await startServer(directory.path);
  client = new Letta({ baseURL: server.url, maxRetries: 0 });

  const after = await client.agents.messages.list(agent.id, { order: "asc" });
  expect(after.getPaginatedItems()).toEqual(before.getPaginatedItems());
  const name = await client.agents.messages.create(agent.id, { input: "What is my name?" });
  expect(said(name.messages)).toContain("Ada");
  const home = await client.agents.messages.create(agent.id, { input: "Where do I live?" });
  expect(said(home.messages)).toContain("Paris");
});
