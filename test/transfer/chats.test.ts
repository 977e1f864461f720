import { afterAll, describe, expect, test } from "bun:test";
import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Answer } from "../_harness/server.ts";
import { bring, served, shownOf } from "./_bring.ts";
import { zipOf } from "./_zip.ts";

const directory = mkdtempSync(join(tmpdir(), "selkie-chats-"));

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A file of this content, with a data folder of its own. */
function given(name: string, content: unknown): { readonly from: string; readonly data: string } {
  const from = join(directory, name);
  const bytes = typeof content === "string" || content instanceof Uint8Array ? content : JSON.stringify(content);
  writeFileSync(from, bytes);
  return { from, data: join(directory, `${name}.data`) };
}

/** A message of ChatGPT's tree. */
function node(id: string, parent: string | null, role: string | null, parts: readonly unknown[], extra: object = {}) {
  const at = 1_700_000_000 + Number(id.replace(/\D/g, ""));
  const message = { id, author: { role }, create_time: at, content: { content_type: "text", parts }, ...extra };
  return { id, parent, children: [], message: role === null ? null : message };
}

function treeOf(id: string, nodes: readonly { readonly id: string }[], extra: object = {}) {
  const mapping = Object.fromEntries(nodes.map((one) => [one.id, one]));
  return { id, title: `Talk ${id}`, create_time: 1_700_000_000.5, update_time: 1_700_000_900, mapping, ...extra };
}

const OTTER = treeOf(
  "11111111-aaaa",
  [
    node("n0", null, null, []),
    node("n1", "n0", "system", [""], { metadata: { is_visually_hidden_from_conversation: true } }),
    node("n2", "n1", "user", ["Where do otters sleep?"]),
    node("n3", "n2", "assistant", ["In trees."]),
    node("n4", "n2", "assistant", ['search("otters")'], { recipient: "browser" }),
    node("n5", "n4", "tool", ["a page about otters"]),
    node("n6", "n5", "assistant", ["On the water\ue200cite\ue202turn0search1\ue201, holding hands."], {
      recipient: "all",
    }),
    node(
      "n7",
      "n6",
      "user",
      [{ content_type: "image_asset_pointer", asset_pointer: "file-service://file-otter" }, "Like here?"],
      {
        content: {
          content_type: "multimodal_text",
          parts: [{ content_type: "image_asset_pointer", asset_pointer: "file-service://file-otter" }, "Like here?"],
        },
        metadata: { attachments: [{ id: "file-otter", name: "otter.png" }] },
      },
    ),
    node("n8", "n7", "assistant", ["Hm."], { content: { content_type: "thoughts", thoughts: [] } }),
    node("n9", "n8", "assistant", ["Just like that."], { create_time: null }),
  ],
  { current_node: "n9" },
);

const CLAUDE = {
  uuid: "22222222-bbbb",
  name: "Bread",
  created_at: "2025-03-01T08:00:00.000000Z",
  updated_at: "2025-03-01T09:00:00.000000Z",
  account: { uuid: "a" },
  chat_messages: [
    {
      uuid: "m1",
      sender: "human",
      text: "How long does dough rest?",
      content: [{ type: "text", text: "How long does dough rest?" }],
      created_at: "2025-03-01T08:00:00Z",
      attachments: [{ file_name: "recipe.txt", extracted_content: "flour" }],
      files: [{ file_name: "dough.jpg" }],
    },
    {
      uuid: "m2",
      sender: "assistant",
      text: "",
      content: [
        { type: "thinking", thinking: "warm or cold?" },
        { type: "tool_use", name: "web_search", input: {} },
        { type: "text", text: "An hour where it is warm." },
      ],
      created_at: "2025-03-01T08:00:09Z",
    },
    { uuid: "m2", sender: "assistant", text: "Again.", created_at: "2025-03-01T08:00:10Z" },
    { uuid: "m3", sender: "human", text: "", content: [], created_at: "2025-03-01T08:01:00Z" },
  ],
};

async function talkOf(data: string, title: string) {
  return served(data, async (server) => {
    const [agent] = await server.ok("GET", "/v1/agents/");
    const conversations = await server.ok("GET", `/v1/conversations/?agent_id=${agent.id}&limit=100`);
    const conversation = conversations.find((one: Answer) => one.summary === title);
    const messages = await server.ok("GET", `/v1/conversations/${conversation.id}/messages?order=asc&limit=500`);
    return { agent, conversation, messages: messages.filter((one: Answer) => one.message_type !== "system_message") };
  });
}

