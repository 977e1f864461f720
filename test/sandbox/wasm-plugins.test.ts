import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Plugin } from "../../src/agent/plugins/plugin.ts";
import type { PluginCode } from "../../src/agent/plugins/plugin-host.ts";
import type { ClosingPluginHost } from "../../src/sandbox/plugins/host.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";
import { describeInJail } from "./_jail.ts";
import { closedDeno, describeWithDeno } from "./_places.ts";
import { example, moduleSaying, pluginHost, unjailed } from "./_plugins.ts";
import { jailedBun } from "./_script.ts";

const logged: string[] = [];

/** Calls code as a plugin that was granted this. */
async function called(
  host: ClosingPluginHost,
  draft: PluginCode,
  said: { grants?: readonly string[]; input?: object; timeoutMs?: number } = {},
) {
  const { manifest, code } = await host.examine(draft);
  const plugin = { ...manifest, language: draft.language, manifest, grants: said.grants ?? [] } as unknown as Plugin;
  const answers = { secret: async (name: string) => (name === "KEY" ? "v" : null), recall: async () => ["remembered"] };
  const input = { arguments: {}, ...said.input };
  return host.call({
    plugin,
    code,
    input,
    answers,
    timeoutMs: said.timeoutMs ?? 5_000,
    signal: new AbortController().signal,
  });
}

for (const [where, describeThere, open] of [
  ["in a jail", describeInJail, jailedBun],
  ["in a process without a jail", describeInJail, unjailed],
  ["in Deno", describeWithDeno, async () => closedDeno()],
] as const)
  describeThere(`modules in WebAssembly ${where}`, () => {
    let host: ClosingPluginHost;
    beforeAll(async () => {
      host = await pluginHost({ log: (line) => logged.push(line) }, open);
    });
    afterAll(() => host.close());

    test("a tool is called with JSON and answers it, the same each time", async () => {
      const draft = await example("fingerprint.wat");
      const first = await called(host, draft, { input: { arguments: { text: "a" } } });
      expect(first).toEqual({ kind: "value", value: { result: expect.stringMatching(/^[0-9a-f]{8}$/) } });
      expect(await called(host, draft, { input: { arguments: { text: "a" } } })).toEqual(first);
      expect(await called(host, draft, { input: { arguments: { text: "b" } } })).not.toEqual(first);
    });

    test("nothing is left in a module from the call before", async () => {
      const counts = `(global.set $count (i32.add (global.get $count) (i32.const 1)))
        (i32.store8 (i32.const 4106) (i32.add (i32.const 48) (global.get $count)))
        (i64.or (i64.shl (i64.const 4096) (i64.const 32)) (i64.const 12))`;
      const draft = await moduleSaying({}, counts, "(global $count (mut i32) (i32.const 0))");
      for (let i = 0; i < 3; i++) expect(await called(host, draft)).toEqual({ kind: "value", value: { result: 1 } });
    });

    test("a module that loops is ended, one that grows stops at its limit, and one that breaks is an error", async () => {
      const loops = await moduleSaying({}, "(loop $on (br $on)) (i64.const 0)");
      expect(await called(host, loops, { timeoutMs: 300 })).toMatchObject({ kind: "unknown" });
      const grows = `(block $full (loop $more (br_if $full (i32.eq (memory.grow (i32.const 64)) (i32.const -1))) (br $more)))
        (i32.store8 (i32.const 4106) (i32.add (i32.const 48) (i32.lt_u (memory.size) (i32.const 1025))))
        (i64.or (i64.shl (i64.const 4096) (i64.const 32)) (i64.const 12))`;
      expect(await called(host, await moduleSaying({}, grows))).toEqual({ kind: "value", value: { result: 1 } });
      expect(await called(host, await moduleSaying({}, "unreachable"))).toMatchObject({ kind: "error" });
    });

    test("what a module answers is looked at before it is read", async () => {
      for (const [packed, words] of [
        ["(i64.const -1)", "up to"],
        ["(i64.or (i64.shl (i64.const 4294967295) (i64.const 32)) (i64.const 10))", "outside of its memory"],
        ["(i64.or (i64.shl (i64.const 131071) (i64.const 32)) (i64.const 10))", "outside of its memory"],
        ["(i64.or (i64.shl (i64.const 5000) (i64.const 32)) (i64.const 10))", "JSON"],
      ] as const)
        expect(await called(host, await moduleSaying({}, packed))).toMatchObject({
          kind: "error",
          reason: expect.stringContaining(words),
        });
    });

    test("a module gets what it was granted, and is refused the rest", async () => {
      const asks = (question: object) => {
        const text = JSON.stringify(question);
        // What the server answers is what the module answers.
        return moduleSaying(
          { grants: ["log", "secret", "recall", "fetch"] },
          `(call $host (i32.const 8192) (i32.const ${text.length}))`,
          `(data (i32.const 8192) ${JSON.stringify(text)})`,
        );
      };
      const secret = await asks({ op: "secret", name: "KEY" });
      expect(await called(host, secret, { grants: ["secret"] })).toEqual({ kind: "value", value: { value: "v" } });
      expect(await called(host, secret, { grants: ["log"] })).toEqual({
        kind: "value",
        value: { error: "The plugin was not granted 'secret'" },
      });
      const recall = await asks({ op: "recall", query: "x" });
      expect(await called(host, recall, { grants: ["recall"] })).toEqual({
        kind: "value",
        value: { value: ["remembered"] },
      });
      const log = await asks({ op: "log", message: "one\ntwo" });
      await called(host, log, { grants: ["log"] });
      expect(logged.at(-1)).toBe('Plugin test: "one\\ntwo"');
      const fetching = await asks({ op: "fetch", request: { url: "http://127.0.0.1/" } });
      expect(await called(host, fetching, { grants: ["fetch"] })).toEqual({
        kind: "value",
        value: { error: "it was not granted" },
      });
      const foreign = await asks({ op: "shell" });
      expect(await called(host, foreign, { grants: ["log"] })).toMatchObject({
        value: { error: expect.stringContaining("'shell'") },
      });
    });

    test("a manifest that makes no sense is refused in words", async () => {
      for (const [manifest, words] of [
        [{ abi: 2 }, "abi"],
        [{ name: "a b" }, "name"],
        [{ name: "__proto__", kind: "other" }, "kind"],
        [{ grants: ["shell"] }, "grants"],
        [{ kind: "embedder" }, "dimensions"],
        [{ kind: "hook" }, "events"],
        [{ extra: 1 }, "extra"],
      ] as const)
        expect(host.examine(await moduleSaying(manifest, ""))).rejects.toThrow(words);
      expect(host.examine({ language: "wasm", code: "not base64!" })).rejects.toThrow("base64");
      expect(host.examine({ language: "wasm", code: "AGFzbQ==" })).rejects.toThrow("is cut off");
    });
  });

