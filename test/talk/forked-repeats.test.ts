import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { closeChecked } from "../_harness/contexts.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

// What failed and is sent again gives way to itself, but only in the conversation where that happens: others may share it.

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => closeChecked(server));

// A failure that says nothing of what was sent: what a provider refuses to read goes out of the context at once.
const BROKEN = { status: 401, body: '{"error":{"message":"broken"}}' };
const WORDS = "The walrus plays chess.";

const ok: TestServer["ok"] = (...request) => server.ok(...request);

/** Says the same words in a conversation; the status tells whether the model answered. */
async function say(id: string): Promise<number> {
  const messages = [{ role: "user", content: WORDS }];
  return (await server.request("POST", `/v1/conversations/${id}/messages`, { messages, streaming: false })).status;
}

/** What a conversation lists, without its system message: roles, and what gave way. */
async function listed(id: string, query = ""): Promise<readonly string[]> {
  const messages = await ok("GET", `/v1/conversations/${id}/messages?order=asc${query}`);
  return messages.slice(1).map((message: Answer) => `${message.message_type}${message.is_err === true ? " !" : ""}`);
}

async function contextOf(id: string): Promise<readonly string[]> {
  return (await ok("GET", `/v1/conversations/${id}`)).in_context_message_ids;
}

async function idsOf(id: string): Promise<readonly string[]> {
  return (await ok("GET", `/v1/conversations/${id}/messages?order=asc`)).map((message: Answer) => message.id);
}

/** The messages that a search finds by the words, and those that the agent's memory holds. */
async function found(agentId: string, text = WORDS): Promise<readonly string[]> {
  const hits = await ok("POST", "/v1/messages/search", { query: text, agent_id: agentId });
  return hits.filter((hit: Answer) => hit.content === WORDS).map((hit: Answer) => hit.message_id ?? hit.id);
}

async function remembers(id: string): Promise<boolean> {
  const { rows } = await server.database.reader.execute("select id from umi_entries where id = $1", [id]);
  return rows.length > 0;
}

/** A conversation whose only message nobody answered, and a fork of it. */
async function forked(
  extra: object = {},
): Promise<{ agentId: string; original: string; fork: string; shared: string }> {
  const agentId = await server.agent(extra);
  const { id: original } = await ok("POST", `/v1/conversations/?agent_id=${agentId}`, {});
  server.model.say(BROKEN);
  expect(await say(original)).toBe(401);
  const { id: fork } = await ok("POST", `/v1/conversations/${original}/fork`);
  const shared = (await contextOf(fork))[1] ?? "";
  return { agentId, original, fork, shared };
}

describe("supersede()", () => {
  test("leaves to a fork what its conversation sent again", async () => {
    const { agentId, original, fork, shared } = await forked();
    expect(await say(original)).toBe(200);
    expect(await listed(original)).toEqual(["user_message", "assistant_message"]);
    expect(await listed(original, "&include_err=true")).toEqual([
      "user_message !",
      "user_message",
      "assistant_message",
    ]);
    expect(await listed(fork, "&include_err=true")).toEqual(["user_message"]);
    expect(await idsOf(fork)).toEqual(await contextOf(fork));
    // The words are found once, as they were sent again; the fork's are remembered for when those are gone.
    const [again = ""] = (await idsOf(original)).slice(1);
    expect(await found(agentId)).toEqual([again]);
    expect(await found(agentId, "")).toEqual([again]);
    expect(await remembers(shared)).toBe(true);
    await ok("DELETE", `/v1/conversations/${original}`);
    expect(await found(agentId)).toEqual([shared]);
    expect(await found(agentId, "")).toEqual([shared]);
  });

  test("leaves to a conversation what its fork sent again", async () => {
    const { agentId, original, fork, shared } = await forked();
    expect(await say(fork)).toBe(200);
    expect(server.model.requests.at(-1)?.messages.map(({ role }) => role)).toEqual(["system", "user"]);
    expect(await listed(fork, "&include_err=true")).toEqual(["user_message !", "user_message", "assistant_message"]);
    expect(await listed(original, "&include_err=true")).toEqual(["user_message"]);
    expect(await idsOf(original)).toEqual(await contextOf(original));
    expect(await found(agentId)).toContain(shared);
    // Of the shared message only the fork's list of errors is left then.
    await ok("DELETE", `/v1/conversations/${original}`);
    expect([await remembers(shared), (await found(agentId)).length]).toEqual([false, 1]);
  });

  test("lets an agent recall what was sent again only as it was sent last", async () => {
    const { agentId, original } = await forked({ memory_settings: { recall: true } });
    expect(await say(original)).toBe(200);
    expect(JSON.stringify(server.model.requests.at(-1)?.messages)).not.toContain("recalled_memory");
    const { id: other } = await ok("POST", `/v1/conversations/?agent_id=${agentId}`, {});
    await say(other);
    expect(JSON.stringify(server.model.requests.at(-1)?.messages).split("by the user: The walrus")).toHaveLength(2);
  });

  test("takes out of memory what no conversation holds any more, whoever was the last", async () => {
    const { agentId, original, fork, shared } = await forked();
    const { id: second } = await ok("POST", `/v1/conversations/${fork}/fork`);
    await say(original);
    await say(fork);
    expect([await remembers(shared), await listed(second)]).toEqual([true, ["user_message"]]);
    await ok("DELETE", `/v1/conversations/${second}`);
    expect(await remembers(shared)).toBe(false);
    expect((await found(agentId)).toSorted()).toEqual(
      [(await idsOf(original))[1] ?? "", (await idsOf(fork))[1] ?? ""].toSorted(),
    );
  });
});

