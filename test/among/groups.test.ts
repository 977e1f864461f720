import { afterEach, beforeEach, expect, test } from "bun:test";
import type { ScriptedReply } from "../_harness/model-server.ts";
import { type Answer, eventsOf } from "../_harness/server.ts";
import { type AmongWorld, calling, type Mind, reachedBy, returnsOf, startAmong } from "./_world.ts";

// Agents in groups: who speaks when, what each hears, and what stops them.

let server: AmongWorld;
beforeEach(async () => {
  server = await startAmong();
});
afterEach(() => server.close());

const CHOOSE = "choose_next_participant";
const ASK_ALL = "send_message_to_all_agents_in_group";

const says =
  (text: string): Mind =>
  () => ({ text });

/** An agent that repeats the newest words it heard and adds its own. */
const adds =
  (word: string): Mind =>
  (_, asked) => ({ text: `${word}!${asked + 1}` });

function group(agent_ids: readonly string[], manager_config: object = {}): Promise<Answer> {
  const body = { agent_ids, description: "Plans the party", manager_config };
  return server.ok(
    "POST",
    "/v1/groups/",
    Object.keys(manager_config).length === 0 ? { ...body, manager_config: undefined } : body,
  );
}

function say(groupId: string, input: string, extra: object = {}): Promise<Answer> {
  return server.ok("POST", `/v1/groups/${groupId}/messages`, { input, ...extra });
}

/** Who said what, of messages on the wire. */
function spoken(messages: readonly Answer[]): readonly (readonly [string, string])[] {
  return messages
    .filter(({ message_type }) => message_type === "assistant_message" || message_type === "user_message")
    .map(({ name, message_type, content }) => [message_type === "user_message" ? "user" : name, content] as const);
}

async function history(groupId: string): Promise<readonly (readonly [string, string])[]> {
  return spoken(await server.ok("GET", `/v1/groups/${groupId}/messages?order=asc&limit=500`));
}

/** Everything that an agent's model was shown last, in one text. */
function shownTo(name: string): string {
  const asked = server.model.requests.findLast(({ messages }) => JSON.stringify(messages[0]).includes(`I am ${name}.`));
  return JSON.stringify(asked?.messages ?? []);
}

const NOBODY = "agent-00000000-0000-4000-8000-000000000000";

