import { afterAll, beforeAll, expect, test } from "bun:test";
import { describedOperations, validateResponse } from "../_harness/openapi.ts";
import { startTestServer, type TestServer } from "../_harness/server.ts";

let server: TestServer;
let agentId = "";

beforeAll(async () => {
  server = await startTestServer();
  agentId = await server.agent();
});

afterAll(() => server.close());

/** A path of the document with an agent that exists, and for everything else an id that nothing has. */
function filled(path: string): string {
  const uuid = "123e4567-e89b-42d3-8456-426614174000";
  return path.replace("{agent_id}", agentId).replace(/\{([a-zA-Z_]+)\}/g, (_, name: string) => {
    const kind = name.replace(/_?id$/i, "");
    return `${{ identity: "identity", conversation: "conv", memory: "passage" }[kind] ?? kind}-${uuid}`;
  });
}

test("createApi() knows every operation of the document, with and without a slash at its end", async () => {
  const unknown: string[] = [];
  for (const { method, path } of describedOperations()) {
    if (method === "DELETE" && path === "/v1/agents/{agent_id}") continue;
    for (const spelt of [path.replace(/\/$/, ""), `${path.replace(/\/$/, "")}/`]) {
      const body = method === "GET" ? undefined : {};
      const { status, body: answer } = await server.request(method, filled(spelt), body);
      const isBare = ["Not Found", "Method Not Allowed"].includes(answer?.detail);
      if (isBare || status === 500) unknown.push(`${method} ${spelt}: ${status}`);
    }
  }
  expect(unknown).toEqual([]);
}, 60_000);

test("notBuiltRoutes() answers lists of what is not built with nothing, in the documented shape", async () => {
  const lists = [
    ...["/v1/mcp-servers", "/v1/tools/mcp/servers"],
    ...["/v1/client-side-access-tokens", "/v1/feeds", "/v1/pipelines", "/v1/environments"],
    "/v1/sandboxes",
  ];
  for (const path of lists) {
    for (const spelt of [path, `${path}/`, path.replace("/v1/", "/latest/")]) {
      const { status, body } = await server.request("GET", spelt);
      expect([spelt, status, validateResponse("GET", path, status, body)]).toEqual([spelt, 200, []]);
    }
  }
});

const FEEDBACK =
  "Feedback and telemetry are part of Letta's hosted product alone: nobody here takes them, and nothing of them was kept or sent on. See docs/compatibility.md";

test("notBuiltRoutes() says what is missing, and that trying again does not help", async () => {
  const answers = {
    "GET /v1/metadata/balance":
      "A balance is part of Letta's hosted product alone: nothing is sold here, and GET /v1/usage tells what was used. See docs/compatibility.md",
    "POST /v1/metadata/feedback": FEEDBACK,
    "POST /v1/metadata/telemetry": FEEDBACK,
    "POST /v1/legacy-templates/t-1/migrates":
      "Projects from before templates had versions are part of Letta's hosted product alone: there never were any here, and POST /v1/templates makes a template. See docs/compatibility.md",
  };
  for (const [route, detail] of Object.entries(answers)) {
    const [method = "", path = ""] = route.split(" ");
    const { status, body, headers } = await server.request(method, path, method === "GET" ? undefined : {});
    expect([route, status, body, headers.get("x-should-retry")]).toEqual([route, 501, { detail }, "false"]);
  }
});

test("notBuiltRoutes() leaves alone what is there: ids, other methods, agents that are not there", async () => {
  const unknown = "agent-123e4567-e89b-42d3-8456-426614174000";
  expect((await server.request("GET", `/v1/agents/${unknown}/core-memory/variables`)).status).toBe(404);
  expect((await server.request("GET", "/v1/agents/import")).status).toBe(422);
  expect((await server.request("GET", "/v1/messages/message-123e4567-e89b-42d3-8456-426614174000")).status).toBe(404);
  expect((await server.request("GET", "/v1/nothing")).body).toEqual({ detail: "Not Found" });
  const { paths } = await server.ok("GET", "/openapi.json");
  expect(Object.keys(paths).filter((path) => path.includes("/pipelines"))).toEqual([]);
});
