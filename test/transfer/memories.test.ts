import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Answer } from "../_harness/server.ts";
import { bring, served, shownOf } from "./_bring.ts";

const directory = mkdtempSync(join(tmpdir(), "selkie-memories-"));

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function given(name: string, content: unknown): { readonly from: string; readonly data: string } {
  const from = join(directory, name);
  writeFileSync(from, JSON.stringify(content));
  return { from, data: join(directory, `${name}.data`) };
}

function remembered(id: string, user_id: string | undefined, memory: string, extra: object = {}) {
  const times = { created_at: "2025-02-03T04:05:06.789-08:00", updated_at: "2025-02-04T04:05:06Z" };
  return { id, memory, user_id, hash: "h", metadata: { room: "kitchen" }, categories: ["food"], ...times, ...extra };
}

test("memories of mem0 become passages of an agent, with their times, tags and source", async () => {
  const results = [remembered("m1", "ada", "Likes rye bread"), remembered("m2", "ada", "Bakes on Sundays")];
  const { from, data } = given("mem0.json", { count: 2, results, relations: [{ source: "ada", target: "bread" }] });
  const { code, tables, report } = await bring(from, data, { args: ["--agent", "Baker"] });
  expect([code, report.unaccounted, tables["memories"].taken]).toEqual([0, [], 2]);
  expect(tables["relations"].left).toEqual({ "edges of mem0's graph have no time and no sentence": 1 });
  await served(data, async (server) => {
    const [agent] = await server.ok("GET", "/v1/agents/?include=agent.identities");
    expect([agent.name, agent.identities.map((one: Answer) => one.identifier_key)]).toEqual(["Baker", ["ada"]]);
    const passages = await server.ok("GET", `/v1/agents/${agent.id}/archival-memory`);
    const bread = passages.find((one: Answer) => one.text === "Likes rye bread");
    expect(bread).toMatchObject({
      tags: ["mem0", "food"],
      created_at: "2025-02-03T12:05:06.789000Z",
      metadata: { room: "kitchen", source: "mem0", source_id: "m1", user_id: "ada", hash: "h" },
    });
    const found = await server.ok("GET", `/v1/agents/${agent.id}/archival-memory/search?query=rye`);
    expect(found.results[0].content).toBe("Likes rye bread");
    const head = (await server.ok("GET", `/v1/agents/${agent.id}/messages?order=asc`))[0];
    expect(head.content).toContain("2 passages are stored in archival memory");
  });
  const before = await shownOf(data);
  expect((await bring(from, data, { args: ["--agent", "Baker"] })).tables["memories"]).toMatchObject({
    taken: 0,
    known: 2,
  });
  expect(await shownOf(data)).toEqual(before);
}, 60_000);

test("several users of mem0 get an agent each, and keep it", async () => {
  const memories = [
    remembered("m1", "ada@example.org", "Likes tea"),
    remembered("m2", "bo", "Hates tea"),
    remembered("m3", undefined, "The office has a kettle"),
    remembered("m2", "bo", "Hates tea"),
    remembered("m4", "bo", ""),
    { id: 7 },
  ];
  const { from, data } = given("users.json", memories);
  const { code, tables, report } = await bring(from, data);
  expect([code, report.agents.map((one: Answer) => one.name).toSorted()]).toEqual([
    0,
    ["mem0", "mem0 ada_example_org", "mem0 bo"],
  ]);
  expect(tables["memories"]).toMatchObject({ rows: 6, taken: 3, known: 1, left: { "it has no id, or no words": 2 } });
  await served(data, async (server) => {
    for (const [user, text] of [
      ["ada@example.org", "Likes tea"],
      ["bo", "Hates tea"],
    ] as const) {
      const [agent, ...others] = await server.ok("GET", `/v1/agents/?identifier_keys=${encodeURIComponent(user)}`);
      const passages = await server.ok("GET", `/v1/agents/${agent.id}/archival-memory`);
      expect([others, passages.map((one: Answer) => one.text)]).toEqual([[], [text]]);
    }
  });
  const before = await shownOf(data);
  expect((await bring(from, data)).report.tables.filter((one: Answer) => one.taken > 0)).toEqual([]);
  expect(await shownOf(data)).toEqual(before);
}, 60_000);