/** The schema that knew of a message alone that it had given way. */
const BEFORE = 8;

interface Named {
  readonly type: string;
  readonly name: string;
  readonly sql: string | null;
}

const OBJECTS = "select type, name, sql from sqlite_master where sql is not null and name not like 'sqlite_%'";
const COLUMNS =
  "select m.name || '.' || c.name as name from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'";

/** Makes the database one of that schema: it loses what the file of that version does not have. */
async function setBack(...shared: readonly string[]): Promise<void> {
  const packed = readFileSync(join(import.meta.dir, "..", "store", "older", `schema-${BEFORE}.db.gz`));
  const older = Database.deserialize(Bun.gunzipSync(packed));
  const { writer } = server.database;
  const run = async (sql: string) => (await writer.execute(sql, [])).rows;
  const before = new Map(
    older
      .query<Named, []>(OBJECTS)
      .all()
      .map((one) => [one.name, one]),
  );
  const columns = new Set(
    older
      .query<Pick<Named, "name">, []>(COLUMNS)
      .all()
      .map(({ name }) => name),
  );
  older.close();
  const now = (await run(OBJECTS)) as unknown as readonly Named[];
  const indexes = now.filter(({ type, name, sql }) => type !== "table" && before.get(name)?.sql !== sql);
  for (const { type, name } of indexes) await run(`drop ${type} ${name}`);
  // Backwards: what is made later refers to what was made before.
  for (const { type, name } of now.toReversed())
    if (type === "table" && !before.has(name)) await run(`drop table ${name}`);
  for (const { name } of (await run(COLUMNS)) as unknown as readonly Named[]) {
    const [table, column] = name.split(".");
    if (!columns.has(name)) await run(`alter table ${table} drop column ${column}`);
  }
  for (const { name } of indexes) await run(before.get(name)?.sql ?? "select 1");
  await run(`delete from schema_version where version > ${BEFORE}`);
  await run(`update messages set is_error = 1, is_spoken = 0 where id in (${shared.map((id) => `'${id}'`)})`);
}

test("A database that marked messages for all conversations shows each what is in its context", async () => {
  const [one, two] = [await forked(), await forked()];
  await say(one.original);
  await say(two.fork);
  await setBack(one.shared, two.shared);
  await server.restarted();
  const whole = ["user_message", "assistant_message"];
  expect([await listed(one.original), await listed(one.fork)]).toEqual([whole, ["user_message"]]);
  expect([await listed(two.original), await listed(two.fork)]).toEqual([["user_message"], whole]);
  expect((await listed(one.original, "&include_err=true"))[0]).toBe("user_message !");
  const own = await ok("GET", `/v1/agents/${two.agentId}/messages?conversation_id=${two.original}`);
  expect(own.map(({ id }: Answer) => id)).toContain(two.shared);
});
