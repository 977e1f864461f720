import { expect, test } from "bun:test";
import { DEFAULT_ACTOR } from "../../src/core/id.ts";
import { startTestServer } from "../_harness/server.ts";

test("a run that is continued after a restart follows a rule that looks at what a tool answered", async () => {
  const server = await startTestServer();
  const rule = {
    type: "conditional",
    tool_name: "archival_memory_insert",
    child_output_mapping: { None: "archival_memory_search" },
    default_child: "conversation_search",
  };
  const tools = ["archival_memory_insert", "archival_memory_search", "conversation_search"];
  const agentId = await server.agent({ tools, include_base_tools: false, tool_rules: [rule] });
  const never = Promise.withResolvers<void>();
  const keep = { calls: [{ name: "archival_memory_insert", arguments: { content: "a seal" } }] };
  server.model.say(keep, { text: "never", after: never.promise });
  const cut = server.request("POST", `/v1/agents/${agentId}/messages`, {
    messages: [{ role: "user", content: "Keep it" }],
    streaming: false,
  });
  while (server.model.requests.length < 2) await Bun.sleep(1);
  server.model.say({ text: "After the restart." });
  const restarted = await server.restarted();
  expect(await restarted.runner.recover()).toBe(1);
  await restarted.runner.drain(5_000);
  const offered = server.model.requests.map(({ tools: list = [] }) => list.map((tool) => tool.function.name));
  expect(offered.slice(1)).toEqual([["archival_memory_search"], ["archival_memory_search"]]);
  const [run] = await server.ok("GET", `/v1/runs/?agent_id=${agentId}`);
  await server.server.runner.cancel(DEFAULT_ACTOR, run.id);
  await cut;
  await server.close();
});
