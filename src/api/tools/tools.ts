import { Hono } from "hono";
import { z } from "zod";
import { mustFind } from "../../agent/find.ts";
import { changeTool, removeTool, restoreBuiltins, schemaOfSource, storeTool } from "../../agent/life/custom-tool.ts";
import type { ToolFilter } from "../../agent/ports/filters.ts";
import { searchTools } from "../../agent/tool-search.ts";
import { Failure } from "../../core/failure.ts";
import { cut } from "../../core/text.ts";
import { TOOL_TYPES, type Tool } from "../../tools/tool.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { flagParam, given, listParam, pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, jsonObject, list } from "../wire/answers/answer.ts";
import { toWireTool, WireTool } from "../wire/tool.ts";
import { CreateToolBody, GenerateSchemaBody, UpdateToolBody } from "../wire/tool-body.ts";

const TOOLS_DEFAULT = 50;
const QUERY_CHARS_MAX = 10_000;
/** What ranks are told with, as is usual where several are joined. */
const RANK_OFFSET = 60;

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

const SearchBody = z.object({
  query: z.string().max(QUERY_CHARS_MAX).nullish(),
  search_mode: z.enum(["vector", "fts", "hybrid"]).default("hybrid"),
  tool_types: z.array(z.string()).nullish(),
  tags: z.array(z.string()).nullish(),
  limit: z.int().min(1).max(100).default(TOOLS_DEFAULT),
});

/** Routes of `/tools`. */
export function toolRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/",
    takes({ query: ListQuery, answer: list(WireTool) }, async (c, asked) => {
      const query = asked.query();
      const page = pageOf(query, { limit: TOOLS_DEFAULT, order: "desc" });
      return c.json((await readerFor(options, c, "agents:read").tools.list(filterOf(query), page)).map(toWireTool));
    }),
  );

  routes.get(
    "/count",
    takes({ query: CountQuery, answer: z.int() }, async (c, asked) => {
      const query = asked.query();
      const exclusion = query.exclude_letta_tools === true ? { onlyLettaTools: false } : {};
      return c.json(await readerFor(options, c, "agents:read").tools.count({ ...filterOf(query), ...exclusion }));
    }),
  );

  routes.post(
    "/add-base-tools",
    takes({ answer: list(WireTool) }, async (c) => {
      const stored = await restoreBuiltins(options, c.var.caller);
      return c.json(stored.map(toWireTool));
    }),
  );

  routes.get(
    "/:tool_id",
    takes({ answer: WireTool }, async (c) => {
      return c.json(
        toWireTool(await mustFind(readerFor(options, c, "agents:read").tools, pathId(c, "tool", "tool_id"))),
      );
    }),
  );

  // Both replace the tool of the same name, as they did in Letta.
  routes.on(
    ["POST", "PUT"],
    "/",
    takes({ body: CreateToolBody, answer: WireTool }, async (c, asked) => {
      const draft = await asked.body();
      return c.json(toWireTool(await storeTool(options, c.var.caller, draft)));
    }),
  );

  routes.patch(
    "/:tool_id",
    takes({ body: UpdateToolBody, answer: WireTool }, async (c, asked) => {
      const id = pathId(c, "tool", "tool_id");
      const change = await asked.body();
      return c.json(toWireTool(await changeTool(options, c.var.caller, { id, change })));
    }),
  );

  routes.delete(
    "/:tool_id",
    takes({ answer: z.null() }, async (c) => {
      await removeTool(options, c.var.caller, pathId(c, "tool", "tool_id"));
      return c.json(null);
    }),
  );

  routes.route("/", toolHelpRoutes(options));

  return routes;
}

/** Describing a source, and finding tools by their words. */
function toolHelpRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post(
    "/generate-schema",
    takes({ body: GenerateSchemaBody, answer: jsonObject }, async (c, asked) => {
      const { code, source_type } = await asked.body();
      return c.json(schemaOfSource(code, source_type ?? "python"));
    }),
  );

  routes.post(
    "/search",
    takes({ body: SearchBody, answer: list(WireFound) }, async (c, asked) => {
      const { query, search_mode: mode, tool_types: types, tags, limit } = await asked.body();
      if (mode === "vector")
        throw new Failure(
          "refused",
          "Tools are found by their words, as their descriptions are not embedded; search_mode 'fts' or 'hybrid' does that",
        );
      const { tools } = readerFor(options, c, "agents:read");
      const wanted = { text: query ?? null, toolTypes: toolTypes(types ?? undefined) ?? [], tags: tags ?? [], limit };
      return c.json((await searchTools(tools, wanted)).map(toWireFound));
    }),
  );

  return routes;
}

const WireFound = answer("FoundTool", {
  tool: WireTool,
  embedded_text: z.null(),
  fts_rank: z.number(),
  vector_rank: z.null(),
  combined_score: z.number(),
});

/** A tool that was found, in the terms of a search by words and meaning of which only one took place. */
function toWireFound(tool: Tool, index: number): z.output<typeof WireFound> {
  const rank = index + 1;
  return {
    tool: toWireTool(tool),
    embedded_text: null,
    fts_rank: rank,
    vector_rank: null,
    combined_score: 1 / (RANK_OFFSET + rank),
  };
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

/** Kinds of tools that clients name, in either form; throws a `refused` Failure for one that there is not. */
function toolTypes(values: readonly string[] | undefined): readonly string[] | undefined {
  const types = split(values);
  const unknown = types?.find((type) => !TOOL_TYPES.some((known) => known === type));
  if (unknown !== undefined)
    throw new Failure("refused", `Invalid tool type '${cut(unknown, 100)}'. Must be one of: ${TOOL_TYPES.join(", ")}`);
  return types;
}
