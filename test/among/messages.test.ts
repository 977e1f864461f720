import { afterEach, beforeEach, expect, test } from "bun:test";
import { DEFAULT_ACTOR } from "../../src/core/id.ts";
import type { Answer } from "../_harness/server.ts";
import { type AmongWorld, calling, type Mind, reachedBy, returnsOf, startAmong } from "./_world.ts";

let server: AmongWorld;
beforeEach(async () => {
  server = await startAmong();
});
afterEach(() => server.close());

const WAIT = "send_message_to_agent_and_wait_for_reply";
const ASYNC = "send_message_to_agent_async";
const TAGS = "send_message_to_agents_matching_tags";

/** Asks another agent once, then ends. */
const asks =
  (other: () => string, tool = WAIT): Mind =>
  ({ role }) =>
    role === "tool" ? { text: "Ended." } : calling(tool, { message: "What is new?", other_agent_id: other() });
const says =
  (text: string): Mind =>
  () => ({ text });

async function everyRunEnded(): Promise<readonly Answer[]> {
  let runs: readonly Answer[] = [];
  await reachedBy(async () => {
    runs = await server.ok("GET", "/v1/runs/?ascending=true&limit=500");
    return runs.every(({ completed_at }) => completed_at !== null);
  });
  return runs;
}

test("an agent asks another, which reads who asks, and hears its answer", async () => {
  const bo = await server.make("Bo", says("Nothing is new."));
  const ada = await server.make(
    "Ada",
    asks(() => bo),
  );
  const answer = await server.send(ada);
  expect(returnsOf(answer)).toEqual([["success", `{'agent_id': '${bo}', 'response': ['Nothing is new.']}`]]);
  expect(answer.messages.at(-1).content).toBe("Ended.");
  const [heard] = (await server.ok("GET", `/v1/agents/${bo}/messages?order=asc`)).filter(
    ({ sender_id }: Answer) => sender_id === ada,
  );
  expect(heard.message_type).toBe("system_message");
  expect(heard.content).toContain(`"Ada" (${ada})`);
  expect(heard.content).toContain("What is new?");
});

test("the runs of a chain tell where they come from, and are listed by what they come of", async () => {
  const cy = await server.make("Cy", says("Deep."));
  const bo = await server.make(
    "Bo",
    asks(() => cy),
  );
  const ada = await server.make(
    "Ada",
    asks(() => bo),
  );
  await server.send(ada);
  const [[a], [b], [c]] = [await server.runsOf(ada), await server.runsOf(bo), await server.runsOf(cy)];
  expect(a.metadata.parent_run_id).toBeUndefined();
  expect(b.metadata).toMatchObject({ parent_run_id: a.id, root_run_id: a.id, depth: 1, sender_id: ada });
  expect(c.metadata).toMatchObject({ parent_run_id: b.id, root_run_id: a.id, depth: 2, sender_id: bo });
  const listed = async (query: string) =>
    (await server.ok("GET", `/v1/runs/?ascending=true&${query}`)).map(({ id }: Answer) => id);
  expect(await listed(`root_run_id=${a.id}`)).toEqual([b.id, c.id]);
  expect(await listed(`parent_run_id=${b.id}`)).toEqual([c.id]);
  expect(await listed("root_run_id=nonsense")).toEqual([]);
});

test("the steps of all agents in a chain are one trace, which lists them", async () => {
  const cy = await server.make("Cy", says("Deep."));
  const bo = await server.make(
    "Bo",
    asks(() => cy),
  );
  const ada = await server.make(
    "Ada",
    asks(() => bo),
  );
  await server.send(ada);
  const other = await server.make("Di", says("Apart."));
  await server.send(other);
  const stepsOf = async (agent: string) =>
    (await server.ok("GET", `/v1/steps/?agent_id=${agent}`)) as readonly Answer[];
  const [[a]] = [await server.runsOf(ada)];
  const trace = a.id.slice(4).replaceAll("-", "");
  expect(trace).toMatch(/^[\da-f]{32}$/);
  for (const agent of [ada, bo, cy])
    for (const step of await stepsOf(agent)) {
      expect(step.trace_id).toBe(trace);
      expect((await server.ok("GET", `/v1/steps/${step.id}`)).trace_id).toBe(trace);
      expect((await server.ok("PATCH", `/v1/steps/${step.id}/feedback`, { feedback: "positive" })).trace_id).toBe(
        trace,
      );
    }
  expect((await stepsOf(other)).map(({ trace_id }) => trace_id)).not.toContain(trace);
  const listed: readonly Answer[] = await server.ok("GET", `/v1/steps/?trace_ids=${trace}`);
  const of = await Promise.all([ada, bo, cy].map(stepsOf));
  expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(of.flat().map(({ id }) => id)));
  expect(await server.ok("GET", "/v1/steps/?trace_ids=nonsense")).toEqual([]);
  const [run] = await server.runsOf(cy);
  expect((await server.ok("GET", `/v1/runs/${run.id}/steps`))[0].trace_id).toBe(trace);
});

