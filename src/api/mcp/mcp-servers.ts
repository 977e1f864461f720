import { type Context, Hono } from "hono";
import { z } from "zod";
import { type ConnectEvent, type ConnectWish, connectToServer } from "../../agent/mcp/connect.ts";
import {
  changeMcpServer,
  createMcpServer,
  findMcpServer,
  listMcpServers,
  refreshMcpServer,
  removeMcpServer,
  runMcpTool,
  toolOfServer,
  toolsOfServer,
} from "../../agent/mcp/mcp-servers.ts";
import type { SignInWorkshop } from "../../agent/mcp/sign-in.ts";
import { requireId } from "../../core/id.ts";
import type { ApiEnv } from "../http/env.ts";
import { eventStream } from "../http/event-stream.ts";
import { pathId, pathText } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { events, list, nothing } from "../wire/answers/answer.ts";
import { toWireTool, WireTool } from "../wire/tool.ts";
import { ChangeMcpBody, CreateMcpBody, RunMcpBody } from "./bodies.ts";
import {
  toWireExecution,
  toWireMcpServer,
  toWireMcpTool,
  WireExecution,
  WireMcpServer,
  WireToolChanges,
} from "./views.ts";

/** Where a browser comes back to from a sign-in. */
export const CALLBACK_PATH = "/v1/tools/mcp/oauth/callback";

/** What routes of MCP servers are made of. */
export interface McpRouteOptions extends SignInWorkshop {
  /** Where browsers reach this server, without a slash at its end; null where it is reached as the request was. */
  readonly publicUrl: string | null;
}

/** The agent on whose behalf a server is asked. */
export const AgentQuery = z.object({ agent_id: z.string().optional() });

/** Routes of `/mcp-servers`. */
export function mcpServerRoutes(options: McpRouteOptions): Hono<ApiEnv> {
  const at = (c: Context) => ({ id: pathText(c, "mcp_server_id") });
  return new Hono<ApiEnv>()
    .get(
      "/",
      takes({ answer: list(WireMcpServer) }, async (c) => {
        const servers = await listMcpServers(options, c.var.caller);
        return c.json(servers.map((server) => toWireMcpServer(server, c.var.caller)));
      }),
    )

    .post(
      "/",
      takes({ body: CreateMcpBody, answer: WireMcpServer }, async (c, asked) => {
        const draft = await asked.body();
        return c.json(toWireMcpServer(await createMcpServer(options, c.var.caller, { draft }), c.var.caller));
      }),
    )

    .get(
      "/connect/:mcp_server_id",
      takes({ answer: events }, (c) => connecting(options, c, at(c))),
    )

    .get(
      "/:mcp_server_id",
      takes({ answer: WireMcpServer }, async (c) =>
        c.json(toWireMcpServer(await findMcpServer(options, c.var.caller, at(c)), c.var.caller)),
      ),
    )

    .patch(
      "/:mcp_server_id",
      takes({ body: ChangeMcpBody, answer: WireMcpServer }, async (c, asked) => {
        const change = await asked.body();
        const changed = await changeMcpServer(options, c.var.caller, { naming: at(c), change });
        return c.json(toWireMcpServer(changed, c.var.caller));
      }),
    )

    .delete(
      "/:mcp_server_id",
      takes({ answer: nothing }, async (c) => {
        await removeMcpServer(options, c.var.caller, at(c));
        // Letta's says that nothing is JSON.
        return c.body(null, 204, { "content-type": "application/json" });
      }),
    )

    .route("/", mcpToolRoutes(options));
}

/** Routes of the tools of a server. */
function mcpToolRoutes(options: McpRouteOptions): Hono<ApiEnv> {
  const at = (c: Context) => ({ id: pathText(c, "mcp_server_id") });
  return new Hono<ApiEnv>()
    .get(
      "/:mcp_server_id/tools",
      takes({ answer: list(WireTool) }, async (c) =>
        c.json((await toolsOfServer(options, c.var.caller, at(c))).map(toWireTool)),
      ),
    )

    .get(
      "/:mcp_server_id/tools/:tool_id",
      takes({ answer: WireTool }, async (c) => {
        const wanted = { naming: at(c), toolId: pathId(c, "tool", "tool_id") };
        return c.json(toWireTool(await toolOfServer(options, c.var.caller, wanted)));
      }),
    )

    .post(
      "/:mcp_server_id/tools/:tool_id/run",
      takes({ body: RunMcpBody, answer: WireExecution }, async (c, asked) => {
        const { args } = await asked.body();
        const wish = {
          naming: at(c),
          tool: { id: pathText(c, "tool_id") },
          args: args ?? {},
          signal: c.req.raw.signal,
        };
        return c.json(toWireExecution(await runMcpTool(options, c.var.caller, wish)));
      }),
    )

    .patch(
      "/:mcp_server_id/refresh",
      takes({ query: AgentQuery, answer: WireToolChanges }, async (c, asked) =>
        c.json(await refreshMcpServer(options, c.var.caller, { naming: at(c), agentId: agentIn(asked.query()) })),
      ),
    );
}

/** The agent that a query names; null where it names none. */
export function agentIn({ agent_id }: z.output<typeof AgentQuery>) {
  return agent_id === undefined ? null : requireId("agent", agent_id);
}

/** Connects, and streams what happens on the way. */
export async function connecting(
  options: McpRouteOptions,
  c: Context<ApiEnv>,
  to: ConnectWish["to"],
): Promise<Response> {
  const stop = new AbortController();
  const redirectUrl = (options.publicUrl ?? new URL(c.req.url).origin) + CALLBACK_PATH;
  const happening = await connectToServer(options, c.var.caller, { to, redirectUrl, signal: stop.signal });
  return eventStream({
    async next() {
      const { value, done } = await happening.next();
      // A sign-in that a person is sent to must be there when they come back.
      await options.store.durable();
      return done === true ? undefined : frameOf(value);
    },
    async leave() {
      stop.abort();
      await happening.return(undefined);
    },
  });
}

function frameOf(event: ConnectEvent): string {
  const shown = event.event === "success" ? { ...event, tools: event.tools.map(toWireMcpTool) } : event;
  return `data: ${JSON.stringify(shown)}\n\n`;
}
