import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

const FILES = join(import.meta.dir, "../../../shared/letta/agent-files");
const isThere = existsSync(FILES);
const names = isThere
  ? readdirSync(FILES, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith(".af"))
  : [];

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

async function send(
  to: TestServer,
  file: string | Uint8Array<ArrayBuffer>,
  fields: Readonly<Record<string, string>> = {},
) {
  const form = new FormData();
  form.append("file", new File([file], "agent.af", { type: "application/json" }));
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  const response = await to.server.api.request("http://localhost/v1/agents/import", { method: "POST", body: form });
  return { status: response.status, body: (await response.json()) as Answer };
}

function unwrapped(text: string): Answer {
  const json = JSON.parse(text);
  return typeof json === "string" ? JSON.parse(json) : json;
}

/** What an agent says to a message, once the calls are refused that wait for an approval since before it came here. */
async function talkTo(id: string): Promise<string> {
  const send = (body: object) => server.request("POST", `/v1/agents/${id}/messages`, { max_steps: 1, ...body });
  server.model.say({ text: "Here I am." });
  const first = await send({ input: "Are you there?" });
  if (first.status !== 409) return JSON.stringify(first.body);
  const approval_request_id = first.body.detail.pending_request_id;
  return JSON.stringify((await send({ messages: [{ type: "approval", approve: false, approval_request_id }] })).body);
}

describe.skipIf(!isThere)("real agent files, where they lie beside the project", () => {
  test("there are 29 of them", () => expect(names).toHaveLength(29));

  for (const name of names)
    test(`${name} is imported, answers a message and is exported`, async () => {
      const text = readFileSync(join(FILES, name), "utf8");
      const file = unwrapped(text);
      const { status, body } = await send(server, text, { model: "openai/gpt-4o-mini" });
      expect({ status, body }).toMatchObject({ status: 200 });
      expect(body.agent_ids).toHaveLength(file.agents?.length ?? 1);
      for (const [at, id] of body.agent_ids.entries()) {
        const source = file.agents?.[at] ?? file;
        const agent = await server.ok("GET", `/v1/agents/${id}`);
        expect(agent.name).toBe(`${source.name.replace(/[^\w '-]/g, "_")}_copy`);
        expect(await talkTo(id)).toContain("Here I am.");
        const exported = await server.ok("GET", `/v1/agents/${id}/export`);
        expect(exported.agents.length).toBeGreaterThan(0);
      }
    });
});

const LLM = {
  model: "gpt-4o-mini",
  model_endpoint_type: "openai",
  context_window: 32_000,
  handle: "openai/gpt-4o-mini",
};

function agentOf(extra: object = {}) {
  const nothing = { tool_ids: [], block_ids: [], source_ids: [], in_context_message_ids: [], messages: [] };
  return { id: "agent-0", name: "Marta", llm_config: LLM, agent_type: "letta_v1_agent", ...nothing, ...extra };
}

function toolOf(name: string, source_code: string, extra: object = {}) {
  const json_schema = { name, description: "does", parameters: { type: "object", properties: {} } };
  return { id: "tool-0", name, tool_type: "custom", source_type: "python", source_code, json_schema, ...extra };
}

function fileOf(extra: object = {}) {
  return JSON.stringify({ agents: [agentOf()], groups: [], blocks: [], files: [], sources: [], tools: [], ...extra });
}