test("a run that an agent asked for stays while the run is at work that asked, and may go afterwards", async () => {
  const held = Promise.withResolvers<void>();
  const bo = await server.make("Bo", says("Nothing is new."));
  const cy = await server.make("Cy", () => ({ text: "At last.", after: held.promise }));
  const ada = await server.make("Ada", ({ role }, asked) =>
    role === "tool" && asked > 1
      ? { text: "Ended." }
      : calling(WAIT, { message: "What is new?", other_agent_id: asked === 0 ? bo : cy }),
  );
  const sent = server.send(ada);
  await reachedBy(async () => (await server.runsOf(cy)).length > 0);
  const [run] = await server.runsOf(bo);
  expect(run.status).toBe("completed");
  const refused = await server.request("DELETE", `/v1/runs/${run.id}`);
  expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining("which is running")]);
  held.resolve();
  await sent;
  expect((await server.request("DELETE", `/v1/runs/${run.id}`)).status).toBe(200);
});

test("an agent that is told something does not keep the teller waiting", async () => {
  const held = Promise.withResolvers<void>();
  const bo = await server.make("Bo", () => ({ text: "Read.", after: held.promise }));
  const ada = await server.make(
    "Ada",
    asks(() => bo, ASYNC),
  );
  const answer = await server.send(ada);
  expect(returnsOf(answer)).toEqual([["success", "Successfully sent message"]]);
  const [run] = await server.runsOf(bo);
  expect([run.status, run.background]).toEqual(["running", true]);
  held.resolve();
  await everyRunEnded();
});

test("agents are asked by their tags: by all of some and one of others", async () => {
  const both = await server.make("Bo", says("both"), { tags: ["a", "b", "c"] });
  const other = await server.make("Cy", says("other"), { tags: ["a", "b", "d"] });
  await server.make("Dee", says("never"), { tags: ["a", "c"] });
  const tags = { match_all: ["a", "b"], match_some: ["c", "d"] };
  const ada = await server.make(
    "Ada",
    ({ role }) => (role === "tool" ? { text: "Ended." } : calling(TAGS, { message: "Hi", ...tags })),
    { tags: ["a", "b", "c"] },
  );
  const [[status, text] = []] = returnsOf(await server.send(ada));
  expect([status, text]).toEqual([
    "success",
    `["{'agent_id': '${both}', 'response': ['both']}", "{'agent_id': '${other}', 'response': ['other']}"]`,
  ]);
  server.model.always(() => undefined);
  server.model.say(calling(TAGS, { message: "Hi", match_all: [], match_some: [] }));
  expect(returnsOf(await server.send(ada))).toEqual([["error", "Name one tag at least"]]);
});

test("an agent that is busy answers when it comes to it", async () => {
  const held = Promise.withResolvers<void>();
  const bo = await server.make("Bo", (_, asked) =>
    asked === 0 ? { text: "First.", after: held.promise } : { text: "Second." },
  );
  const ada = await server.make(
    "Ada",
    asks(() => bo),
  );
  const first = server.send(bo);
  await reachedBy(() => server.model.requests.length === 1);
  const sent = server.send(ada);
  await reachedBy(async () => (await server.runsOf(bo)).length === 2);
  held.resolve();
  await first;
  expect(returnsOf(await sent)).toEqual([["success", `{'agent_id': '${bo}', 'response': ['Second.']}`]]);
});

test("a circle of agents that wait for each other is broken in words", async () => {
  let ada = "";
  const cy = await server.make(
    "Cy",
    asks(() => ada),
  );
  const bo = await server.make(
    "Bo",
    asks(() => cy),
  );
  ada = await server.make(
    "Ada",
    asks(() => bo),
  );
  expect(returnsOf(await server.send(ada))).toHaveLength(1);
  const messages = await server.ok("GET", `/v1/agents/${cy}/messages?order=asc`);
  const [[status, text] = []] = returnsOf({ messages });
  expect([status, text]).toEqual(["error", expect.stringContaining(`Agent ${ada} cannot answer now, as it waits`)]);
  expect((await everyRunEnded()).map((run) => run.status)).toEqual(["completed", "completed", "completed"]);
});