describe("ChatGPT's export", () => {
  const { from, data } = given("conversations.json", [OTTER]);

  test("becomes a conversation: the branch that was on show, with its times, and the rest accounted for", async () => {
    const { code, tables, report } = await bring(from, data);
    expect([code, report.unaccounted, report.broken]).toEqual([0, [], []]);
    expect(tables["messages"]).toMatchObject({
      rows: 9,
      taken: 4,
      left: {
        "not on the branch that was on show": 1,
        "instructions that were not shown": 1,
        "calls of tools": 1,
        "answers of tools": 1,
        "thoughts of the model": 1,
      },
      changed: { "without a time: they got that of the one before": 1 },
    });
    expect(tables["files"].left).toEqual({ "files and images are named where they were, and not brought along": 1 });
    const { agent, conversation, messages } = await talkOf(data, "Talk 11111111-aaaa");
    expect(agent.name).toBe("ChatGPT");
    expect(report.agents).toEqual([{ id: agent.id, name: "ChatGPT", made: true }]);
    expect(conversation.created_at).toBe("2023-11-14T22:13:20.500000Z");
    expect(messages.map((one: Answer) => [one.message_type, one.content])).toEqual([
      ["user_message", "Where do otters sleep?"],
      ["assistant_message", "On the water, holding hands."],
      ["user_message", "Like here?\n[not brought along: otter.png]"],
      ["assistant_message", "Just like that."],
    ]);
    expect(messages.map((one: Answer) => one.date)).toEqual([
      "2023-11-14T22:13:22+00:00",
      "2023-11-14T22:13:26+00:00",
      "2023-11-14T22:13:27+00:00",
      "2023-11-14T22:13:27+00:00",
    ]);
  }, 60_000);

  test("imported again changes nothing", async () => {
    const before = await shownOf(data);
    const { code, report } = await bring(from, data);
    expect([code, report.tables.filter((one: Answer) => one.taken > 0)]).toEqual([0, []]);
    expect(await shownOf(data)).toEqual(before);
  }, 60_000);

  test("goes on: the agent has what was said before it, answers, and finds it by its words", async () => {
    const { agent, conversation } = await talkOf(data, "Talk 11111111-aaaa");
    await served(data, async (server) => {
      await server.ok("PATCH", `/v1/agents/${agent.id}`, { model: "openai/gpt-4o-mini" });
      server.model.say({ text: "Yes, hand in hand." });
      const body = { messages: [{ role: "user", content: "Still?" }], streaming: false };
      const answer = await server.ok("POST", `/v1/conversations/${conversation.id}/messages`, body);
      expect(JSON.stringify(answer)).toContain("Yes, hand in hand.");
      expect(JSON.stringify(server.model.requests.at(-1))).toContain("holding hands");
      const found = await server.ok("POST", "/v1/messages/search", { query: "otters sleep", agent_id: agent.id });
      expect(JSON.stringify(found)).toContain("Where do otters sleep?");
    });
  }, 60_000);

  test("may come in a zip, in several parts, or compressed by gzip", async () => {
    const second = treeOf("second", [node("s1", null, "user", ["More?"]), node("s2", "s1", "assistant", ["More."])]);
    const zip = zipOf([
      { name: "export/conversations-001.json", bytes: Buffer.from(JSON.stringify([second])) },
      { name: "export/conversations-000.json", bytes: Buffer.from(JSON.stringify([OTTER])) },
      { name: "export/user.json", bytes: Buffer.from("{}") },
      { name: "export/otter.png", bytes: Buffer.from([1, 2, 3]) },
    ]);
    const packed = given("export.zip", zip);
    const { code, tables, report } = await bring(packed.from, packed.data);
    expect([code, tables["conversations"].taken, report.others]).toEqual([0, 2, ["export/user.json"]]);
    const { messages } = await talkOf(packed.data, "Talk second");
    expect(messages.map((one: Answer) => one.content)).toEqual(["More?", "More."]);
    const gzip = given("conversations.json.gz", gzipSync(JSON.stringify([OTTER])));
    expect((await bring(gzip.from, gzip.data)).tables["conversations"].taken).toBe(1);
  }, 60_000);

  test("is tried without being stored", async () => {
    const trial = given("trial.json", [OTTER]);
    const { code, report, tables } = await bring(trial.from, trial.data, { args: ["--dry-run"] });
    expect([code, report.dry_run, tables["messages"].taken]).toEqual([0, true, 4]);
    expect(existsSync(join(trial.data, "selkie.db"))).toBe(false);
  }, 60_000);

  test("goes into the agent that is named, by name or id, and is read for facts where that is wished for", async () => {
    const talk = treeOf("named", [node("a1", null, "user", ["My name is Ada and I live in Oslo."])]);
    const file = given("named.json", [talk]);
    const made = await bring(file.from, file.data, { args: ["--agent", "Ada's friend", "--learn"] });
    const [{ id, name }] = made.report.agents;
    expect([made.code, name]).toEqual([0, "Ada's friend"]);
    const other = given("other.json", [treeOf("other", [node("b1", null, "user", ["I have a cat called Tom."])])]);
    const into = await bring(other.from, file.data, { args: ["--agent", id, "--learn"] });
    expect(into.report.agents).toEqual([{ id, name: "Ada's friend", made: false }]);
    const facts = await served(file.data, async (server) => {
      for (let tries = 0; tries < 100; tries++) {
        const known = await server.ok("GET", `/v1/agents/${id}/memory/facts`);
        if (JSON.stringify(known).includes("Oslo")) return JSON.stringify(known);
        await Bun.sleep(50);
      }
      return "";
    });
    expect(facts).toContain("Oslo");
    const quiet = given("quiet.json", [treeOf("quiet", [node("c1", null, "user", ["I live in Rome."])])]);
    expect((await bring(quiet.from, file.data, { args: ["--agent", id] })).code).toBe(0);
    await served(file.data, async (server) => {
      await Bun.sleep(500);
      expect(JSON.stringify(await server.ok("GET", `/v1/agents/${id}/memory/facts`))).not.toContain("Rome");
    });
  }, 90_000);

  test("of which parts are damaged loses those, and says so", async () => {
    const circle = treeOf("circle", [
      node("x1", "x2", "user", ["round"]),
      node("x2", "x1", "assistant", ["and round"]),
    ]);
    const file = given(
      "damaged.json",
      `[${JSON.stringify(OTTER)}, ${JSON.stringify({ ...circle, current_node: "x2" })}, 7, null, "text", {"id": "no tree"},
        {"id": "wrong", "mapping": {"a": {"parent": 7, "message": "no"}, "b": null}},
        ${JSON.stringify(OTTER)}, {"id": "bad", "mapping": {oops}}, {"id": "${"x".repeat(17 * 1024 * 1024)}"},
        ${JSON.stringify(treeOf("last", [node("l1", null, "user", ["Last one."])]))}]`,
    );
    const { code, tables, report } = await bring(file.from, file.data);
    expect([code, report.unaccounted, report.broken]).toEqual([0, [], []]);
    expect(tables["conversations"]).toMatchObject({
      rows: 11,
      taken: 2,
      left: {
        "its messages follow each other in a circle": 1,
        "it is no conversation": 3,
        "it has no tree of messages, or no id": 1,
        "nothing was said in it": 1,
        "its id is there twice": 1,
        "it is no JSON that can be read": 1,
        "it is larger than 16 MB": 1,
      },
    });
  }, 60_000);

  test("that is cut off keeps what is whole, says so, and the whole file goes on from there", async () => {
    const whole = JSON.stringify([OTTER, treeOf("second", [node("s1", null, "user", ["More?"])])]);
    const file = given("cut.json", whole.slice(0, -40));
    const cut = await bring(file.from, file.data);
    expect(cut.code).toBe(1);
    expect(cut.report.broken).toEqual([expect.stringContaining("it is cut off in the middle")]);
    expect(cut.tables["conversations"]).toMatchObject({ rows: 1, taken: 1 });
    writeFileSync(file.from, whole);
    const { code, tables } = await bring(file.from, file.data);
    expect([code, tables["conversations"].known, tables["conversations"].taken]).toEqual([0, 1, 1]);
  }, 60_000);

  test("killed at any moment and imported again ends the same", async () => {
    const talks = Array.from({ length: 150 }, (_, n) =>
      treeOf(
        `k${n}`,
        Array.from({ length: 20 }, (_, m) =>
          node(`k${n}x${m}`, m === 0 ? null : `k${n}x${m - 1}`, m % 2 === 0 ? "user" : "assistant", [
            `Line ${m} of ${n}.`,
          ]),
        ),
        { current_node: `k${n}x19` },
      ),
    );
    const { from } = given("many.json", talks);
    const [whole, killed] = [join(directory, "whole.data"), join(directory, "killed.data")];
    expect((await bring(from, whole)).tables["messages"].taken).toBe(3_000);
    let isWhole = false;
    for (let killAfterMs = 350; !isWhole && killAfterMs < 8_000; killAfterMs += 75)
      isWhole = (await bring(from, killed, { killAfterMs })).code === 0;
    const last = await bring(from, killed);
    expect([last.report.unaccounted, last.tables["messages"].known]).toEqual([[], 3_000]);
    const texts = async (data: string) => {
      const shown = await shownOf(data);
      const talk = Object.entries(shown).filter(([key]) => key.startsWith("conv-"));
      return talk
        .map(([, list]) =>
          (list as Answer[])
            .slice(1)
            .map((one) => one.content)
            .join("|"),
        )
        .toSorted();
    };
    expect(await texts(killed)).toEqual(await texts(whole));
  }, 180_000);

  test("of conversations that are large takes no more memory than one of small ones", async () => {
    const page = { content_type: "text", parts: ["a page ".repeat(30)] };
    const large = (n: number) => {
      const nodes = Array.from({ length: 40_000 }, (_, m) =>
        node(`h${m}`, m === 0 ? null : `h${m - 1}`, "tool", [], { content: page }),
      );
      return treeOf(`large${n}`, [...nodes, node("u1", "h39999", "user", [`Large ${n}.`])], { current_node: "u1" });
    };
    const { from, data } = given("large.json", "[");
    for (let n = 0; n < 8; n++) appendFileSync(from, `${n === 0 ? "" : ","}${JSON.stringify(large(n))}`);
    appendFileSync(from, "]");
    expect(statSync(from).size).toBeGreaterThan(100_000_000);
    const { code, tables, bytes } = await bring(from, data);
    expect([code, tables["conversations"].taken]).toEqual([0, 8]);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(300 * 1024 * 1024);
    rmSync(from);
  }, 90_000);

  test("of which one conversation is longer than the agent's context keeps the end of it in sight", async () => {
    const nodes = Array.from({ length: 400 }, (_, m) =>
      node(`w${m}`, m === 0 ? null : `w${m - 1}`, m % 2 === 0 ? "user" : "assistant", [
        `Turn ${m}: ${"words ".repeat(400)}`,
      ]),
    );
    const { from, data } = given("long.json", [treeOf("long", nodes, { current_node: "w399" })]);
    const { tables } = await bring(from, data);
    expect(tables["messages"].taken).toBe(400);
    expect(tables["messages"].changed["found by searches, and not in the context any more"]).toBeGreaterThan(50);
    const { agent, conversation, messages } = await talkOf(data, "Talk long");
    expect(messages).toHaveLength(400);
    await served(data, async (server) => {
      await server.ok("PATCH", `/v1/agents/${agent.id}`, { model: "openai/gpt-4o-mini" });
      server.model.say({ text: "Here." });
      const body = { messages: [{ role: "user", content: "Still there?" }], streaming: false };
      await server.ok("POST", `/v1/conversations/${conversation.id}/messages`, body);
      const sent = JSON.stringify(server.model.requests.at(-1));
      expect([sent.includes("Turn 399:"), sent.includes("Turn 0:")]).toEqual([true, false]);
    });
  }, 60_000);
});

