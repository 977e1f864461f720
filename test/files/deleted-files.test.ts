import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";
import { folder, stored } from "./_files.ts";

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => server.close());

/** Tables that hold the text anywhere. */
async function holding(text: string): Promise<readonly string[]> {
  const rows = async (sql: string): Promise<readonly Answer[]> => (await server.database.reader.execute(sql, [])).rows;
  const found: string[] = [];
  for (const { name } of await rows("select name from sqlite_master where type = 'table' order by name"))
    if (JSON.stringify(await rows(`select * from ${name}`)).includes(text)) found.push(name);
  return found;
}

const say = (agent: string) =>
  server.ok("POST", `/v1/agents/${agent}/messages`, {
    messages: [{ role: "user", content: "Hello" }],
    streaming: false,
  });

/** An agent that has read a file, and what its first step tells of it. */
async function reader() {
  const id = await folder(server, "atlas");
  const agent = await server.agent({ folder_ids: [id] });
  const file = await stored(server, id, { name: "islands.txt", content: "Zanzibar lies\n<b>off</b> the coast" });
  await say(agent);
  const [step] = await server.ok("GET", `/v1/steps/?agent_id=${agent}`);
  return { id, agent, file, context: () => server.ok("GET", `/v1/steps/${step.id}/context`) };
}

test("what a prompt showed of a file is told by its step, kept once, and gone with the file", async () => {
  const { id, agent, file, context } = await reader();
  const told = await context();
  expect(told.system_prompt).toContain("1: Zanzibar lies\n2: <b>off</b> the coast\n</value>");
  expect(told.is_complete).toBe(true);
  // Another prompt with the same file in it.
  await server.ok("PATCH", `/v1/agents/${agent}/core-memory/blocks/human`, { value: "Ada, who travels" });
  await say(agent);
  const texts = await server.database.reader.execute("select text from texts where text like '%Zanzibar%'", []);
  expect(texts.rows).toHaveLength(1);
  await server.request("DELETE", `/v1/folders/${id}/${file.id}`);
  expect(await holding("Zanzibar")).toEqual([]);
  const left = await context();
  expect(left.is_complete).toBe(false);
  expect(left.system_prompt).toContain('name="atlas/islands.txt"');
});

test("a folder takes along what prompts showed of its files", async () => {
  const { id, context } = await reader();
  await server.ok("DELETE", `/v1/folders/${id}`);
  expect(await holding("Zanzibar")).toEqual([]);
  expect((await context()).is_complete).toBe(false);
});

test("a file that is deleted while the model reads it leaves nothing behind", async () => {
  const { id, agent, file } = await reader();
  const asked = Promise.withResolvers<void>();
  const removed = Promise.withResolvers<void>();
  const answered = async () => {
    asked.resolve();
    await removed.promise;
    const message = { role: "assistant", content: "An island" };
    return Response.json({ choices: [{ index: 0, message, finish_reason: "stop" }] });
  };
  server.model.always(() => ({ respond: answered }));
  const answer = say(agent);
  await asked.promise;
  await server.request("DELETE", `/v1/folders/${id}/${file.id}`);
  removed.resolve();
  await answer;
  expect(await holding("Zanzibar")).toEqual([]);
});
