import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Answer, eventsOf, startTestServer, type TestServer } from "../_harness/server.ts";

// The same input under the same otids is the same request; other words under a used otid are new.

let server: TestServer;
let agentId = "";

beforeEach(async () => {
  server = await startTestServer();
  agentId = await server.agent();
});

afterEach(() => server.close());

function says(content: unknown, otid: string | null = "used", extra: object = {}) {
  return { role: "user", content, ...(otid === null ? {} : { otid }), ...extra };
}

const PLACES: Readonly<Record<string, () => Promise<string>>> = {
  "an agent": async () => `/v1/agents/${agentId}/messages`,
  "a conversation": async () => {
    const { id } = await server.ok("POST", `/v1/conversations/?agent_id=${agentId}`, {});
    return `/v1/conversations/${id}/messages`;
  },
  "a fork": async () => {
    const { id } = await server.ok("POST", `/v1/conversations/?agent_id=${agentId}`, {});
    await server.ok("POST", `/v1/conversations/${id}/messages`, { messages: [says("first")], streaming: false });
    const fork = await server.ok("POST", `/v1/conversations/${id}/fork`, {});
    return `/v1/conversations/${fork.id}/messages`;
  },
};
const WAYS: Readonly<Record<string, object>> = {
  whole: { streaming: false },
  streamed: { streaming: true, stream_tokens: true },
  "in the background": { streaming: true, background: true },
};

/** Sends messages and gives what was said. */
async function send(path: string, messages: readonly object[], extra: object): Promise<string> {
  const response = await server.stream(path, { messages, ...extra });
  expect(response.status).toBe(200);
  const told: readonly Answer[] =
    "background" in extra || ("stream_tokens" in extra && extra.stream_tokens === true)
      ? await eventsOf(response)
      : ((await response.json()) as Answer).messages;
  return told.map((event) => (event.message_type === "assistant_message" ? event.content : "")).join("");
}

async function heard(path: string): Promise<readonly unknown[]> {
  const listed = await server.ok("GET", `${path}?order=asc&limit=1000`);
  return listed.flatMap((message: Answer) => (message.message_type === "user_message" ? [message.content] : []));
}

for (const [place, pathOf] of Object.entries(PLACES)) {
  for (const [way, extra] of Object.entries(WAYS)) {
    test(`other words under a used otid are heard and stored: ${place}, ${way}`, async () => {
      const path = await pathOf();
      const before = await heard(path);
      server.model.say({ text: "Hello." }, { text: "Goodbye." });
      expect(await send(path, [says("hi")], extra)).toBe("Hello.");
      expect(await send(path, [says("bye")], extra)).toBe("Goodbye.");
      // Either one again is the same request once more, though the name is that of both.
      expect(await send(path, [says("bye")], extra)).toBe("Goodbye.");
      expect(await send(path, [says("hi")], extra)).toBe("Hello.");
      expect(await heard(path)).toEqual([...before, "hi", "bye"]);
    });
  }
}

test("what else a message says counts too: its parts, its role, its name, its sender", async () => {
  const path = `/v1/agents/${agentId}/messages`;
  const inputs = [
    says("hi"),
    says([
      { type: "text", text: "hi" },
      { type: "text", text: "there" },
    ]),
    says("hi", "used", { role: "system" }),
    says("hi", "used", { name: "Ada" }),
    says("hi", "used", { sender_id: "identity-123e4567-e89b-42d3-8456-426614174000" }),
  ];
  for (const input of [...inputs, ...inputs]) await send(path, [input], {});
  expect(server.model.requests.length).toBe(inputs.length);
  // The same text in one part is the same text.
  await send(path, [says([{ type: "text", text: "hi" }])], {});
  expect(server.model.requests.length).toBe(inputs.length);
});

test("several messages are the same only together, in their order, also under one otid", async () => {
  const path = `/v1/agents/${agentId}/messages`;
  const inputs = [
    [says("a"), says("b")],
    [says("b"), says("a")],
    [says("a")],
    [says("a"), says("b"), says("c", "other")],
    [says("a"), says("b", null)],
  ];
  for (const input of [...inputs.slice(0, 4), ...inputs.slice(0, 4)]) await send(path, input, {});
  expect(server.model.requests.length).toBe(4);
  // A message without a name is known by its words.
  await send(path, inputs[4] ?? [], {});
  expect(server.model.requests.length).toBe(4);
});

test("answers to calls under a used otid are new when they answer other calls, or otherwise", async () => {
  const path = `/v1/agents/${agentId}/messages`;
  const client_tools = [{ name: "look", parameters: { type: "object", properties: {} } }];
  const answer = (tool_call_id: string, tool_return: string) => ({
    type: "approval",
    otid: "used",
    approvals: [{ type: "tool", tool_call_id, tool_return, status: "success" }],
  });
  const asked: string[] = [];
  for (const seen of ["a cat", "a dog"]) {
    server.model.say({ calls: [{ name: "look", arguments: {} }] }, { text: `I see ${seen}.` });
    const { messages } = await server.ok("POST", path, { messages: [says("look", seen)], client_tools });
    asked.push(messages[0].tool_calls[0].tool_call_id);
    expect(await send(path, [answer(asked.at(-1) ?? "", seen)], {})).toBe(`I see ${seen}.`);
  }
  expect(await send(path, [answer(asked[0] ?? "", "a cat")], {})).toBe("I see a cat.");
  expect(await send(path, [answer(asked[1] ?? "", "a dog")], {})).toBe("I see a dog.");
  const changed = await server.request("POST", path, { messages: [answer(asked[1] ?? "", "a cow")] });
  expect(changed.status).toBe(400);
  expect(server.model.requests.length).toBe(4);
});