describe("Claude's export", () => {
  test("becomes a conversation, with what is left accounted for", async () => {
    const zip = zipOf([
      { name: "users.json", bytes: Buffer.from("[]") },
      { name: "conversations.json", bytes: Buffer.from(JSON.stringify([CLAUDE])) },
    ]);
    const { from, data } = given("claude.zip", zip);
    const { code, tables, report } = await bring(from, data);
    expect([code, report.unaccounted, report.agents[0].name, report.others]).toEqual([0, [], "Claude", ["users.json"]]);
    expect(tables["messages"]).toMatchObject({
      taken: 2,
      left: { "their ids are there twice": 1, "without words": 1 },
    });
    expect(tables["files"].rows).toBe(2);
    const { conversation, messages } = await talkOf(data, "Bread");
    expect(conversation.last_message_at).toBe("2025-03-01T08:00:09Z");
    expect(messages.map((one: Answer) => [one.content, one.date])).toEqual([
      [
        "How long does dough rest?\n[not brought along: recipe.txt]\n[not brought along: dough.jpg]",
        "2025-03-01T08:00:00+00:00",
      ],
      ["An hour where it is warm.", "2025-03-01T08:00:09+00:00"],
    ]);
    const before = await shownOf(data);
    expect((await bring(from, data)).tables["messages"].taken).toBe(0);
    expect(await shownOf(data)).toEqual(before);
  }, 60_000);

  test("whose messages say which they follow gives the branch that was on show", async () => {
    const said = (uuid: string, parent: string, sender: string, text: string) => {
      return { uuid, parent_message_uuid: parent, sender, text, created_at: "2025-03-01T08:00:00Z" };
    };
    const ROOT = "00000000-0000-4000-8000-000000000000";
    const chat_messages = [
      said("a", ROOT, "human", "One?"),
      said("b", "a", "assistant", "First try."),
      said("c", "a", "assistant", "Second try."),
      said("d", "c", "human", "Better."),
    ];
    const { from, data } = given("branches.json", [{ uuid: "u", name: "Branches", chat_messages }]);
    const { tables } = await bring(from, data);
    expect(tables["messages"].left).toEqual({ "not on the branch that was on show": 1 });
    const { messages } = await talkOf(data, "Branches");
    expect(messages.map((one: Answer) => one.content)).toEqual(["One?", "Second try.", "Better."]);
  }, 60_000);
});