const ZEP = {
  users: [
    {
      user_id: "ada",
      first_name: "Ada",
      last_name: "Berg",
      email: "ada@example.org",
      edges: [
        {
          uuid: "e1",
          name: "LIVES_IN",
          fact: "Ada lives in Oslo",
          valid_at: "2024-05-01T00:00:00Z",
          invalid_at: null,
          created_at: "2024-06-01T00:00:00Z",
          source_node_uuid: "ada-node",
          source_node_name: "Ada",
          target_node_uuid: "oslo-node",
          target_node_name: "Oslo",
        },
        {
          uuid: "e2",
          name: "LIVES_IN",
          fact: "Ada lives in Bergen",
          valid_at: "2020-05-01T00:00:00Z",
          invalid_at: "2024-05-01T00:00:00Z",
          created_at: "2024-06-01T00:00:00Z",
        },
        { uuid: "e3", fact: "Ada likes snow", created_at: "2024-06-02T00:00:00Z" },
      ],
      nodes: [
        { uuid: "n1", name: "Oslo", summary: "Where Ada lives", labels: ["City"] },
        { uuid: "n2", name: "Snow" },
      ],
      episodes: [
        { uuid: "p1", content: "A note on skis", source: "text", source_description: "notes" },
        { uuid: "p2", content: "Ada: hello", source: "message", thread_id: "t1" },
      ],
    },
  ],
  threads: [
    {
      thread_id: "t1",
      user_id: "ada",
      created_at: "2024-06-01T10:00:00Z",
      messages: [
        { uuid: "z1", role: "user", name: "Ada", content: "I moved to Oslo", created_at: "2024-06-01T10:00:01Z" },
        { uuid: "z2", role: "assistant", content: "How is it?", created_at: "2024-06-01T10:00:02Z" },
        { uuid: "z3", role: "tool", content: "{}", created_at: "2024-06-01T10:00:03Z" },
      ],
    },
  ],
  sessions: [
    {
      session_id: "s1",
      user_id: "bo",
      messages: [{ uuid: "z1", role_type: "user", role: "Bo", content: "Hi", created_at: "2024-01-01T00:00:00Z" }],
      facts: ["Bo is new here"],
    },
    { user_id: "bo" },
  ],
  messages: [{ uuid: "z9", content: "lost" }],
  settings: { a: 1 },
};

test("Zep's users, threads, facts and episodes become agents with conversations, facts and passages", async () => {
  const { from, data } = given("zep.json", ZEP);
  const { code, tables, report } = await bring(from, data, { args: ["--agent", "Friend"] });
  expect([code, report.unaccounted]).toEqual([0, []]);
  const outcomes = Object.fromEntries(report.tables.map((one: Answer) => [one.table, [one.rows, one.taken]]));
  expect(outcomes).toEqual({
    users: [1, 1],
    edges: [3, 3],
    nodes: [2, 1],
    episodes: [2, 1],
    conversations: [2, 2],
    messages: [5, 3],
    facts: [1, 1],
    sessions: [1, 0],
  });
  expect(tables["episodes"].left).toEqual({ "what was said comes with its thread": 1 });
  await served(data, async (server) => {
    const [ada] = await server.ok("GET", "/v1/agents/?identifier_keys=ada&include=agent.identities");
    expect([ada.name, ada.identities[0].name]).toEqual(["Friend ada", "Ada Berg"]);
    const facts = await server.ok("GET", `/v1/agents/${ada.id}/memory/facts`);
    const [oslo, ...others] = facts.facts ?? facts;
    expect(others).toEqual([]);
    expect(oslo).toMatchObject({
      text: "Ada lives in Oslo",
      relation: "lives_in",
      value: "Oslo",
      valid_from: "2024-05-01T00:00:00Z",
      learned_at: "2024-06-01T00:00:00Z",
    });
    const passages = await server.ok("GET", `/v1/agents/${ada.id}/archival-memory`);
    expect(passages.map((one: Answer) => one.text).toSorted()).toEqual([
      "A note on skis",
      "Ada likes snow",
      "Ada lives in Bergen",
      "Oslo: Where Ada lives",
    ]);
    const bergen = passages.find((one: Answer) => one.text === "Ada lives in Bergen");
    expect(bergen.metadata).toMatchObject({ source: "zep", invalid_at: "2024-05-01T00:00:00Z" });
    const recalled = await server.ok("POST", `/v1/agents/${ada.id}/memory/recall`, { query: "Where does Ada live?" });
    expect(JSON.stringify(recalled)).toContain("Ada lives in Oslo");
    const [thread] = await server.ok("GET", `/v1/conversations/?agent_id=${ada.id}`);
    const messages = await server.ok("GET", `/v1/conversations/${thread.id}/messages?order=asc`);
    expect(messages.slice(1).map((one: Answer) => one.content)).toEqual(["I moved to Oslo", "How is it?"]);
    await server.ok("PATCH", `/v1/agents/${ada.id}`, { model: "openai/gpt-4o-mini" });
    server.model.say({ text: "Oslo." });
    const body = { messages: [{ role: "user", content: "Where do I live?" }], streaming: false };
    expect(JSON.stringify(await server.ok("POST", `/v1/conversations/${thread.id}/messages`, body))).toContain("Oslo.");
  });
  const before = await shownOf(data);
  const again = await bring(from, data, { args: ["--agent", "Friend"] });
  expect(again.report.tables.filter((one: Answer) => one.taken > 0)).toEqual([]);
  expect(await shownOf(data)).toEqual(before);
}, 90_000);