test("round robin: each speaks in turn and hears what the others said before", async () => {
  const [ada, bo, cy] = [
    await server.make("Ada", adds("a")),
    await server.make("Bo", adds("b")),
    await server.make("Cy", adds("c")),
  ];
  const { id } = await group([ada, bo, cy]);
  const answer = await say(id, "Who comes?");
  expect(spoken(answer.messages)).toEqual([
    ["Ada", "a!1"],
    ["Bo", "b!1"],
    ["Cy", "c!1"],
  ]);
  expect(answer.messages.map(({ sender_id }: Answer) => sender_id)).toEqual([ada, bo, cy]);
  expect(answer.stop_reason.stop_reason).toBe("end_turn");
  expect(answer.usage).toMatchObject({ step_count: 3, total_tokens: 45 });
  expect(shownTo("Cy")).toMatch(
    /Who comes\?.*\\"Ada\\" \(.*says.*a!1.*\\"Bo\\" \(.*says.*b!1.*It is your turn.*Plans the party/,
  );
  expect(shownTo("Ada")).not.toContain("b!1");
  expect(await history(id)).toEqual([
    ["user", "Who comes?"],
    ["Ada", "a!1"],
    ["Bo", "b!1"],
    ["Cy", "c!1"],
  ]);

  await say(id, "And when?");
  expect(shownTo("Ada")).toMatch(/a!1.*\\"Bo\\".*b!1.*\\"Cy\\".*c!1.*And when\?/);
  expect(shownTo("Bo").match(/a!1/g)).toHaveLength(1);
  expect((await history(id)).slice(4)).toEqual([
    ["user", "And when?"],
    ["Ada", "a!2"],
    ["Bo", "b!2"],
    ["Cy", "c!2"],
  ]);
});

test("round robin: max_turns ends a round, and its runs say where in it they stand and are one trace", async () => {
  const [ada, bo] = [await server.make("Ada", adds("a")), await server.make("Bo", adds("b"))];
  const { id } = await group([ada, bo], { manager_type: "round_robin", max_turns: 5 });
  const answer = await say(id, "Count");
  expect(spoken(answer.messages).map(([, text]) => text)).toEqual(["a!1", "b!1", "a!2", "b!2", "a!3"]);
  const [first] = await server.runsOf(ada);
  const others = await server.ok("GET", `/v1/runs/?root_run_id=${first.id}&ascending=true`);
  expect(
    [first, ...others].map(({ metadata }) => [metadata.run_type, metadata.group_turn, metadata.group_end]),
  ).toEqual([
    ["group_turn", 0, undefined],
    ["group_turn", 1, undefined],
    ["group_turn", 2, undefined],
    ["group_turn", 3, undefined],
    ["group_turn", 4, "max_turns"],
  ]);
  expect(others.map(({ metadata }: Answer) => metadata.depth)).toEqual([1, 1, 1, 1]);
  const trace = first.id.slice(4).replaceAll("-", "");
  expect(await server.ok("GET", `/v1/steps/?trace_ids=${trace}&limit=50`)).toHaveLength(5);
  expect(shownTo("Ada")).toMatch(/b!2.*It is your turn/);
});

test("an agent alone in a group speaks to itself as often as it may", async () => {
  const ada = await server.make("Ada", adds("a"));
  const { id } = await group([ada], { manager_type: "round_robin", max_turns: 3 });
  expect(spoken((await say(id, "Think")).messages).map(([, text]) => text)).toEqual(["a!1", "a!2", "a!3"]);
});

test("a stream of a group tells who speaks, token by token, and ends once", async () => {
  const [ada, bo] = [await server.make("Ada", says("Tea it is.")), await server.make("Bo", says("And cake."))];
  const { id } = await group([ada, bo]);
  for (const stream_tokens of [false, true]) {
    const body = { input: "What to serve?", stream_tokens };
    const events = await eventsOf(await server.stream(`/v1/groups/${id}/messages/stream`, body));
    const said = events.filter(({ message_type }) => message_type === "assistant_message");
    for (const [name, sender_id, text] of [
      ["Ada", ada, "Tea it is."],
      ["Bo", bo, "And cake."],
    ]) {
      const own = said.filter((event) => event.name === name);
      expect(own.every((event) => event.sender_id === sender_id)).toBe(true);
      expect(own.map(({ content }) => content).join("")).toBe(text ?? "");
    }
    expect(new Set(said.map(({ run_id }) => run_id)).size).toBe(2);
    expect(events.slice(-3).map((event) => event.message_type ?? event)).toEqual([
      "stop_reason",
      "usage_statistics",
      "[DONE]",
    ]);
    expect(events.filter((event) => event === "[DONE]" || event.message_type === "stop_reason")).toHaveLength(2);
    expect(events.at(-2)).toMatchObject({ step_count: 2 });
    const pings = events.filter(({ message_type }) => message_type === "ping");
    expect(pings.length).toBeGreaterThanOrEqual(2);
    expect(pings[0].sender_id).toBeNull();
  }
  const quiet = await eventsOf(
    await server.stream(`/v1/groups/${id}/messages/stream`, { input: "x", include_pings: false }),
  );
  expect(quiet.some(({ message_type }) => message_type === "ping")).toBe(false);
});

test("supervisor: the manager asks all of its group at once, and answers", async () => {
  const [bo, cy] = [await server.make("Bo", says("I bring bread.")), await server.make("Cy", says("I bring wine."))];
  const lead = await server.make("Lead", ({ role }) =>
    role === "tool" ? { text: "Bread and wine." } : calling(ASK_ALL, { message: "What do you bring?" }),
  );
  const { id } = await group([bo, cy], { manager_type: "supervisor", manager_agent_id: lead });
  const answer = await say(id, "What is there?");
  expect(returnsOf(answer)).toEqual([
    [
      "success",
      expect.stringMatching(/'agent_id': '.*', 'response': \['I bring bread\.'\].*'response': \['I bring wine\.'\]/),
    ],
  ]);
  expect(spoken(answer.messages)).toEqual([["Lead", "Bread and wine."]]);
  expect(shownTo("Bo")).toContain("What do you bring?");
  const heard = await history(id);
  expect(heard[0]).toEqual(["user", "What is there?"]);
  expect(heard.slice(1, -1).toSorted()).toEqual([
    ["Bo", "I bring bread."],
    ["Cy", "I bring wine."],
  ]);
  expect(heard.at(-1)).toEqual(["Lead", "Bread and wine."]);
  const tools = (await server.ok("GET", `/v1/agents/${lead}/tools`)).map(({ name }: Answer) => name);
  expect(tools).not.toContain(ASK_ALL);
  const [run] = await server.runsOf(bo);
  expect(run.metadata).toMatchObject({ run_type: "group_answer", group_id: id, sender_id: lead, depth: 1 });
});

/** A manager that has these speak, one after the other. */
function chooses(...agents: readonly (() => string)[]): Mind {
  return (_, asked) => calling(CHOOSE, { next_speaker_agent_id: agents[asked]?.() ?? "" });
}

test("dynamic: the manager chooses who speaks until somebody says the token", async () => {
  const bo: string = await server.make("Bo", (_, asked) => ({ text: asked === 0 ? "Hm." : "That is all. DONE!" }));
  const cy: string = await server.make("Cy", says("Balloons."));
  const lead = await server.make(
    "Lead",
    chooses(
      () => bo,
      () => cy,
      () => bo,
    ),
  );
  const config = { manager_type: "dynamic", manager_agent_id: lead, max_turns: 10 };
  const { id } = await group([bo, cy], config);
  const answer = await say(id, "Ideas?");
  expect(spoken(answer.messages)).toEqual([
    ["Bo", "Hm."],
    ["Cy", "Balloons."],
    ["Bo", "That is all. DONE!"],
  ]);
  expect(await history(id)).toEqual([["user", "Ideas?"], ...spoken(answer.messages)]);
  const asked = server.model.requests.filter(({ messages }) => JSON.stringify(messages[0]).includes("I am Lead."));
  const offered = asked.map((request) => {
    const { tools, tool_choice } = request as Answer;
    return [tools.map((tool: Answer) => tool.function.name), tool_choice, tools[0].function.parameters.properties];
  });
  const choice = (...ids: readonly string[]) => [
    [CHOOSE],
    { type: "function", function: { name: CHOOSE } },
    { next_speaker_agent_id: expect.objectContaining({ enum: ids }) },
  ];
  expect(offered).toEqual([choice(bo, cy), choice(cy), choice(bo)]);
  expect(shownTo("Lead")).toMatch(/Ideas\?.*\\"Bo\\".*Hm\..*\\"Cy\\".*Balloons\./);
  const runs = await server.runsOf(bo);
  expect(runs.at(-1).metadata).toMatchObject({ group_end: "termination_token", group_turn: 2 });
});

test("dynamic: as many speak as there are agents, unless the group says otherwise", async () => {
  const bo: string = await server.make("Bo", adds("b"));
  const cy: string = await server.make("Cy", adds("c"));
  const lead = await server.make(
    "Lead",
    chooses(
      () => cy,
      () => bo,
      () => cy,
    ),
  );
  const { id } = await group([bo, cy], { manager_type: "dynamic", manager_agent_id: lead });
  expect(spoken((await say(id, "Ideas?")).messages).map(([, text]) => text)).toEqual(["c!1", "b!1"]);
});

test("dynamic: a choice that is none is asked for again, a name in words counts, and silence ends the round", async () => {
  const minds: Record<string, readonly ScriptedReply[]> = {
    again: [calling(CHOOSE, { next_speaker_agent_id: "Bo" })],
    words: [{ text: "Let Bo speak." }],
    never: [{ text: "I do not know." }],
  };
  const said: unknown[] = [];
  for (const [name, replies] of Object.entries(minds)) {
    const bo: string = await server.make(`Bo`, says("Here."));
    const cy = await server.make("Cy", says("There."));
    const lead = await server.make(
      `Lead${name}`,
      (_, asked) => replies[asked] ?? calling(CHOOSE, { next_speaker_agent_id: bo }),
    );
    const config = { manager_type: "dynamic", manager_agent_id: lead, max_turns: 1 };
    const { id } = await group([bo, cy], config);
    const answer = await say(id, "Who?");
    const [run] = await server.runsOf(lead);
    said.push([name, await history(id), run.metadata.group_end]);
    expect(answer.stop_reason.stop_reason).toBe("end_turn");
  }
  expect(said).toEqual([
    [
      "again",
      [
        ["user", "Who?"],
        ["Bo", "Here."],
      ],
      undefined,
    ],
    [
      "words",
      [
        ["user", "Who?"],
        ["Bo", "Here."],
      ],
      undefined,
    ],
    ["never", [["user", "Who?"]], "no_speaker"],
  ]);
});

test("a group of a sleeptime agent talks by that agent", async () => {
  const ada = await server.agent({ enable_sleeptime: true });
  const [{ id }] = await server.ok("GET", "/v1/groups/?manager_type=sleeptime");
  server.model.always(() => undefined);
  server.model.say({ calls: [{ name: "send_message", arguments: { message: "Hello." } }] });
  const answer = await say(id, "Hi");
  expect(answer.messages.map(({ sender_id }: Answer) => sender_id)).toContain(ada);
  expect((await server.ok("GET", `/v1/groups/${id}/messages?order=asc`))[0]).toMatchObject({ content: "Hi" });
});

test("the same message under the same otid is the same round", async () => {
  const [ada, bo] = [await server.make("Ada", adds("a")), await server.make("Bo", adds("b"))];
  const { id } = await group([ada, bo]);
  const body = { messages: [{ role: "user", content: "Once", otid: "otid-1" }] };
  const path = `/v1/groups/${id}/messages`;
  const first = await server.ok("POST", path, body);
  expect(await server.ok("POST", path, body)).toEqual(first);
  expect(await history(id)).toHaveLength(3);
});

test("a round that is at work refuses another, and cancelling any of its runs ends it", async () => {
  const held = Promise.withResolvers<void>();
  const ada = await server.make("Ada", adds("a"));
  const bo = await server.make("Bo", () => ({ text: "late", after: held.promise }));
  const cy = await server.make("Cy", adds("c"));
  const { id } = await group([ada, bo, cy]);
  const sent = say(id, "Go");
  await reachedBy(async () => (await server.runsOf(bo)).some(({ status }) => status === "running"));
  const second = await server.request("POST", `/v1/groups/${id}/messages`, { input: "Me too" });
  const [running] = await server.runsOf(bo);
  expect([second.status, second.body.run_id]).toEqual([409, running.id]);
  const [first] = await server.runsOf(ada);
  expect(first.status).toBe("completed");
  const cancelled = await server.ok("POST", `/v1/agents/${ada}/messages/cancel`, { run_ids: [first.id] });
  expect(cancelled).toEqual({ [first.id]: "cancelled" });
  held.resolve();
  const answer = await sent;
  expect(answer.stop_reason.stop_reason).toBe("cancelled");
  expect(spoken(answer.messages)).toEqual([["Ada", "a!1"]]);
  expect(await server.runsOf(cy)).toEqual([]);
  expect(spoken((await say(id, "Again")).messages).map(([, text]) => text)).toEqual(["a!2", "late", "c!1"]);
});

test("a turn waits for an agent that is at work elsewhere", async () => {
  const held = Promise.withResolvers<void>();
  const ada = await server.make("Ada", adds("a"));
  const bo = await server.make("Bo", (_, asked) =>
    asked === 0 ? { text: "busy", after: held.promise } : { text: "here" },
  );
  const busy = server.send(bo);
  await reachedBy(async () => (await server.runsOf(bo)).length > 0);
  const { id } = await group([ada, bo]);
  const sent = say(id, "Go");
  await reachedBy(async () => (await server.runsOf(bo)).length === 2);
  held.resolve();
  await busy;
  expect(spoken((await sent).messages)).toEqual([
    ["Ada", "a!1"],
    ["Bo", "here"],
  ]);
});

test("an agent that is deleted while it has the turn is passed over, and nothing is stuck", async () => {
  const held = Promise.withResolvers<void>();
  const ada = await server.make("Ada", adds("a"));
  const bo = await server.make("Bo", () => ({ text: "never", after: held.promise }));
  const cy = await server.make("Cy", adds("c"));
  const { id } = await group([ada, bo, cy]);
  const sent = say(id, "Go");
  const streamed = () => say(id, "Go on");
  await reachedBy(async () => (await server.runsOf(bo)).some(({ status }) => status === "running"));
  await server.ok("DELETE", `/v1/agents/${bo}`);
  held.resolve();
  expect(spoken((await sent).messages)).toEqual([
    ["Ada", "a!1"],
    ["Cy", "c!1"],
  ]);
  expect(spoken((await streamed()).messages)).toEqual([
    ["Ada", "a!2"],
    ["Cy", "c!2"],
  ]);
});

test("a model that fails ends the round with its error, and the group is free again", async () => {
  const ada = await server.make("Ada", adds("a"));
  const bo = await server.make("Bo", (_, asked) => (asked === 0 ? { status: 401, body: "{}" } : { text: "well" }));
  const { id } = await group([ada, bo]);
  const { status } = await server.request("POST", `/v1/groups/${id}/messages`, { input: "Go" });
  expect(status).toBe(401);
  expect(spoken((await say(id, "Again")).messages)).toEqual([
    ["Ada", "a!2"],
    ["Bo", "well"],
  ]);
});

test("a group that is deleted in the middle of a round ends it, and its agents stay", async () => {
  const held = Promise.withResolvers<void>();
  const ada = await server.make("Ada", () => ({ text: "a", after: held.promise }));
  const bo = await server.make("Bo", adds("b"));
  const { id } = await group([ada, bo]);
  const sent = say(id, "Go");
  await reachedBy(async () => (await server.runsOf(ada)).length > 0);
  await server.ok("DELETE", `/v1/groups/${id}`);
  held.resolve();
  expect(spoken((await sent).messages)).toEqual([["Ada", "a"]]);
  const [run] = await server.runsOf(ada);
  expect(run.metadata.group_end).toBe("group_deleted");
  expect(await server.runsOf(bo)).toEqual([]);
});

test("what cannot be a round is refused in words, and nothing is begun", async () => {
  const [ada, bo] = [await server.make("Ada", adds("a")), await server.make("Bo", adds("b"))];
  const empty = await group([]);
  const asked = async (id: string, body: object = { input: "Go" }) => {
    const { status, body: answer } = await server.request("POST", `/v1/groups/${id}/messages`, body);
    return [status, answer.detail];
  };
  expect(await asked(empty.id)).toEqual([400, expect.stringContaining("has no agents")]);
  const made = async (body: object) => {
    const { status, body: answer } = await server.request("POST", "/v1/groups/", { description: "x", ...body });
    return [status, answer.detail];
  };
  for (const manager_type of ["supervisor", "dynamic"])
    expect(await made({ agent_ids: [ada, bo], manager_config: { manager_type, manager_agent_id: ada } })).toEqual([
      400,
      `Agent ${ada} manages the group and cannot be one of its agent_ids too`,
    ]);
  expect(await made({ agent_ids: [ada], manager_config: { manager_type: "round_robin", max_turns: 51 } })).toEqual([
    400,
    "max_turns must be 50 at most, got 51",
  ]);
  expect(await made({ agent_ids: [NOBODY] })).toEqual([404, `Agent with ID ${NOBODY} not found`]);
  expect((await asked("group-00000000-0000-4000-8000-000000000000"))[0]).toBe(404);
  const { id } = await group([ada, bo]);
  const approval = { type: "approval", approvals: [{ type: "approval", tool_call_id: "x", approve: true }] };
  expect(await asked(id, { messages: [approval] })).toEqual([400, expect.stringContaining("A group takes messages")]);
  expect((await asked(id, {}))[0]).toBe(422);
  expect(await server.runsOf(ada)).toEqual([]);
});

test("reset-messages empties what a group said; its agents are told nothing of it any more", async () => {
  const [ada, bo] = [await server.make("Ada", adds("a")), await server.make("Bo", adds("b"))];
  const { id } = await group([ada, bo]);
  await say(id, "First");
  await server.ok("PATCH", `/v1/groups/${id}/reset-messages`);
  expect(await history(id)).toEqual([]);
  await say(id, "Second");
  expect(await history(id)).toEqual([
    ["user", "Second"],
    ["Ada", "a!2"],
    ["Bo", "b!2"],
  ]);
});

test("an agent that waits for a person ends the round there, and what it does then is no part of it", async () => {
  const bo = await server.make("Bo", says("Never."));
  const ada = await server.make("Ada", ({ role }) => (role === "tool" ? { text: "Thanks." } : calling("look", {})));
  const { id } = await group([ada, bo]);
  const client_tools = [{ name: "look", description: "looks", parameters: { type: "object", properties: {} } }];
  const answer = await say(id, "Go", { client_tools });
  expect(answer.stop_reason.stop_reason).toBe("requires_approval");
  const [run] = await server.runsOf(ada);
  expect(run.metadata.group_end).toBe("requires_approval");
  const asked = answer.messages.find(({ message_type }: Answer) => message_type === "approval_request_message");
  const returned = { type: "tool", tool_call_id: asked.tool_call.tool_call_id, tool_return: "x", status: "success" };
  const messages = [{ type: "approval", approvals: [returned] }];
  await server.ok("POST", `/v1/agents/${ada}/messages`, { messages });
  expect(await server.runsOf(bo)).toEqual([]);
});

test("GET /groups/{id}/messages says who speaks, and lists nothing twice", async () => {
  const [ada, bo] = [await server.make("Ada", adds("a")), await server.make("Bo", adds("b"))];
  const { id } = await group([ada, bo]);
  await say(id, "Go");
  const listed = await server.ok("GET", `/v1/groups/${id}/messages?order=asc`);
  expect(
    listed.map(({ message_type, sender_id, name, content }: Answer) => [message_type, sender_id, name, content]),
  ).toEqual([
    ["user_message", null, null, "Go"],
    ["assistant_message", ada, "Ada", "a!1"],
    ["assistant_message", bo, "Bo", "b!1"],
  ]);
  const [last] = await server.ok("GET", `/v1/groups/${id}/messages?limit=1`);
  expect(last.content).toBe("b!1");
  // Each has all of it in its own history.
  const own = await server.ok("GET", `/v1/agents/${bo}/messages?group_id=${id}&order=asc`);
  expect(own.map(({ message_type }: Answer) => message_type)).toEqual([
    "user_message",
    "system_message",
    "assistant_message",
  ]);
});

test("a stream goes on with whoever comes after an agent that is deleted while it has the turn", async () => {
  const held = Promise.withResolvers<void>();
  const ada = await server.make("Ada", adds("a"));
  const bo = await server.make("Bo", () => ({ text: "never", after: held.promise }));
  const cy = await server.make("Cy", adds("c"));
  const { id } = await group([ada, bo, cy]);
  const streamed = server.stream(`/v1/groups/${id}/messages/stream`, { input: "Go" }).then(eventsOf);
  await reachedBy(async () => (await server.runsOf(bo)).some(({ status }) => status === "running"));
  await server.ok("DELETE", `/v1/agents/${bo}`);
  held.resolve();
  const events = await streamed;
  expect(spoken(events.filter((event) => event !== "[DONE]"))).toEqual([
    ["Ada", "a!1"],
    ["Cy", "c!1"],
  ]);
  expect(events.filter((event) => event === "[DONE]")).toHaveLength(1);
});

test("the stream of a round that fails says so once, and ends", async () => {
  const ada = await server.make("Ada", adds("a"));
  const bo = await server.make("Bo", () => ({ status: 401, body: "{}" }));
  const { id } = await group([ada, bo]);
  const events = await eventsOf(await server.stream(`/v1/groups/${id}/messages/stream`, { input: "Go" }));
  expect(events.slice(-3).map((event) => event.message_type ?? event)).toEqual([
    "stop_reason",
    "error_message",
    "[DONE]",
  ]);
  expect(spoken(events.filter((event) => event !== "[DONE]"))).toEqual([["Ada", "a!1"]]);
});
