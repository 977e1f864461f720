import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

const SHAPE = {
  type: "json_schema",
  json_schema: { name: "shape", schema: { type: "object", properties: { a: { type: "integer" } } } },
};
const OTHER = { type: "json_object" };

/** The shape of answer that the model is asked for by the agent's next message. */
async function askedFor(agentId: string): Promise<Answer> {
  await server.ok("POST", `/v1/agents/${agentId}/messages`, { input: "hello" });
  return (server.model.requests.at(-1) as Answer).response_format;
}

test("the shape of answer in model_settings goes out, until it is taken away", async () => {
  const agentId = await server.agent({ model_settings: { provider_type: "openai", response_format: SHAPE } });
  expect(await askedFor(agentId)).toMatchObject({ type: "json_schema", json_schema: { name: "shape" } });
  const settings = (response_format: unknown) => ({ model_settings: { provider_type: "openai", response_format } });
  await server.ok("PATCH", `/v1/agents/${agentId}`, settings(OTHER));
  expect(await askedFor(agentId)).toEqual(OTHER);
  await server.ok("PATCH", `/v1/agents/${agentId}`, settings(null));
  expect(await askedFor(agentId)).toBeUndefined();
});

test("the agent's own response_format, the older field, goes out where model_settings has none", async () => {
  const agentId = await server.agent({ response_format: OTHER });
  expect(await askedFor(agentId)).toEqual(OTHER);
  const settings = { model_settings: { provider_type: "openai", response_format: SHAPE } };
  await server.ok("PATCH", `/v1/agents/${agentId}`, settings);
  expect(await askedFor(agentId)).toMatchObject({ type: "json_schema" });
});

test("a shape that nobody knows is refused", async () => {
  const settings = { model_settings: { provider_type: "openai", response_format: { type: "xml" } } };
  const { status, body } = await server.request("POST", "/v1/agents/", { model: "openai/gpt-4o-mini", ...settings });
  expect([status, body.detail]).toEqual([422, expect.stringContaining("body.model_settings.response_format.type")]);
});
