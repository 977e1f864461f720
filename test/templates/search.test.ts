import { afterAll, beforeAll, expect, test } from "bun:test";
import { validateResponse } from "../_harness/openapi.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

// Agents by what templates they are of, and by what else the hosted product looks for.

let server: TestServer;
const ids: Record<string, string> = {};

beforeAll(async () => {
  server = await startTestServer();
  const agent_id = await server.agent({ name: "source" });
  ids["source"] = agent_id;
  await server.request("POST", "/v1/templates", { type: "agent", agent_id, name: "support" });
  const identity = { identifier_key: "ada", name: "Ada", identity_type: "user" };
  ids["identity"] = (await server.ok("POST", "/v1/identities/", identity)).id;
  const first = { agent_name: "Ada's", tags: ["vip", "north"], identity_ids: [ids["identity"]] };
  ids["ada"] = await made("support:1", first);
  await server.ok("POST", "/v1/templates/support/save", {});
  ids["bo"] = await made("support:2", { agent_name: "Bo's", tags: ["vip"] });
});

afterAll(() => server.close());

async function made(version: string, body: object): Promise<string> {
  const name = typeof Reflect.get(body, "agent_name") === "string" ? { ...body, agent_name: "x" } : body;
  const { body: answer } = await server.request("POST", `/v1/templates/${version}/agents`, name);
  await server.ok("PATCH", `/v1/agents/${answer.agent_ids[0]}`, { name: Reflect.get(body, "agent_name") });
  return answer.agent_ids[0];
}

/** Which of the agents are found, by the names that this test has for them. */
async function found(search: readonly object[], more: object = {}): Promise<readonly string[]> {
  const { status, body } = await server.request("POST", "/v1/agents/search", { search, ascending: true, ...more });
  expect([status, validateResponse("POST", "/v1/agents/search", status, body)]).toEqual([200, []]);
  const query = encodeURIComponent(JSON.stringify(search));
  const { count } = await server.ok("GET", `/v1/agents/search/count?search=${query}`);
  if (Object.keys(more).length === 0) expect(count).toBe(body.agents.length);
  return body.agents.map(({ id }: Answer) => Object.keys(ids).find((name) => ids[name] === id));
}

test("POST /agents/search finds agents by each of its fields, and by all of them together", async () => {
  expect(await found([])).toEqual(["source", "ada", "bo"]);
  expect(await found([{ field: "templateName", operator: "eq", value: "support" }])).toEqual(["ada", "bo"]);
  expect(await found([{ field: "templateName", operator: "eq", value: "nothing" }])).toEqual([]);
  expect(await found([{ field: "version", value: "support:1" }])).toEqual(["ada"]);
  expect(await found([{ field: "version", value: "support:latest" }])).toEqual(["bo"]);
  expect(await found([{ field: "version", value: "support:9" }])).toEqual([]);
  const { template_id } = await server.ok("GET", `/v1/agents/${ids["ada"]}`);
  expect(await found([{ field: "version", value: template_id }])).toEqual(["ada"]);
  expect(await found([{ field: "name", operator: "contains", value: "'S" }])).toEqual(["ada", "bo"]);
  expect(await found([{ field: "name", operator: "eq", value: "Bo's" }])).toEqual(["bo"]);
  expect(await found([{ field: "tags", operator: "contains", value: ["vip", "north"] }])).toEqual(["ada"]);
  expect(await found([{ field: "identity", operator: "eq", value: "ada" }])).toEqual(["ada"]);
  expect(await found([{ field: "identity", operator: "eq", value: ids["identity"] }])).toEqual(["ada"]);
  expect(await found([{ field: "agentId", operator: "eq", value: ids["bo"] }])).toEqual(["bo"]);
  const both = [
    { field: "name", operator: "contains", value: "a" },
    { field: "name", operator: "contains", value: "'s" },
    { field: "templateName", operator: "eq", value: "support" },
  ];
  expect(await found(both)).toEqual(["ada"]);
});

test("POST /agents/search goes on from page to page", async () => {
  const first = await server.ok("POST", "/v1/agents/search", { limit: 2, ascending: true });
  expect(first.agents.map(({ id }: Answer) => id)).toEqual([ids["source"], ids["ada"]]);
  const rest = await server.ok("POST", "/v1/agents/search", { limit: 2, ascending: true, after: first.nextCursor });
  expect([rest.agents.map(({ id }: Answer) => id), rest.nextCursor]).toEqual([[ids["bo"]], null]);
  expect(await found([], { project_id: "none" })).toEqual([]);
});

test("GET /agents/search/count reads terms in JSON and in brackets, and refuses others", async () => {
  const bracketed =
    "search[0][field]=tags&search[0][value][]=vip&search[0][value][]=north&search[1][field]=name&search[1][value]=ada";
  const counts = [
    await server.ok("GET", `/v1/agents/search/count?${bracketed}`),
    await server.ok("GET", `/v1/agents/search/count?search={"field":"name","value":"ada"}`),
  ];
  expect(counts).toEqual([{ count: 1 }, { count: 1 }]);
  for (const query of ["search=vip", 'search={"field":"size","value":"1"}', "search[0][field]=tags"])
    expect([query, (await server.request("GET", `/v1/agents/search/count?${query}`)).status]).toEqual([query, 422]);
});