describe("an agent file", () => {
  test("may name the agent, its model, its secrets and its project anew", async () => {
    const file = fileOf({ agents: [agentOf({ secrets: { TOKEN: "", OTHER: "" } })] });
    const { body } = await send(server, file, {
      name: "Renamed",
      model: "openai/gpt-4o-mini",
      secrets: '{"TOKEN":"abc","UNKNOWN":"x"}',
      project_id: "p",
    });
    const agent = await server.ok("GET", `/v1/agents/${body.agent_ids[0]}?include=agent.secrets`);
    expect(agent).toMatchObject({ name: "Renamed", model: "openai/gpt-4o-mini", project_id: "p" });
    expect(agent.secrets.map((one: Answer) => one.key).toSorted()).toEqual(["OTHER", "TOKEN"]);
  });

  test("replaces a custom tool of its name unless that is not wished for, and never a built-in one", async () => {
    const tool = async () => (await server.ok("GET", "/v1/tools/?name=dig"))[0];
    const sent = (source: string, fields = {}) =>
      send(server, fileOf({ agents: [agentOf({ tool_ids: ["tool-0"] })], tools: [toolOf("dig", source)] }), fields);
    await sent("def dig():\n    return 1\n");
    const first = await tool();
    const kept = await sent("def dig():\n    return 2\n", { override_existing_tools: "false" });
    expect(kept.body.notes).toEqual(["The tool 'dig' is there already, and stays as it is"]);
    expect((await tool()).source_code).toContain("return 1");
    await sent("def dig():\n    return 3\n");
    expect(await tool()).toMatchObject({ id: first.id, source_code: "def dig():\n    return 3\n" });
    const builtin = toolOf("memory_insert", "def memory_insert():\n    pass\n");
    await send(server, fileOf({ tools: [builtin] }));
    const [shipped] = await server.ok("GET", "/v1/tools/?name=memory_insert");
    expect(shipped).toMatchObject({ tool_type: "letta_sleeptime_core", source_code: null });
  });

  test("keeps a block that two agents share shared, and the group that one of them manages", async () => {
    const file = fileOf({
      agents: [agentOf({ block_ids: ["block-0"] }), agentOf({ id: "agent-1", name: "Keeper", block_ids: ["block-0"] })],
      blocks: [{ id: "block-0", label: "human", value: "Ann", limit: 100 }],
      groups: [
        {
          id: "group-0",
          agent_ids: ["agent-1"],
          description: "keeps",
          manager_config: { manager_type: "sleeptime", manager_agent_id: "agent-0", sleeptime_agent_frequency: 3 },
        },
      ],
    });
    const { body } = await send(server, file, { append_copy_suffix: "false" });
    const [one, two] = await Promise.all(
      body.agent_ids.map((id: string) =>
        server.ok("GET", `/v1/agents/${id}?include=agent.blocks&include=agent.managed_group`),
      ),
    );
    expect([one.name, two.name]).toEqual(["Marta", "Keeper"]);
    expect(one.blocks[0].id).toBe(two.blocks[0].id);
    expect(one.managed_group).toMatchObject({ agent_ids: [two.id], sleeptime_agent_frequency: 3 });
  });

  test("brings what was said in its order, with calls, answers and thoughts, or leaves it out", async () => {
    const message = (at: number, role: string, rest: object) => {
      return { id: `message-${at}`, role, content: [], created_at: `2025-01-01T00:00:0${at}+00:00`, ...rest };
    };
    const call = { id: "call_1", type: "function", function: { name: "look", arguments: "{}" } };
    const messages = [
      message(0, "system", { content: "old prompt" }),
      message(1, "user", { content: "What is there?" }),
      message(2, "assistant", { content: [{ type: "reasoning", reasoning: "Hm." }], tool_calls: [call] }),
      message(3, "tool", { tool_call_id: "call_1", content: '{"status": "OK", "message": "A tree.", "time": "now"}' }),
      message(4, "assistant", { content: [{ type: "text", text: "A tree." }] }),
    ];
    const in_context_message_ids = messages.map(({ id }) => id);
    const file = fileOf({ agents: [agentOf({ messages, in_context_message_ids })] });
    const { body } = await send(server, file);
    const shown = await server.ok("GET", `/v1/agents/${body.agent_ids[0]}/messages?order=asc`);
    const told = shown
      .slice(1)
      .map((one: Answer) => one.content ?? one.reasoning ?? one.tool_return ?? one.tool_call.name);
    expect(told).toEqual(["What is there?", "Hm.", "look", "A tree.", "A tree."]);
    expect(shown[1].date).toBe("2025-01-01T00:00:01+00:00");
    expect(shown[0].content).not.toContain("old prompt");
    const stripped = await send(server, file, { strip_messages: "true" });
    expect(await server.ok("GET", `/v1/agents/${stripped.body.agent_ids[0]}/messages`)).toHaveLength(1);
  });

  test("is told again as it was when it is exported, and its secrets are not", async () => {
    const tools = [toolOf("ebb", "def ebb():\n    return 1\n")];
    const blocks = [{ id: "block-0", label: "human", value: "Ann", limit: 100, description: "who" }];
    const sources = [{ id: "source-0", name: "shelf", instructions: "read" }];
    const files = [
      {
        id: "file-0",
        source_id: "source-0",
        file_name: "shelf/a.md",
        original_file_name: "a.md",
        file_type: "text/markdown",
        content: "# A\nb\nc",
      },
    ];
    const files_agents = [{ file_id: "file-0", is_open: true, start_line: 2, end_line: 3 }];
    const messages = [{ id: "message-0", role: "user", content: "Hi", created_at: "2025-01-01T00:00:00+00:00" }];
    const keys = { tool_ids: ["tool-0"], block_ids: ["block-0"], source_ids: ["source-0"] };
    const agent = agentOf({
      ...keys,
      messages,
      in_context_message_ids: ["message-0"],
      files_agents,
      secrets: { KEY: "" },
    });
    const sent = fileOf({ agents: [agent], tools, blocks, sources, files });
    const { body } = await send(server, sent, { append_copy_suffix: "false", secrets: '{"KEY":"canary-4711"}' });
    const first = await server.ok("GET", `/v1/agents/${body.agent_ids[0]}/export`);
    expect(JSON.stringify(first)).not.toContain("canary-4711");
    expect(first.agents[0].tool_exec_environment_variables).toEqual({ KEY: "" });
    expect(first.files[0]).toMatchObject({ content: "# A\nb\nc", original_file_name: "a.md" });
    expect(first.agents[0].files_agents[0]).toMatchObject({ is_open: true, start_line: 2, end_line: 3 });
    const again = await send(server, JSON.stringify(first), { append_copy_suffix: "false" });
    const second = await server.ok("GET", `/v1/agents/${again.body.agent_ids[0]}/export`);
    expect(steady(second)).toEqual(steady(first));
    const scrubbed = await server.ok("GET", `/v1/agents/${body.agent_ids[0]}/export?scrub_messages=true`);
    expect(scrubbed.agents[0]).toMatchObject({ messages: [], in_context_message_ids: [] });
  });

  test("may be encoded twice", async () => {
    expect((await send(server, JSON.stringify(fileOf()))).status).toBe(200);
  });

  test("brings no command, and asks nothing of a server that it names", async () => {
    const mcp_servers = [
      { id: "mcp_server-0", server_name: "shell", server_type: "stdio", stdio_config: { command: "sh", args: [] } },
      { id: "mcp_server-1", server_name: "far", server_type: "streamable_http", server_url: "https://mcp.example/mcp" },
    ];
    const { body } = await send(server, fileOf({ mcp_servers }));
    expect(body.notes.join(" ")).toContain("'shell' is a command");
    const known = await server.ok("GET", "/v1/mcp-servers/");
    expect(known.map((one: Answer) => one.server_name)).toEqual(["far"]);
  });
});

