import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

// A client's tool may answer with a list of texts and images.

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => server.close());

const client_tools = [{ name: "look", parameters: { type: "object", properties: {} } }];
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const IMAGE = { type: "image", source: { type: "base64", media_type: "image/png", data: PNG } };
const AS_TOLD = { type: "image", source: { type: "base64", media_type: "image/png", data: PNG, detail: null } };
const SEEN = [{ type: "text", text: "a garden" }, IMAGE, { type: "text", text: "at noon" }];

/** The path of an agent that waits for what its client sees, and the call's id. */
async function looking(path?: string): Promise<{ readonly path: string; readonly id: string }> {
  const agent = path ?? `/v1/agents/${await server.agent()}`;
  server.model.say({ calls: [{ name: "look", arguments: {}, id: `call_${crypto.randomUUID()}` }] });
  const { messages } = await server.ok("POST", `${agent}/messages`, { input: "Look!", client_tools });
  return { path: agent, id: messages.at(-1).tool_calls[0].tool_call_id };
}

function approval(tool_call_id: string, tool_return: unknown, status = "success") {
  return [{ type: "approval", approvals: [{ type: "tool", tool_call_id, tool_return, status }] }];
}

/** Roles and contents of the last request after the call. */
function heard(): readonly unknown[] {
  const { messages = [] } = server.model.requests.at(-1) ?? {};
  const at = messages.findLastIndex(({ tool_calls }) => tool_calls !== undefined);
  return messages.slice(at + 1).map(({ role, content }) => ({ role, content }));
}

test("images in a tool's return reach the model, and are told back as they came", async () => {
  for (const send of [
    (id: string) => approval(id, SEEN),
    (tool_call_id: string) => [
      { type: "tool_return", tool_returns: [{ tool_call_id, tool_return: SEEN, status: "success" }] },
    ],
  ]) {
    const { path, id } = await looking();
    const { messages } = await server.ok("POST", `${path}/messages`, { messages: send(id), client_tools });
    expect(heard()).toEqual([
      { role: "tool", content: "a garden\n[image, shown below]\nat noon" },
      { role: "user", content: [{ type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } }] },
    ]);
    const [returned] = messages;
    const told = [{ type: "text", text: "a garden" }, AS_TOLD, { type: "text", text: "at noon" }];
    expect(returned.message_type).toBe("tool_return_message");
    expect(returned.tool_return).toBe("a garden\nat noon [Image omitted]");
    expect(returned.tool_returns[0]).toMatchObject({ tool_return: told, status: "success", tool_call_id: id });
    const listed: readonly Answer[] = await server.ok("GET", `${path}/messages?order=asc`);
    const [answered, stored] = listed.slice(-3);
    expect(answered.approvals[0].tool_return).toEqual(told);
    expect([stored.tool_return, stored.tool_returns]).toEqual([returned.tool_return, returned.tool_returns]);
    const context = await server.ok("GET", `${path}/context`);
    const row = context.messages.find((message: Answer) => message.role === "tool");
    expect(row.tool_returns[0].func_response).toContainEqual(AS_TOLD);
  }
});

test("a return without images is packed for the model, and a failed call with images is told as failed", async () => {
  const { path, id } = await looking();
  const texts = [
    { type: "text", text: "grass" },
    { type: "text", text: "and trees" },
  ];
  await server.ok("POST", `${path}/messages`, { messages: approval(id, texts), client_tools });
  expect(heard()).toEqual([{ role: "tool", content: expect.stringContaining('"message": "grass\\nand trees"') }]);
  const { id: next } = await looking(path);
  const failed = await server.ok("POST", `${path}/messages`, {
    messages: approval(next, [IMAGE, IMAGE], "error"),
    client_tools,
  });
  const content = "[the call failed]\n[image, shown below]\n[image, shown below]";
  expect(heard()[0]).toEqual({ role: "tool", content });
  expect(failed.messages[0].tool_return).toBe("[2 images omitted]");
  expect(failed.messages[0].tool_returns[0].status).toBe("error");
});

test("an image in a tool's return is checked when it arrives, and the call stays open", async () => {
  const { path, id } = await looking();
  const wrong = { type: "image", source: { type: "base64", media_type: "image/png", data: "aGVsbG8=" } };
  const url = { type: "image", source: { type: "url", url: "http://127.0.0.1:9/look.png" } };
  for (const [part, status, told] of [
    [wrong, 422, "source.data: must be an image of type"],
    [url, 400, "127.0.0.1"],
  ] as const) {
    const refused = await server.request("POST", `${path}/messages`, { messages: approval(id, [part]), client_tools });
    expect([refused.status, refused.body.detail]).toEqual([status, expect.stringContaining(told)]);
  }
  await server.ok("POST", `${path}/messages`, { messages: approval(id, SEEN), client_tools });
});

test("images of tools' returns go when the model that answers now takes none", async () => {
  const { path, id } = await looking();
  await server.ok("POST", `${path}/messages`, { messages: approval(id, SEEN), client_tools });
  server.model.always(() => {
    const { model, messages } = server.model.requests.at(-1) ?? {};
    const isRefused = model === "gpt-4o" && JSON.stringify(messages).includes("image_url");
    return isRefused ? { status: 400, body: '{"error":{"message":"no images please"}}' } : undefined;
  });
  await server.ok("PATCH", path, { model: "openai/gpt-4o" });
  await server.ok("POST", `${path}/messages`, { input: "And now?" });
  expect(JSON.stringify(server.model.requests.at(-1)?.messages)).toContain("cannot be shown");
  const before = server.model.requests.length;
  await server.ok("POST", `${path}/messages`, { input: "Good." });
  expect(server.model.requests).toHaveLength(before + 1);
  const listed = JSON.stringify(await server.ok("GET", `${path}/messages?order=asc`));
  expect(listed).toContain(PNG);
});

test("images of tools' returns count as much as a person's", async () => {
  const sizes = [];
  for (const parts of [[], [IMAGE], [IMAGE, IMAGE]]) {
    const { path, id } = await looking();
    const answer = [{ type: "text", text: "a garden" }, ...parts];
    await server.ok("POST", `${path}/messages`, { messages: approval(id, answer), client_tools });
    sizes.push((await server.ok("GET", `${path}/context`)).num_tokens_messages);
  }
  const [none = 0, one = 0, two = 0] = sizes;
  expect(one - none).toBeGreaterThan(1_490);
  expect(two - one).toBeGreaterThan(1_490);
});