test("two agents that ask each other at one time do not wait for ever", async () => {
  const both = Promise.withResolvers<void>();
  const ids: { ada?: string; bo?: string } = {};
  const mind =
    (other: "ada" | "bo"): Mind =>
    ({ role }, asked) => {
      if (role === "tool") return { text: "Ended." };
      if (asked > 0) return { text: "Answered." };
      if (server.model.requests.length === 2) both.resolve();
      return { ...calling(WAIT, { message: "Hi", other_agent_id: ids[other] }), after: both.promise };
    };
  ids.ada = await server.make("Ada", mind("bo"));
  ids.bo = await server.make("Bo", mind("ada"));
  const answers = await Promise.all([server.send(ids.ada), server.send(ids.bo)]);
  const statuses = answers.map((answer) => returnsOf(answer)[0]?.[0]);
  expect(statuses.toSorted()).toEqual(["error", "success"]);
});

test("an agent cannot wait for itself", async () => {
  let ada = "";
  ada = await server.make(
    "Ada",
    asks(() => ada),
  );
  expect(returnsOf(await server.send(ada))[0]?.[0]).toBe("error");
});

test("messages that go on from agent to agent stop after eight", async () => {
  let ada = "";
  const tells =
    (other: () => string): Mind =>
    ({ role }) =>
      role === "tool" ? { text: "Ended." } : calling(ASYNC, { message: "Your turn", other_agent_id: other() });
  const bo = await server.make(
    "Bo",
    tells(() => ada),
  );
  ada = await server.make(
    "Ada",
    tells(() => bo),
  );
  await server.send(ada);
  const runs = await everyRunEnded();
  expect(runs).toHaveLength(9);
  const last = await server.ok("GET", `/v1/runs/${runs.at(-1).id}/messages`);
  expect(returnsOf({ messages: last })).toEqual([
    ["error", "This message has gone on over 8 agents, and goes no further"],
  ]);
});

test("messages that agents send each other come to no more than a hundred", async () => {
  const bo = await server.make("Bo", says("Read."));
  const ada = await server.make("Ada", ({ role }, asked) => {
    if (asked === 11) return { text: "Ended." };
    expect(role).toBe(asked === 0 ? "user" : "tool");
    return {
      calls: Array.from(
        { length: 10 },
        () => calling(ASYNC, { message: "Hi", other_agent_id: bo }).calls?.[0] ?? never(),
      ),
    };
  });
  const statuses = returnsOf(await server.send(ada)).map(([status]) => status);
  expect(statuses.filter((status) => status === "success")).toHaveLength(100);
  expect(statuses.filter((status) => status === "error")).toHaveLength(10);
  await everyRunEnded();
}, 60_000);

function never(): never {
  throw new Error("A call has a name");
}

test("cancelling a run cancels what it waits for, whether at work or not begun", async () => {
  const held = Promise.withResolvers<void>();
  const cy = await server.make("Cy", () => ({ text: "Late.", after: held.promise }));
  const bo = await server.make(
    "Bo",
    asks(() => cy),
  );
  const ada = await server.make(
    "Ada",
    asks(() => bo),
  );
  const sent = server.send(ada);
  await reachedBy(async () => (await server.runsOf(cy)).length === 1);
  // One more, which waits until the agent at the end is free.
  const dee = await server.make(
    "Dee",
    asks(() => cy),
  );
  const queued = server.send(dee);
  await reachedBy(async () => (await server.runsOf(cy)).length === 2);
  for (const agentId of [ada, dee]) {
    const [run] = await server.runsOf(agentId);
    expect(await server.server.runner.cancel(DEFAULT_ACTOR, run.id)).toBe(true);
  }
  for (const { stop_reason } of await Promise.all([sent, queued])) expect(stop_reason.stop_reason).toBe("cancelled");
  expect((await everyRunEnded()).map((run) => run.status)).toEqual(Array.from({ length: 5 }, () => "cancelled"));
  held.resolve();
});

test("of an agent that fails, waits for a person or is not there, the asker hears", async () => {
  const failing = await server.make("Bo", () => ({ status: 400, body: '{"error":{"message":"no"}}' }));
  const asking = await server.make(
    "Cy",
    asks(() => failing),
    {
      tool_rules: [{ type: "requires_approval", tool_name: WAIT }],
    },
  );
  for (const [other, words] of [
    [failing, "could not answer"],
    [asking, "a person must first approve"],
    [failing.replace(/.{12}$/, "000000000000"), "not found"],
    ["Bo", "String should match pattern"],
  ] as const) {
    const ada = await server.make(
      "Ada",
      asks(() => other),
    );
    const [[status, text] = []] = returnsOf(await server.send(ada));
    expect([status, text]).toEqual(["error", expect.stringContaining(words)]);
  }
});

test("an agent whose conversation waits for a person is told so", async () => {
  const cy = await server.make(
    "Cy",
    asks(() => ""),
    {
      tool_rules: [{ type: "requires_approval", tool_name: WAIT }],
    },
  );
  await server.send(cy);
  const ada = await server.make(
    "Ada",
    asks(() => cy),
  );
  const [[status, text] = []] = returnsOf(await server.send(ada));
  expect([status, text]).toEqual(["error", expect.stringMatching(/approv/i)]);
});
