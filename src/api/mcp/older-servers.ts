import { type Context, Hono } from "hono";
import { z } from "zod";
import { required } from "../../agent/find.ts";
import {
  askForTools,
  changeMcpServer,
  createMcpServer,
  findMcpServer,
  listMcpServers,
  refreshMcpServer,
  removeMcpServer,
  runMcpTool,
  toolsOfServer,
  tryMcpServer,
} from "../../agent/mcp/mcp-servers.ts";
import { finishSignIn } from "../../agent/mcp/sign-in.ts";
import { Failure } from "../../core/failure.ts";
import { isRecord } from "../../core/json.ts";
import { cut } from "../../core/text.ts";
import type { ApiEnv } from "../http/env.ts";
import { pathText } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, events, list } from "../wire/answers/answer.ts";
import { toWireTool, WireTool } from "../wire/tool.ts";
import { ChangeOlderMcpBody, OlderMcpBody, RunMcpBody } from "./bodies.ts";
import { AgentQuery, agentIn, connecting, type McpRouteOptions } from "./mcp-servers.ts";
import { OlderMcpServer, toOlderMcpServer, toWireMcpTool, WireMcpTool, WireToolChanges } from "./views.ts";

const NAME_CHARS_SHOWN = 100;
/** What a redirect may bring. */
const CALLBACK_CHARS_MAX = 8_192;
const callbackText = z.string().max(CALLBACK_CHARS_MAX).optional();
const CallbackQuery = z.object({ code: callbackText, state: callbackText, iss: callbackText, error: callbackText });

/** Routes of `/tools/mcp`, which name servers as people do. */
export function olderMcpRoutes(options: McpRouteOptions): Hono<ApiEnv> {
  const at = (c: Context) => ({ name: pathText(c, "mcp_server_name") });
  const all = async (c: Context<ApiEnv>) =>
    (await listMcpServers(options, c.var.caller)).map((server) => toOlderMcpServer(server, c.var.caller));
  return new Hono<ApiEnv>()
    .get(
      "/servers",
      takes({ answer: z.record(z.string(), OlderMcpServer) }, async (c) =>
        c.json(Object.fromEntries((await all(c)).map((one) => [one["server_name"], one]))),
      ),
    )

    .put(
      "/servers",
      takes({ body: OlderMcpBody, answer: list(OlderMcpServer) }, async (c, asked) => {
        const draft = await asked.body();
        await createMcpServer(options, c.var.caller, { draft, replaces: true });
        return c.json(await all(c));
      }),
    )

    .post(
      "/servers/test",
      takes(
        { body: OlderMcpBody, answer: answer("McpTrial", { status: z.literal("success"), tools: list(WireMcpTool) }) },
        async (c, asked) => {
          const draft = await asked.body();
          const tools = (await tryMcpServer(options, c.var.caller, draft)).map(toWireMcpTool);
          return c.json({ status: "success", tools });
        },
      ),
    )

    .post(
      "/servers/connect",
      takes({ body: OlderMcpBody, answer: events }, async (c, asked) =>
        connecting(options, c, { draft: await asked.body() }),
      ),
    )

    .patch(
      "/servers/:mcp_server_name",
      takes({ body: ChangeOlderMcpBody, answer: OlderMcpServer }, async (c, asked) => {
        const change = await asked.body();
        const changed = await changeMcpServer(options, c.var.caller, { naming: at(c), change });
        return c.json(toOlderMcpServer(changed, c.var.caller));
      }),
    )

    .delete(
      "/servers/:mcp_server_name",
      takes({ answer: list(OlderMcpServer) }, async (c) => {
        await removeMcpServer(options, c.var.caller, at(c));
        return c.json(await all(c));
      }),
    )

    .get(
      "/servers/:mcp_server_name/tools",
      takes({ answer: list(WireMcpTool) }, async (c) =>
        c.json((await askForTools(options, c.var.caller, at(c))).map(toWireMcpTool)),
      ),
    )

    .post(
      "/servers/:mcp_server_name/resync",
      takes({ query: AgentQuery, answer: WireToolChanges }, async (c, asked) =>
        c.json(await refreshMcpServer(options, c.var.caller, { naming: at(c), agentId: agentIn(asked.query()) })),
      ),
    )

    .route("/", olderMcpToolRoutes(options));
}

/** Routes of a server's tools, and of coming back from a sign-in. */
function olderMcpToolRoutes(options: McpRouteOptions): Hono<ApiEnv> {
  const at = (c: Context) => ({ name: pathText(c, "mcp_server_name") });
  return new Hono<ApiEnv>()
    .post(
      "/servers/:mcp_server_name/:mcp_tool_name",
      takes({ answer: WireTool }, async (c) => {
        await refreshMcpServer(options, c.var.caller, { naming: at(c), agentId: null });
        const { server } = await findMcpServer(options, c.var.caller, at(c));
        const tools = await toolsOfServer(options, c.var.caller, { id: server.id });
        const wanted = pathText(c, "mcp_tool_name");
        const tool = tools.find(
          ({ name, metadata: { mcp } }) => wanted === (isRecord(mcp) ? (mcp["tool_name"] ?? name) : name),
        );
        return c.json(
          toWireTool(required(tool, `Tool '${cut(wanted, NAME_CHARS_SHOWN)}' not found on the MCP server`)),
        );
      }),
    )

    .post(
      "/servers/:mcp_server_name/tools/:tool_name/execute",
      takes(
        { body: RunMcpBody, answer: answer("OlderMcpAnswer", { result: z.string(), success: z.boolean() }) },
        async (c, asked) => {
          const { args } = await asked.body();
          const tool = { remoteName: pathText(c, "tool_name") };
          const wish = { naming: at(c), tool, args: args ?? {}, signal: c.req.raw.signal };
          const { ok, text } = await runMcpTool(options, c.var.caller, wish);
          return c.json({ result: text, success: ok });
        },
      ),
    )

    .get(
      "/oauth/callback",
      takes(
        { query: CallbackQuery, answer: answer("McpSignedIn", { status: z.literal("success"), message: z.string() }) },
        async (c, asked) => {
          const { code, state, iss, error } = asked.query();
          if (state === undefined) throw new Failure("refused", "The answer brings no state");
          const isError = error !== undefined || code === undefined;
          await finishSignIn(options, { state, code: isError ? null : code, issuer: iss ?? null });
          return c.json({ status: "success", message: "Signed in. You can close this page" });
        },
      ),
    );
}