describeInJail("plugins of a server", () => {
  let host: ClosingPluginHost;
  let at: TestServer;
  beforeAll(async () => {
    host = await pluginHost();
    at = await startTestServer({ pluginHost: host });
  });
  afterAll(async () => {
    await at.close();
    await host.close();
  });

  /** What a tool answers when the agent's model calls it. */
  async function run(agent: string, name: string, text: string) {
    at.model.say({ calls: [{ name, arguments: { text } }] }, { text: "Ended." });
    const { messages } = await at.ok("POST", `/v1/agents/${agent}/messages`, { input: "go" });
    const returned = messages.find((message: Answer) => message.message_type === "tool_return_message");
    return { status: returned.status, text: returned.tool_return };
  }

  test("a tool is uploaded, attached and called by an agent, and goes with its plugin", async () => {
    const plugin = await at.ok("POST", "/v1/plugins", await example("fingerprint.wat"));
    expect(plugin).toMatchObject({ name: "fingerprint", kind: "tool", language: "wasm", grants: [], enabled: true });
    const [tool] = await at.ok("GET", "/v1/tools/?name=fingerprint");
    expect(tool).toMatchObject({
      source_type: "plugin",
      json_schema: { name: "fingerprint", parameters: { required: ["text"] } },
    });
    const agent = await at.agent({ tool_ids: [tool.id], include_base_tools: false });
    expect(await run(agent, "fingerprint", "a")).toEqual({
      status: "success",
      text: expect.stringMatching(/^[0-9a-f]{8}$/),
    });

    expect((await at.ok("PATCH", `/v1/plugins/${plugin.id}`, { enabled: false })).enabled).toBe(false);
    expect(await run(agent, "fingerprint", "a")).toEqual({
      status: "error",
      text: "The plugin 'fingerprint' is switched off",
    });
    const again = await at.ok("POST", "/v1/plugins", await example("fingerprint.wat"));
    expect([again.id, again.enabled]).toEqual([plugin.id, true]);
    expect((await at.ok("GET", "/v1/tools/?name=fingerprint"))[0].id).toBe(tool.id);
    expect(await at.ok("GET", "/v1/plugins")).toHaveLength(1);

    await at.ok("DELETE", `/v1/plugins/${plugin.id}`);
    expect(await at.ok("GET", "/v1/tools/?name=fingerprint")).toEqual([]);
    expect(await at.ok("GET", `/v1/agents/${agent}/tools`)).toEqual([]);
    expect((await at.request("GET", `/v1/plugins/${plugin.id}`)).status).toBe(404);
  });

  test("a tool in TypeScript does the same, and is granted only what it asks for", async () => {
    const draft = await example("shout.ts");
    expect((await at.request("POST", "/v1/plugins", { ...draft, grants: ["fetch"] })).body.detail).toContain(
      "does not ask for 'fetch'",
    );
    const plugin = await at.ok("POST", "/v1/plugins", draft);
    expect(plugin.grants).toEqual(["log"]);
    const agent = await at.agent({ tools: ["shout"], include_base_tools: false });
    expect(await run(agent, "shout", "hi")).toEqual({ status: "success", text: "HI" });
    await at.ok("PATCH", `/v1/plugins/${plugin.id}`, { grants: [] });
    expect(await run(agent, "shout", "hi")).toMatchObject({
      status: "error",
      text: expect.stringContaining("not granted 'log'"),
    });
    await at.ok("DELETE", `/v1/plugins/${plugin.id}`);
  });

  test("a plugin does not take the name of another tool, and no tool the place of a plugin", async () => {
    await at.ok("POST", "/v1/tools/", { source_code: "def taken():\n    'x'\n    return 1\n" });
    const taken = await at.request("POST", "/v1/plugins", await moduleSaying({ name: "taken" }, ""));
    expect([taken.status, taken.body.detail]).toEqual([409, expect.stringContaining("tool 'taken' already")]);
    expect(await at.ok("GET", "/v1/plugins")).toEqual([]);
  });
});
