import { type Context, Hono } from "hono";
import { z } from "zod";
import { mustFind } from "../../agent/find.ts";
import { variablesOf } from "../../agent/templates/deploy.ts";
import { type SearchTerm, searchFilter } from "../../agent/templates/search.ts";
import { Failure } from "../../core/failure.ts";
import { parseJson } from "../../core/json.ts";
import { PAGE_ITEMS_MAX } from "../../core/page.ts";
import { ALL_RELATIONS, showAgents } from "../agents/agent-view.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { check, given, listParam, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { WireAgent } from "../wire/agent.ts";
import { answer, list } from "../wire/answers/answer.ts";

/** Agents of a page when nobody says how many. */
const AGENTS_DEFAULT = 50;
const TERMS_MAX = 100;
const value = z.string();
const Term = z.discriminatedUnion("field", [
  z.object({ field: z.enum(["version", "identity", "templateName", "agentId"]), value }),
  z.object({ field: z.literal("name"), operator: z.enum(["eq", "contains"]).default("contains"), value }),
  z.object({ field: z.literal("tags"), value: z.array(z.string()).max(TERMS_MAX) }),
]) satisfies z.ZodType<SearchTerm>;
const Terms = z.array(Term).max(TERMS_MAX).default([]);
const combinator = z.literal("AND").nullish();
const WireFound = answer("FoundAgents", { agents: list(WireAgent), nextCursor: z.string().nullable() });
const WireCount = answer("AgentCount", { count: z.int() });
const WireVariables = answer("Variables", { variables: z.record(z.string(), z.string()) });
const SearchBody = z.object({
  search: Terms.nullish(),
  project_id: z.string().nullish(),
  combinator,
  limit: z.int().min(1).max(PAGE_ITEMS_MAX).nullish(),
  after: z.string().nullish(),
  sortBy: z.enum(["created_at", "last_run_completion", "updated_at"]).nullish(),
  ascending: z.boolean().nullish(),
});
const CountQuery = z.object({
  project_id: z.string().optional(),
  combinator: z.literal("AND").optional(),
  search: listParam(),
});
/** How clients write a field of one of several terms into a query: `search[0][field]`. */
const BRACKETS = /^search\[(\d{1,3})\]\[(\w{1,20})\](\[\d{0,3}\])?$/;

/** Routes by which agents are found that were made of templates, and what their blocks were filled with. */
export function templateSearchRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post(
    "/search",
    takes({ body: SearchBody, answer: WireFound }, async (c, asked) => {
      const { search, project_id: projectId, after, ...body } = await asked.body();
      const repositories = readerFor(options, c, "agents:read");
      const filter = { ...(await searchFilter(repositories, search ?? [])), ...given({ projectId }) };
      const limit = body.limit ?? AGENTS_DEFAULT;
      const found = await repositories.agents.list(filter, {
        limit: limit + 1,
        order: body.ascending === true ? "asc" : "desc",
        orderBy: body.sortBy ?? "created_at",
        ...given({ after }),
      });
      const page = found.slice(0, limit);
      return c.json({
        agents: await showAgents({ ...options, repositories }, page, ALL_RELATIONS),
        nextCursor: found.length > limit ? (page.at(-1)?.id ?? null) : null,
      });
    }),
  );

  routes.get(
    "/search/count",
    takes({ query: CountQuery, answer: WireCount }, async (c, asked) => {
      const { project_id: projectId, search = [] } = asked.query();
      const repositories = readerFor(options, c, "agents:read");
      const filter = { ...(await searchFilter(repositories, termsIn(c, search))), ...given({ projectId }) };
      return c.json({ count: await repositories.agents.count(filter) });
    }),
  );

  routes.get(
    "/:agent_id/core-memory/variables",
    takes({ answer: WireVariables }, async (c) => {
      const repositories = readerFor(options, c, "agents:read");
      const agent = await mustFind(repositories.agents, pathId(c, "agent", "agent_id"));
      return c.json({ variables: await variablesOf(repositories, agent) });
    }),
  );

  return routes;
}

/** The terms of a query: a list in JSON, several terms each in JSON, or their fields in brackets. */
function termsIn(c: Context, texts: readonly string[]): readonly SearchTerm[] {
  const plain = texts.flatMap((text) => {
    const json = parseJson(text);
    if (json === undefined) throw new Failure("invalid", "query.search: should be JSON");
    return Array.isArray(json) ? json : [json];
  });
  const bracketed = new Map<string, Record<string, unknown>>();
  for (const [name, values] of Object.entries(c.req.queries())) {
    const [, at = "", field = "", isList] = BRACKETS.exec(name) ?? [];
    if (at === "") continue;
    const term = bracketed.get(at) ?? {};
    const before = term[field];
    // Of tags there may be several, spelt one by one or under one name.
    const isMany = isList !== undefined || values.length > 1;
    term[field] = isMany ? [...(Array.isArray(before) ? before : []), ...values] : values[0];
    bracketed.set(at, term);
  }
  return check(Terms, [...plain, ...bracketed.values()], "query.search");
}
