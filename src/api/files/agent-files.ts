import { type Context, Hono } from "hono";
import { z } from "zod";
import { linkFolder, showFiles } from "../../agent/files/folders.ts";
import { mustFind } from "../../agent/find.ts";
import { LINK_ACTIONS } from "../../agent/life/edited-agent.ts";
import { ALL_RELATIONS, isNewClient, showAgent } from "../agents/agent-view.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { flagParam, given, pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { WireAgent } from "../wire/agent.ts";
import { answer, list, said } from "../wire/answers/answer.ts";
import { toWireAgentFile, toWireFolder, toWireSource, WireAgentFile, WireSourceFolder } from "../wire/files/file.ts";
import { FOLDER_NAMES } from "./folders.ts";

const PAGE_DEFAULT = { limit: 100, order: "desc" } as const;

const PageQuery = z.object(pageParams);
const FilesQuery = z.object({ ...pageParams, cursor: z.string().optional(), is_open: flagParam().optional() });

const WireAgentFiles = answer("AgentFiles", {
  files: list(WireAgentFile),
  next_cursor: z.string().nullable(),
  has_more: z.boolean(),
});

/** Routes of the folders and files of one agent. */
export function agentFileRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  for (const name of FOLDER_NAMES) linkRoutes(routes, options, name);

  routes.get(
    "/:agent_id/files",
    takes({ query: FilesQuery, answer: WireAgentFiles }, async (c, asked) => {
      const query = asked.query();
      const reader = readerFor(options, c, "agents:read");
      const agent = await mustFind(reader.agents, pathId(c, "agent", "agent_id"));
      const page = pageOf({ ...query, after: query.after ?? query.cursor }, PAGE_DEFAULT);
      // One more than is shown tells whether more follow.
      const found = await reader.agentFiles.list(agent.id, given({ isOpen: query.is_open }), {
        ...page,
        limit: page.limit + 1,
      });
      const files = found.slice(0, page.limit);
      return c.json({
        files: files.map(toWireAgentFile),
        next_cursor: files.at(-1)?.id ?? null,
        has_more: found.length > files.length,
      });
    }),
  );

  routes.patch(
    "/:agent_id/files/close-all",
    takes({ answer: list(z.string()) }, async (c) => {
      const closed = await showFiles(options, c.var.caller, { agentId: agentIdOf(c), action: { kind: "close all" } });
      return c.json(closed);
    }),
  );

  routes.patch(
    "/:agent_id/files/:file_id/open",
    takes({ answer: list(z.string()) }, async (c) => {
      const fileId = pathId(c, "file", "file_id");
      const closed = await showFiles(options, c.var.caller, {
        agentId: agentIdOf(c),
        action: { kind: "open", fileId },
      });
      return c.json(closed);
    }),
  );

  routes.patch(
    "/:agent_id/files/:file_id/close",
    takes({ answer: said }, async (c) => {
      const fileId = pathId(c, "file", "file_id");
      await showFiles(options, c.var.caller, { agentId: agentIdOf(c), action: { kind: "close", fileId } });
      return c.json({ message: `File id=${fileId} successfully closed` });
    }),
  );

  return routes;
}

function linkRoutes(routes: Hono<ApiEnv>, options: RouteOptions, name: (typeof FOLDER_NAMES)[number]): void {
  const parameter = name === "sources" ? "source_id" : "folder_id";

  routes.get(
    `/:agent_id/${name}`,
    takes({ query: PageQuery, answer: list(WireSourceFolder) }, async (c, asked) => {
      const page = pageOf(asked.query(), PAGE_DEFAULT);
      const reader = readerFor(options, c, "agents:read");
      const agent = await mustFind(reader.agents, agentIdOf(c));
      const folders = await reader.folders.list({ agentId: agent.id }, page);
      const { organizationId } = c.var.caller;
      return c.json(folders.map((folder) => ({ ...toWireSource(folder), ...toWireFolder(folder, organizationId) })));
    }),
  );

  for (const action of LINK_ACTIONS)
    routes.patch(
      `/:agent_id/${name}/${action}/:${parameter}`,
      takes({ answer: WireAgent.nullable() }, async (c) => {
        const ids = { agentId: agentIdOf(c), id: pathId(c, "source", parameter) };
        const agent = await linkFolder(options, c.var.caller, { action, ...ids });
        // The older name has always shown the agent.
        if (isNewClient(c) && name === "folders") return c.json(null);
        return c.json(await showAgent(readerFor(options, c, "agents:write"), agent, ALL_RELATIONS));
      }),
    );
}

function agentIdOf(c: Context<ApiEnv>) {
  return pathId(c, "agent", "agent_id");
}