/** An export without what differs from one to the next: when it was made, names of folders, the prompt's own ids and times. */
function steady(file: Answer): Answer {
  const told = structuredClone(file);
  delete told.created_at;
  for (const source of told.sources) source.name = source.name.replace(/_[0-9a-f]{8}$/, "");
  for (const agent of told.agents) {
    delete agent.messages[0].content;
    delete agent.messages[0].created_at;
    delete agent.messages[0].otid;
    for (const view of agent.files_agents)
      for (const field of ["id", "last_accessed_at", "file_name"]) delete view[field];
  }
  return told;
}

const WRONG: Readonly<Record<string, readonly [file: string, status: number, said: string]>> = {
  "is no JSON": ["nope", 400, "Corrupted agent file format."],
  "is cut in the middle": [fileOf().slice(0, -20), 400, "Corrupted agent file format."],
  "is something else": ['{"version": 7}', 400, "no agent file that can be read"],
  "names a tool that is not in it": [
    fileOf({ agents: [agentOf({ tool_ids: ["tool-9"] })] }),
    400,
    "'agent-0' names 'tool-9'",
  ],
  "names two things alike": [fileOf({ agents: [agentOf(), agentOf()] }), 400, "'agent-0' is there twice"],
  "has a name of another kind": [fileOf({ agents: [agentOf({ id: "tool-0" })] }), 400, "is no name for a agent"],
  "is nested too deep": ["[".repeat(5_000) + "]".repeat(5_000), 400, "Corrupted agent file format."],
  "has a field of another type": [fileOf({ agents: [agentOf({ tags: 7 })] }), 422, "tags"],
};

for (const [name, [file, status, said]] of Object.entries(WRONG))
  test(`an agent file that ${name} is refused, and nothing of it is stored`, async () => {
    const before = await server.ok("GET", "/v1/agents/count");
    const refused = await send(server, file);
    expect(refused.status).toBe(status);
    expect(JSON.stringify(refused.body)).toContain(said);
    expect(await server.ok("GET", "/v1/agents/count")).toBe(before);
  });

test("what cannot be stored as a whole leaves nothing", async () => {
  const count = () => Promise.all(["agents", "blocks", "tools"].map((kind) => server.ok("GET", `/v1/${kind}/count`)));
  const before = await count();
  const group = {
    id: "group-0",
    agent_ids: ["agent-0"],
    description: "",
    manager_config: {
      manager_type: "voice_sleeptime",
      manager_agent_id: "agent-0",
      max_message_buffer_length: 1,
      min_message_buffer_length: 9,
    },
  };
  const refused = await send(
    server,
    fileOf({
      groups: [group],
      blocks: [{ id: "block-0", label: "x" }],
      tools: [toolOf("lost", "def lost():\n    pass\n")],
    }),
  );
  expect(refused.status).toBe(400);
  expect(await count()).toEqual(before);
});
