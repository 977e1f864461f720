import { afterEach, beforeEach, expect, test } from "bun:test";
import { type ModelServer, type ScriptedReply, startModelServer } from "../_harness/model-server.ts";
import type { Answer } from "../_harness/server.ts";
import { type ServerProcess, startServer, temporaryDirectory } from "../_harness/server-process.ts";

// A server that is killed in the middle of a group's round: whoever has the turn speaks once, and the round goes on to its end.

let directory: ReturnType<typeof temporaryDirectory>;
let model: ModelServer;
let server: ServerProcess;

beforeEach(async () => {
  directory = temporaryDirectory();
  model = startModelServer();
  server = await startServer(directory.path, model.environment);
});

afterEach(async () => {
  await server.kill();
  await model.stop();
  directory.remove();
});

async function call(method: string, path: string, body?: object): Promise<Answer> {
  const init = { method, headers: { "content-type": "application/json" } };
  const response = await fetch(
    `${server.url}${path}`,
    body === undefined ? init : { ...init, body: JSON.stringify(body) },
  );
  if (response.status !== 200) throw new Error(`${method} ${path}: ${await response.text()}`);
  return response.json();
}

async function make(name: string): Promise<string> {
  const draft = { name, system: `I am ${name}.`, model: "openai/gpt-4o-mini", include_base_tools: false };
  return (await call("POST", "/v1/agents/", draft)).id;
}

/** Whose model is asked now. */
function asked(): string {
  return /I am (\w+)\./.exec(JSON.stringify(model.requests.at(-1)?.messages[0]?.content))?.[1] ?? "";
}

async function said(groupId: string): Promise<readonly string[]> {
  const messages = await call("GET", `/v1/groups/${groupId}/messages?order=asc&limit=500`);
  return messages
    .filter(({ message_type }: Answer) => ["user_message", "assistant_message"].includes(message_type))
    .map(({ content }: Answer) => content);
}

/** Waits until no run of these agents is at work or waits to begin. */
async function rested(): Promise<void> {
  for (;;) {
    const runs = await call("GET", "/v1/runs/active");
    if (runs.length === 0) return;
    await Bun.sleep(10);
  }
}

const NAMES = ["Ada", "Bo", "Cy"];

for (const victim of NAMES)
  test(`killed while ${victim} thinks, each speaks once and in order`, async () => {
    const never = Promise.withResolvers<void>();
    const ids = [];
    for (const name of NAMES) ids.push(await make(name));
    const { id } = await call("POST", "/v1/groups/", { agent_ids: ids, description: "x" });
    model.always((): ScriptedReply => {
      const name = asked();
      return name === victim ? { text: "Lost.", after: never.promise } : { text: `${name}.` };
    });
    // Nobody waits for the answer: the server dies before.
    void call("POST", `/v1/groups/${id}/messages`, { input: "Go" }).catch(() => {});
    while (asked() !== victim) await Bun.sleep(5);
    await server.kill();
    model.always(() => ({ text: `${asked()}.` }));
    server = await startServer(directory.path, model.environment);
    await rested();
    expect(await said(id)).toEqual(["Go", "Ada.", "Bo.", "Cy."]);
    never.resolve();
  });

test("killed at any moment of a long round, nobody speaks twice or out of turn", async () => {
  const ids = [];
  for (const name of NAMES.slice(0, 2)) ids.push(await make(name));
  const manager_config = { manager_type: "round_robin", max_turns: 30 };
  const { id } = await call("POST", "/v1/groups/", { agent_ids: ids, description: "x", manager_config });
  model.always(() => ({ text: `${asked()}.` }));
  void call("POST", `/v1/groups/${id}/messages`, { input: "Go" }).catch(() => {});
  for (let kills = 1; kills <= 3; kills++) {
    const before = model.requests.length;
    // Wherever it is by then: between two turns as often as in one.
    while (model.requests.length < before + 2 + kills) await Bun.sleep(1);
    await server.kill();
    server = await startServer(directory.path, model.environment);
  }
  await rested();
  const turns = Array.from({ length: 30 }, (_, turn) => (turn % 2 === 0 ? "Ada." : "Bo."));
  expect(await said(id)).toEqual(["Go", ...turns]);
});

for (const victim of ["Lead", "Bo"])
  test(`killed while ${victim} of a dynamic group thinks, the choice is made once and the chosen speaks once`, async () => {
    const never = Promise.withResolvers<void>();
    const [lead, ada, bo] = [await make("Lead"), await make("Ada"), await make("Bo")];
    const manager_config = { manager_type: "dynamic", manager_agent_id: lead, max_turns: 2 };
    const { id } = await call("POST", "/v1/groups/", { agent_ids: [ada, bo], description: "x", manager_config });
    // Who was chosen last is no choice the second time.
    const choice = () => {
      const last = JSON.stringify(model.requests.at(-1)?.messages ?? []);
      const next_speaker_agent_id = last.includes("Ada.") ? bo : ada;
      return { calls: [{ name: "choose_next_participant", arguments: { next_speaker_agent_id } }] };
    };
    const mind = (): ScriptedReply => (asked() === "Lead" ? choice() : { text: `${asked()}.` });
    let isHeld = false;
    model.always(() => {
      // A manager is held when it chooses for the second time.
      isHeld ||= asked() === victim && (victim !== "Lead" || choice().calls[0]?.arguments.next_speaker_agent_id === bo);
      return isHeld ? { text: "Lost.", after: never.promise } : mind();
    });
    void call("POST", `/v1/groups/${id}/messages`, { input: "Go" }).catch(() => {});
    while (!isHeld) await Bun.sleep(5);
    await server.kill();
    model.always(mind);
    server = await startServer(directory.path, model.environment);
    await rested();
    expect(await said(id)).toEqual(["Go", "Ada.", "Bo."]);
    const runs = await call("GET", `/v1/runs/?agent_id=${lead}`);
    expect(runs).toHaveLength(2);
    never.resolve();
  });
