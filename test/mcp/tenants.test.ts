// Two tenants of one MCP server through one set of connections: whatever the order in which answers come, each gets its own.
import { expect, test } from "bun:test";
import { newId } from "../../src/core/id.ts";
import { createMcpConnections } from "../../src/sandbox/mcp/connections.ts";
import { MCP_TIMES } from "../../src/sandbox/mcp/limits.ts";
import { type McpTestKind, type McpTestTool, startMcpServer, text } from "../_harness/mcp-server.ts";

/** Calls over each transport, 10,000 in all, and how many of each tenant are under way at once. */
const CALLS: Readonly<Record<McpTestKind, number>> = { newest: 2_500, sessions: 3_000, sse: 4_500 };
const AT_ONCE = 40;
/** So many calls wait for each other, and are answered in another order; or after so long without one more. */
const WAVE = 48;
const WAVE_MS = 3;

const random = { uuid: () => crypto.randomUUID(), fraction: () => Math.random() };

/** A tool that says who called it and with what, once several have; it tells how often an answer overtook an earlier call. */
function shuffling() {
  let state = 1;
  let number = 0;
  let latest = 0;
  let overtaken = 0;
  let waiting: { readonly number: number; readonly answer: () => void }[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const next = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  const answerAll = () => {
    const wave = waiting;
    waiting = [];
    while (wave.length > 0) {
      const [one] = wave.splice(next(wave.length), 1);
      if (one === undefined) break;
      if (one.number < latest) overtaken++;
      latest = Math.max(latest, one.number);
      one.answer();
    }
  };
  const tool: McpTestTool = {
    name: "whoami",
    async run({ args, headers }) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ number: ++number, answer: resolve });
      clearTimeout(timer);
      if (waiting.length >= WAVE) answerAll();
      else timer = setTimeout(answerAll, WAVE_MS);
      await promise;
      return text(`${headers.get("x-tenant")} ${args["n"]}`);
    },
  };
  return { tool, overtaken: () => overtaken };
}

test.each(Object.entries(CALLS) as [McpTestKind, number][])(
  "over %s, %i calls of two tenants get their own answers",
  async (kind, calls) => {
    const { tool, overtaken } = shuffling();
    const server = await startMcpServer(kind, [tool]);
    const mcp = createMcpConnections({ fetch, commands: [], times: MCP_TIMES, version: "1.0.0", directory: "/" });
    const transport = kind === "sse" ? ("sse" as const) : ("streamable_http" as const);
    // To the connections it is the same server, of one id: only who asks differs.
    const place = {
      id: newId("mcp_server", random),
      name: "shared",
      transport,
      url: server.url,
      command: null,
      args: null,
    };
    const targets = ["blue", "red"].map((tenant) => ({
      organizationId: newId("org", random),
      server: place,
      headers: { "X-Tenant": tenant },
      env: {},
      signIn: null,
    }));
    const wrong: string[] = [];
    let left = calls;
    const lane = async (tenant: number) => {
      const target = targets[tenant];
      while (target !== undefined && left > 0) {
        const n = left--;
        const answer = await mcp.call(target, { toolName: "whoami", args: { n }, outputSchema: undefined });
        const expected = `${target.headers["X-Tenant"]} ${n}`;
        if (answer.text !== expected) wrong.push(`'${answer.text}' in place of '${expected}'`);
      }
    };
    await Promise.all(Array.from({ length: 2 * AT_ONCE }, (_, index) => lane(index % 2)));
    expect(wrong).toEqual([]);
    expect(mcp.count()).toBe(2);
    expect(overtaken()).toBeGreaterThan(calls / 4);
    await mcp.close();
    await server.stop();
  },
);
