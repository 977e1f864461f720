import { type Context, Hono } from "hono";
import { z } from "zod";
import type { ToolFilter } from "../agent/ports.ts";
import { Failure } from "../core/failure.ts";
import { builtinRows } from "../tools/catalog.ts";
import { TOOL_TYPES } from "../tools/tool.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "./env.ts";
import { notImplemented } from "./errors.ts";
import { flagParam, given, listParam, pageOf, pageParams, pathId, readQuery } from "./request.ts";
import { toWireTool } from "./wire/tool.ts";

const TOOLS_DEFAULT = 50;

const filterParams = {
  name: z.string().optional(),
  names: listParam(),
  tool_ids: listParam(),
  search: z.string().optional(),
  tool_types: listParam(),
  exclude_tool_types: listParam(),
  return_only_letta_tools: flagParam().optional(),
};
const ListQuery = z.object({ ...filterParams, ...pageParams });
const CountQuery = z.object({ ...filterParams, exclude_letta_tools: flagParam().optional() });

/** Routes of `/tools`. */
export function toolRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  const later = (c: Context) => notImplemented(c, "Custom tools are not supported yet; the built-in ones are");

  routes.get("/", async (c) => {
    const query = readQuery(c, ListQuery);
    const page = pageOf(query, { limit: TOOLS_DEFAULT, order: "desc" });
    return c.json((await readerFor(options, c).tools.list(filterOf(query), page)).map(toWireTool));
  });

  routes.get("/count", async (c) => {
    const query = readQuery(c, CountQuery);
    const exclusion = query.exclude_letta_tools === true ? { onlyLettaTools: false } : {};
    return c.json(await readerFor(options, c).tools.count({ ...filterOf(query), ...exclusion }));
  });

  routes.post("/add-base-tools", async (c) => {
    const rows = builtinRows({ ...options, actor: c.var.actor });
    const stored = await options.store.write(c.var.actor, async ({ tools }) => {
      for (const row of rows) await tools.upsert(row);
      return tools.findByNames(rows.map((row) => row.name));
    });
    return c.json([...stored].sort((a, b) => (a.name < b.name ? -1 : 1)).map(toWireTool));
  });

  routes.get("/:tool_id", async (c) => {
    const id = pathId(c, "tool", "tool_id");
    const tool = await readerFor(options, c).tools.find(id);
    if (tool === undefined) throw new Failure("not_found", `Tool not found with id='${id}'`);
    return c.json(toWireTool(tool));
  });

  routes.post("/", later);
  routes.put("/", later);
  routes.patch("/:tool_id", later);
  routes.delete("/:tool_id", later);
  routes.post("/run", later);
  routes.post("/search", (c) =>
    notImplemented(c, "Searching tools by meaning is not supported; GET /v1/tools/?search= finds them by name"),
  );
  return routes;
}

function filterOf(query: z.output<z.ZodObject<typeof filterParams>>): ToolFilter {
  return given({
    name: query.name,
    names: query.names,
    ids: split(query.tool_ids),
    search: query.search,
    toolTypes: toolTypes(query.tool_types),
    excludeToolTypes: toolTypes(query.exclude_tool_types),
    onlyLettaTools: query.return_only_letta_tools === true ? true : undefined,
  });
}

/** Values that clients repeat or join by commas. */
function split(values: readonly string[] | undefined): readonly string[] | undefined {
  return values?.flatMap((value) => value.split(",").map((part) => part.trim())).filter((part) => part !== "");
}

function toolTypes(values: readonly string[] | undefined): readonly string[] | undefined {
  const types = split(values);
  const unknown = types?.find((type) => !TOOL_TYPES.some((known) => known === type));
  if (unknown !== undefined)
    throw new Failure(
      "refused",
      `Invalid tool type '${unknown.slice(0, 100)}'. Must be one of: ${TOOL_TYPES.join(", ")}`,
    );
  return types;
}
