import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Answer, startTestServer, type TestServer } from "./_test-server.ts";

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer({ tracksProvider: true });
  server.model.always(() => ({ text: "Zanzibar it is, then" }));
});

afterEach(() => server.close());

/** Tables that hold the text anywhere, whatever its case. */
async function holding(text: string): Promise<readonly string[]> {
  const rows = async (sql: string): Promise<readonly Answer[]> => (await server.database.reader.execute(sql, [])).rows;
  const found: string[] = [];
  for (const { name } of await rows("select name from sqlite_master where type = 'table' order by name")) {
    const shown = JSON.stringify(await rows(`select * from ${name}`), (_, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value,
    );
    if (shown.toLowerCase().includes(text)) found.push(name);
  }
  return found;
}

async function say(path: string): Promise<string> {
  const messages = [{ role: "user", content: "I dream of Zanzibar" }];
  const { run_ids, messages: said } = await server.ok("POST", `${path}/messages`, { messages, streaming: false });
  return run_ids?.[0] ?? said[0].run_id;
}

test("a conversation that is deleted leaves no words behind, with provider traces kept too", async () => {
  const agent = await server.agent();
  const { id } = await server.ok("POST", `/v1/conversations/?agent_id=${agent}`, {});
  const run = await say(`/v1/conversations/${id}`);
  expect(await holding("zanzibar")).toContain("provider_traces");
  expect(await server.ok("GET", `/v1/runs/${run}/trace`)).toHaveLength(1);
  await server.ok("DELETE", `/v1/conversations/${id}`);
  expect(await holding("zanzibar")).toEqual([]);
});

test("an agent that is deleted leaves no words behind, with provider traces kept too", async () => {
  const agent = await server.agent();
  await say(`/v1/agents/${agent}`);
  expect(await holding("zanzibar")).toContain("provider_traces");
  await server.ok("DELETE", `/v1/agents/${agent}`);
  expect(await holding("zanzibar")).toEqual([]);
});

test("the traces of other conversations stay, and those of a deleted run go with it", async () => {
  const agent = await server.agent();
  const { id } = await server.ok("POST", `/v1/conversations/?agent_id=${agent}`, {});
  const kept = await say(`/v1/agents/${agent}`);
  const gone = await say(`/v1/agents/${agent}`);
  await say(`/v1/conversations/${id}`);
  await server.ok("DELETE", `/v1/conversations/${id}`);
  expect(await server.ok("GET", `/v1/runs/${kept}/trace`)).toHaveLength(1);
  await server.ok("DELETE", `/v1/runs/${gone}`);
  const { rows } = await server.database.reader.execute("select run_id from provider_traces", []);
  expect(rows.map((row) => row["run_id"])).toEqual([kept]);
});