const BOMB = zipOf([
  { name: "conversations.json", bytes: Buffer.concat([Buffer.from("["), Buffer.alloc(80_000_000, " ")]) },
]);
const SMALL = Buffer.from(JSON.stringify([OTTER]));
const REFUSED: Readonly<
  Record<string, readonly [content: string | Uint8Array, args: readonly string[], said: string]>
> = {
  "that nobody knows": ['[{"hello": 1}]', [], "What is taken: a Letta V1 database"],
  "that is a text": ["hello", [], "the data export of ChatGPT or of Claude"],
  "that is empty": ["[]", [], "is nothing that is known here"],
  "that is another than it is said to be": ["hello", ["--format", "chatgpt"], "is no export of chatgpt"],
  "of a format that there is not": ["[]", ["--format", "chatgtp"], "is none of v1, chatgpt, claude, mem0, zep"],
  "that is a zip bomb": [BOMB, ["--format", "chatgpt"], "would become more than 200 times as large"],
  "that is a zip cut off": [
    zipOf([{ name: "conversations.json", bytes: SMALL }]).subarray(0, 300),
    [],
    "is a zip that cannot be read",
  ],
  "for an agent whose name cannot be": [SMALL, ["--agent", "a/b"], "only letters, digits"],
  "for an agent that there is not": [
    SMALL,
    ["--agent", "agent-00000000-0000-4000-8000-000000000009"],
    "there is no agent agent-0000",
  ],
};
for (const [name, [content, args, said]] of Object.entries(REFUSED))
  test(`a file ${name} is refused`, async () => {
    const { from, data } = given("refused.json", content);
    const { code, err, out } = await bring(from, data, { args });
    expect([code, out, err]).toEqual([1, "", expect.stringContaining(said)]);
  }, 60_000);

test("a zip whose directory says less than it holds, or another sum, is told as damaged", async () => {
  const bytes = Buffer.from(JSON.stringify([OTTER]));
  const lying = given("lying.zip", zipOf([{ name: "conversations.json", bytes, claimedBytes: 100 }]));
  const told = await bring(lying.from, lying.data, { args: ["--format", "chatgpt"] });
  expect([told.code, told.report.broken]).toEqual([1, [expect.stringContaining("cut off or damaged")]]);
}, 60_000);
