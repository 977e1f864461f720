import { expect, test } from "bun:test";
import type { AgentId, RunId, ToolId } from "../core/id.ts";
import { mustFind, mustFindNamed } from "./find.ts";

const uuid = "00000000-0000-4000-8000-000000000001";
const empty = { find: async () => undefined };

test("mustFind() gives what is there, and says in V1's words for its kind what is not", async () => {
  const agentId = `agent-${uuid}` as AgentId;
  expect(await mustFind({ find: async (id: AgentId) => ({ id }) }, agentId)).toEqual({ id: agentId });
  const missing = async (work: Promise<unknown>) => work.catch((error: unknown) => error);
  expect(await missing(mustFind(empty, agentId))).toMatchObject({
    kind: "not_found",
    message: `Agent with ID ${agentId} not found`,
  });
  const toolId = `tool-${uuid}` as ToolId;
  expect(await missing(mustFind(empty, toolId))).toMatchObject({ message: `Tool not found with id='${toolId}'` });
  expect(await missing(mustFind(empty, toolId, "No tool"))).toMatchObject({ kind: "not_found", message: "No tool" });
});

test("mustFindNamed() takes a text that is no id for the name of nothing, and shows the start of it", async () => {
  const looked: string[] = [];
  const runs = { find: async (id: RunId) => void looked.push(id) };
  const named = (text: string) => mustFindNamed(runs, { kind: "run", text }).catch((error: Error) => error.message);
  expect(await named("x".repeat(200))).toBe(`Run with id ${"x".repeat(100)} not found`);
  expect(await named(`step-${uuid}`)).toBe(`Run with id step-${uuid} not found`);
  expect(looked).toEqual([]);
  expect(await named(`run-${uuid}`)).toBe(`Run with id run-${uuid} not found`);
  expect(looked).toEqual([`run-${uuid}`]);
});
