// The client that the official suite starts for each of its scenarios: our own connections. Where a server wants somebody
// to sign in, this process visits the address as a browser would, and brings back what the redirect says. Its last argument
// is the server's address; the environment says which scenario it is.
import type { McpSignInKeeper, McpTarget } from "../../src/agent/mcp/connections.ts";
import { McpUnauthorized } from "../../src/agent/mcp/mcp-failure.ts";
import { newId } from "../../src/core/id.ts";
import { isRecord, type JsonObject, parseJson } from "../../src/core/json.ts";
import { createMcpConnections } from "../../src/sandbox/mcp/connections.ts";
import { MCP_TIMES } from "../../src/sandbox/mcp/limits.ts";

const REDIRECT = "http://localhost:3000/callback";
const url = process.argv.at(-1) ?? "";
const scenario = process.env["MCP_CONFORMANCE_SCENARIO"] ?? "";
const context = parseJson(process.env["MCP_CONFORMANCE_CONTEXT"] ?? "{}");
const random = { uuid: () => crypto.randomUUID(), fraction: () => Math.random() };

let kept: JsonObject = {};
if (isRecord(context) && typeof context["client_id"] === "string") {
  const { client_id, client_secret } = context;
  kept = { client: { client_id, ...(typeof client_secret === "string" ? { client_secret } : {}) } };
}
const keeper: McpSignInKeeper = {
  load: async () => kept,
  save: async (next) => {
    kept = next;
  },
};

const mcp = createMcpConnections({
  fetch: (input, init) => fetch(input, { ...init, redirect: "manual" }),
  commands: [],
  times: MCP_TIMES,
  version: "1.0.0",
  directory: "/",
});
const server = {
  id: newId("mcp_server", random),
  name: "suite",
  transport: "streamable_http",
  url,
  command: null,
  args: null,
} as const;
const organizationId = newId("org", random);
const target = (): McpTarget => ({
  organizationId,
  server,
  headers: {},
  env: {},
  signIn: "tokens" in kept ? keeper : null,
});

async function signIn({ challenge }: McpUnauthorized): Promise<void> {
  const place = { url, redirectUrl: REDIRECT, keeper };
  const to = await mcp.signIns.begin(place, { state: "state-of-the-suite", challenge });
  if (to === null) return;
  const answer = await fetch(to, { redirect: "manual" });
  const back = new URL(answer.headers.get("location") ?? "");
  const code = back.searchParams.get("code") ?? "";
  await mcp.signIns.finish(place, { code, issuer: back.searchParams.get("iss") });
}

/** Signs in as often as it is asked to, which a server may do a few times. */
async function asked<T>(work: () => Promise<T>, left = 3): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof McpUnauthorized) || left === 0) throw error;
    await signIn(error);
    return asked(work, left - 1);
  }
}

/** Arguments that a schema asks for. */
function argumentsFor({ properties }: JsonObject): JsonObject {
  const samples: Readonly<Record<string, JsonObject[string]>> = {
    number: 2,
    integer: 2,
    boolean: true,
    string: "text",
    array: [],
    object: {},
  };
  const entries = Object.entries(isRecord(properties) ? properties : {});
  return Object.fromEntries(
    entries.map(([name, value]) => [name, (isRecord(value) ? samples[String(value["type"])] : undefined) ?? "text"]),
  );
}

const tools = await asked(() => mcp.tools(target()));
const last = target();
if (scenario !== "initialize")
  for (const tool of tools) {
    const call = {
      toolName: tool.name,
      args: scenario === "tools_call" ? { a: 5, b: 3 } : argumentsFor(tool.inputSchema),
      outputSchema: tool.outputSchema,
    };
    await asked(() => mcp.call({ ...last, signIn: "tokens" in kept ? keeper : null }, call)).then(
      (_answer) => {},
      (_error: unknown) => {},
    );
  }
await mcp.close();
process.exit(0);
