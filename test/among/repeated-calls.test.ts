import { afterEach, beforeEach, expect, test } from "bun:test";
import type { ScriptedReply } from "../_harness/model-server.ts";
import type { Answer } from "../_harness/server.ts";
import { type AmongWorld, returnsOf, startAmong } from "./_world.ts";

// The run of a letter is found by the run that wrote it, the call and the agent. Models give their calls whatever ids they
// like, the same ones again in a later reply of the same run: each call must still be a letter of its own.

const WAIT = "send_message_to_agent_and_wait_for_reply";
const LETTERS = ["first", "second", "third"];
/** Fills the context's window, and all that came before goes out of it. */
const FULL = 120_000;
const SUMMED_UP = { compaction_settings: { mode: "all", model: "openai/gpt-4o" } };

let server: AmongWorld;
beforeEach(async () => {
  server = await startAmong();
});
afterEach(() => server.close());

/** Answers a letter with its own words. */
function echo(): ScriptedReply {
  const texts = server.model.requests.at(-1)?.messages.map(({ content }) => String(content)) ?? [];
  const letter = texts.findLast((text) => text.startsWith("[A message from")) ?? "";
  return { text: `Heard: ${letter.split("\n").at(-1)}` };
}

/** Has Ada write each letter to Bo in one run, by calls that all have the same id, and looks at what came of them. */
async function expectLetters(id: string, totalTokens: number): Promise<string> {
  const bo = await server.make("Bo", echo);
  const letters = LETTERS.values();
  const mind = (): ScriptedReply => {
    const { value: message } = letters.next();
    if (message === undefined) return { text: "Ended." };
    return { calls: [{ name: WAIT, arguments: { message, other_agent_id: bo }, id }], totalTokens };
  };
  const ada = await server.make("Ada", mind, SUMMED_UP);
  await server.send(ada);
  const messages: readonly Answer[] = await server.ok("GET", `/v1/agents/${ada}/messages?order=asc&limit=100`);
  expect(returnsOf({ messages } as Answer)).toEqual(
    LETTERS.map((letter) => ["success", `{'agent_id': '${bo}', 'response': ['Heard: ${letter}']}`]),
  );
  expect(await server.runsOf(bo)).toHaveLength(LETTERS.length);
  const calls = messages.flatMap(({ tool_call: call }) => (call ? [call.tool_call_id] : []));
  expect([calls.length, new Set(calls).size]).toEqual([LETTERS.length, LETTERS.length]);
  return JSON.stringify(messages);
}

for (const id of ["call_0", "0", "functions.send_message:0", "call_abcdefghijklmnop", "send_message_to_agent"]) {
  test(`a run whose model names each call ${id} sends a letter by each`, async () => {
    expect(await expectLetters(id, 15)).not.toContain("system_alert");
  });

  test(`a run whose model names each call ${id} sends a letter by each, with a compaction between them`, async () => {
    expect((await expectLetters(id, FULL)).split("system_alert").length).toBeGreaterThan(2);
  });
}
