import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import type { PluginCode } from "../../src/agent/plugins/plugin-host.ts";
import type { ClosingPluginHost } from "../../src/sandbox/plugins/host.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";
import { startAccessWorld } from "../access/_world.ts";
import { describeInJail } from "./_jail.ts";
import { example, moduleSaying, pluginHost } from "./_plugins.ts";

const PATIENCE_MS = 30_000;
const KEY = "-----BEGIN PRIVATE KEY-----";

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await what())) {
    if (performance.now() > end) throw new Error("It did not come to pass");
    await Bun.sleep(20);
  }
}

/** A hook in TypeScript that hears of one event and does this with what it is told. */
function hook(name: string, event: string, body: string, more: object = {}): PluginCode & { grants?: string[] } {
  const manifest = JSON.stringify({ abi: 1, kind: "hook", name, events: [event], grants: ["log"], ...more });
  const code = `export const manifest = ${manifest};\nexport async function call(told, host) { ${body} }\n`;
  return { language: "typescript", code };
}

describeInJail("hooks", () => {
  const logged: string[] = [];
  let host: ClosingPluginHost;
  let at: TestServer;
  beforeAll(async () => {
    const log = (line: string) => void logged.push(line);
    host = await pluginHost({ log });
    at = await startTestServer({ pluginHost: host, log });
  });
  afterAll(async () => {
    await at.close();
    await host.close();
  });
  afterEach(async () => {
    for (const { id } of await at.ok("GET", "/v1/plugins")) await at.ok("DELETE", `/v1/plugins/${id}`);
    logged.length = 0;
  });

  const add = async (draft: object) => at.ok("POST", "/v1/plugins", draft);
  const send = (agent: string, input: string) => at.request("POST", `/v1/agents/${agent}/messages`, { input });
  const lastAsked = () => JSON.stringify(at.model.requests.at(-1));
  const human = async (agent: string) => (await at.ok("GET", `/v1/agents/${agent}/core-memory/blocks/human`)).value;
  const lastStep = async (agent: string) => (await at.ok("GET", `/v1/steps/?agent_id=${agent}&limit=1`))[0];
  const contextOf = async (agent: string) => at.ok("GET", `/v1/steps/${(await lastStep(agent)).id}/context`);
  /** Has the agent's model append this to its block, and gives what it was answered. */
  async function append(agent: string, content: string): Promise<Answer> {
    at.model.say(
      { calls: [{ name: "core_memory_append", arguments: { label: "human", content } }] },
      { text: "Done." },
    );
    const { body } = await send(agent, "remember");
    return body.messages.find((message: Answer) => message.message_type === "tool_return_message");
  }

  test("the example in TypeScript adds a note, changes what is remembered, and is told of each step", async () => {
    const plugin = await add(await example("house-rules.ts"));
    expect(plugin).toMatchObject({ kind: "hook", manifest: { on_failure: "allow", tags: [] } });
    const agent = await at.agent({ tools: ["core_memory_append"] });
    expect(await append(agent, "Card 4111 1111 1111 1111, from Rome")).toMatchObject({ status: "success" });
    expect(lastAsked()).toContain("Prices are told in euros.");
    expect(await human(agent)).toBe("Ada\nCard [card number], from Rome");
    const [second, first] = await at.ok("GET", `/v1/steps/?agent_id=${agent}`);
    const context = await at.ok("GET", `/v1/steps/${first.id}/context`);
    expect(context.system_prompt).toContain('<note from="house-rules">\nPrices are told in euros.\n</note>');
    expect(context.hooks).toMatchObject([
      { plugin_id: plugin.id, name: "house-rules", did: "note", tool_call_id: null },
      { plugin_id: plugin.id, name: "house-rules", did: "arguments", tool_call_id: expect.any(String) },
    ]);
    await until(() => [first, second].every(({ id }) => logged.some((line) => line.includes(`step ${id} took`))));
    expect(logged.filter((line) => line.includes(`step ${first.id} took`))).toHaveLength(1);

    await at.ok("PATCH", `/v1/plugins/${plugin.id}`, { enabled: false });
    at.model.say({ text: "Hi." });
    await send(agent, "hello");
    expect(lastAsked()).not.toContain("Prices are told");
    expect((await contextOf(agent)).hooks).toEqual([]);
  });

  test("the example in WebAssembly refuses to ask the model and to write, and both are told why", async () => {
    await add(await example("key-guard.wat"));
    const agent = await at.agent();
    const asked = at.model.requests.length;
    const refused = await send(agent, `look: ${KEY}`);
    expect([refused.status, refused.body.detail]).toEqual([
      403,
      "The hook 'key-guard' refused to ask the model: there is a private key in it",
    ]);
    expect(at.model.requests.length).toBe(asked);
    expect(await lastStep(agent)).toMatchObject({ status: "failed", error_type: "refused_by_hook" });
    const [run] = await at.ok("GET", `/v1/runs/?agent_id=${agent}`);
    expect(run).toMatchObject({ status: "failed", stop_reason: "error" });
    expect(run.metadata.error.message).toContain("there is a private key in it");

    const other = await at.agent({ tools: ["core_memory_append"] });
    const answer = await append(other, `${KEY} MIIEvQ`);
    expect([answer.status, answer.tool_return]).toEqual([
      "error",
      expect.stringContaining("The hook 'key-guard' refused this change of memory: there is a private key in it"),
    ]);
    expect(await human(other)).toBe("Ada");
  });

  test("a hook that fails, loops or talks nonsense stops no agent, unless its manifest says so", async () => {
    for (const [name, body, more] of [
      ["throws", "throw new Error('out of order')", {}],
      ["loops", "for (;;) {}", {}],
      ["nonsense", "return { shout: true }", {}],
    ] as const) {
      const plugin = await add(hook(name, "before_model", body, more));
      at.model.say({ text: "Hi." });
      expect((await send(await at.agent(), "hello")).status).toBe(200);
      expect(logged.some((line) => line.includes(`The hook '${name}' failed`))).toBe(true);
      await at.ok("DELETE", `/v1/plugins/${plugin.id}`);
    }
    await add(hook("strict", "before_model", "throw new Error('out of order')", { on_failure: "refuse" }));
    const refused = await send(await at.agent(), "hello");
    expect([refused.status, refused.body.detail]).toEqual([
      403,
      expect.stringContaining("it failed: Error: out of order"),
    ]);
  });

  test("a hook with tags hears of agents with one of them alone, and of none that another organisation has", async () => {
    await add(hook("tagged", "before_model", "return { note: 'Only for the tagged.' }", { tags: ["vip"] }));
    at.model.say({ text: "Hi." }, { text: "Hi." });
    await send(await at.agent({ tags: ["vip"] }), "hello");
    expect(lastAsked()).toContain("Only for the tagged.");
    await send(await at.agent({ tags: ["other"] }), "hello");
    expect(lastAsked()).not.toContain("Only for the tagged.");
  });

  test("what a hook is told holds no secret and no system prompt, and it may ask for neither secrets nor memory", async () => {
    await add(hook("curious", "before_model", "return { note: JSON.stringify(told) }"));
    const agent = await at.agent({ secrets: { TOKEN: "hush-hush" }, system: "The system prompt" });
    at.model.say({ text: "Hi." });
    await send(agent, "hello");
    const told = (await contextOf(agent)).system_prompt.split('<note from="curious">')[1];
    expect(JSON.parse(told.split("\n</note>")[0])).toMatchObject({
      event: "before_model",
      agent: { id: agent },
      messages: [{ role: "user", text: expect.stringContaining("hello") }],
    });
    expect(told).not.toMatch(/hush-hush|The system prompt/);
    const greedy = await moduleSaying({ kind: "hook", events: ["after_step"], grants: ["secret"] }, "");
    expect((await at.request("POST", "/v1/plugins", greedy)).body.detail).toContain("cannot have 'secret'");
  });

  test("a note has a limit, and so have the hooks of an organisation", async () => {
    await add(hook("wordy", "before_model", "return { note: 'x'.repeat(100_000) }"));
    const agent = await at.agent();
    at.model.say({ text: "Hi." });
    await send(agent, "hello");
    expect(/x{100,}/.exec((await contextOf(agent)).system_prompt)?.[0].length).toBeLessThanOrEqual(2_000);
    for (let i = 0; i < 7; i++) await add(hook(`more-${i}`, "after_step", "return null"));
    const refused = await at.request("POST", "/v1/plugins", hook("one-more", "after_step", "return null"));
    expect([refused.status, refused.body.detail]).toEqual([400, expect.stringContaining("8 hooks at most")]);
  });

  test("a call that a person approved is refused and not changed where a hook wants other arguments", async () => {
    await add(hook("editor", "memory_write", "return { arguments: { ...told.arguments, content: 'edited' } }"));
    const agent = await at.agent({ tools: ["core_memory_append"], include_base_tools: false });
    await at.ok("PATCH", `/v1/agents/${agent}/tools/approval/core_memory_append`, { requires_approval: true });
    const call = { name: "core_memory_append", arguments: { label: "human", content: "agreed" } };
    at.model.say({ calls: [call] });
    const { body } = await send(agent, "remember");
    const asking = body.messages.find((message: Answer) => message.message_type === "approval_request_message");
    at.model.say({ text: "I see." });
    const approvals = [{ type: "approval", tool_call_id: asking.tool_call.tool_call_id, approve: true }];
    const input = { messages: [{ type: "approval", approvals }] };
    const answered = await at.ok("POST", `/v1/agents/${agent}/messages`, input);
    const returned = answered.messages.find((message: Answer) => message.message_type === "tool_return_message");
    expect([returned.status, returned.tool_return]).toEqual([
      "error",
      expect.stringContaining("which were agreed on before"),
    ]);
    expect(await human(agent)).toBe("Ada");
  });

  test("where there is no hook no statement is spent on it, and a new one is heard at once", async () => {
    const agent = await at.agent();
    at.model.always(() => ({ text: "Hi." }));
    await send(agent, "hello");
    let statements = 0;
    const { reader } = at.database;
    const execute = reader.execute.bind(reader);
    reader.execute = (text, values) => {
      if (/plugins|step_notices/.test(text)) statements++;
      return execute(text, values);
    };
    try {
      await send(agent, "hello again");
      expect(statements).toBe(0);
      await add(hook("new", "before_model", "return { note: 'Newly added.' }"));
      await send(agent, "and again");
      expect([statements > 0, lastAsked().includes("Newly added.")]).toEqual([true, true]);
    } finally {
      reader.execute = execute;
    }
  });
});

test("a hook is asked about agents of its own organisation alone", async () => {
  const asked: string[] = [];
  const world = await startAccessWorld({
    call: async ({ input }) => {
      asked.push(String(input["event"]));
      return { kind: "value", value: { refuse: "never" } };
    },
  });
  try {
    const events = ["before_model", "memory_write"];
    const manifest = { kind: "hook", name: "ours", description: null, grants: [], network: [], events };
    const code = JSON.stringify({ ...manifest, parameters: null, dimensions: null });
    const [us, them] = [await world.key({ name: "us", role: "owner" }), await world.stranger()];
    await world.ok(us, "POST", "/v1/plugins", { language: "typescript", code });
    const talk = async (key: string) => {
      const { id } = await world.ok(key, "POST", "/v1/agents/", { model: "openai/gpt-4o-mini" });
      return (await world.ask(key, "POST", `/v1/agents/${id}/messages`, { input: "hello" })).status;
    };
    expect([await talk(them), asked]).toEqual([200, []]);
    expect([await talk(us), asked]).toEqual([403, ["before_model"]]);
  } finally {
    await world.close();
  }
});
