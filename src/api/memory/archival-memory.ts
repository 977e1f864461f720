import { Hono } from "hono";
import { z } from "zod";
import { mustFind } from "../../agent/find.ts";
import { archiveOfAgent, deletePassage, nearestPassages } from "../../agent/life/passages.ts";
import { dateBound } from "../../tools/builtin/date-bound.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { flagParam, given, intParam, listParam, pageOf, pageParams, pathId } from "../http/request.ts";
import { tellRetrieval } from "../http/retrieval.ts";
import { takes } from "../http/takes.ts";
import { answer, list, said, time } from "../wire/answers/answer.ts";
import { WirePassage } from "../wire/passage.ts";
import { AgentPassageBody, keepPassages, showPassages } from "./passage-view.ts";

/** Passages of a page, and hits of a search when nobody says how many and at most. */
const PASSAGES_DEFAULT = 100;
const HITS_DEFAULT = 5;
const HITS_MAX = 1_000;

const ListQuery = z.object({
  before: pageParams.before,
  after: pageParams.after,
  limit: pageParams.limit,
  search: z.string().optional(),
  ascending: flagParam().default(true),
});
const SearchQuery = z.object({
  query: z.string(),
  tags: listParam(),
  tag_match_mode: z.enum(["any", "all"]).default("any"),
  top_k: intParam(1, HITS_MAX).optional(),
  start_datetime: z.string().optional(),
  end_datetime: z.string().optional(),
});

const WireArchivalHits = answer("ArchivalHits", {
  results: list(z.strictObject({ id: z.string(), timestamp: time, content: z.string(), tags: list(z.string()) })),
  count: z.number(),
});

/** Routes of `/agents/{agent_id}/archival-memory`: the archive of one agent. */
export function archivalMemoryRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/:agent_id/archival-memory",
    takes({ query: ListQuery, answer: list(WirePassage) }, async (c, asked) => {
      const query = asked.query();
      const page = pageOf(query, { limit: PASSAGES_DEFAULT, order: query.ascending ? "asc" : "desc" });
      const repositories = readerFor(options, c, "memory:read");
      const agent = await mustFind(repositories.agents, pathId(c, "agent", "agent_id"));
      const archive = await archiveOfAgent(repositories, agent.id);
      if (archive === undefined) return c.json([]);
      const passages = await repositories.passages.list(archive.id, page, query.search);
      return c.json(await showPassages(repositories, { archive, passages }, c.var.caller));
    }),
  );

  routes.post(
    "/:agent_id/archival-memory",
    takes({ body: AgentPassageBody, answer: list(WirePassage) }, async (c, asked) => {
      const agentId = pathId(c, "agent", "agent_id");
      const bodies = [await asked.body()];
      return c.json(await keepPassages(options, c.var.caller, { place: { agentId }, bodies }));
    }),
  );

  routes.get(
    "/:agent_id/archival-memory/search",
    takes({ query: SearchQuery, answer: WireArchivalHits }, async (c, asked) => {
      const query = asked.query();
      const repositories = readerFor(options, c, "memory:read");
      const agent = await mustFind(repositories.agents, pathId(c, "agent", "agent_id"));
      const archive = await archiveOfAgent(repositories, agent.id);
      const reading = { zone: agent.timezone, format: options.times };
      const filter = {
        ...given({ tags: query.tags }),
        tagMatch: query.tag_match_mode,
        ...(query.start_datetime ? { start: dateBound(query.start_datetime, { ...reading, edge: "start" }) } : {}),
        ...(query.end_datetime ? { end: dateBound(query.end_datetime, { ...reading, edge: "end" }) } : {}),
      };
      if (archive === undefined) return c.json({ results: [], count: 0 });
      const { query: text, top_k: limit = HITS_DEFAULT } = query;
      const sought = { archive, agentId: agent.id, text, filter, limit };
      const { hits, retrieval } = await nearestPassages(options, c.var.caller, sought);
      tellRetrieval(c, retrieval);
      const results = hits.map(({ passage }) => ({
        id: passage.id,
        timestamp: options.times.isoInZone(passage.createdAt, agent.timezone),
        content: passage.text,
        tags: passage.tags ?? [],
      }));
      return c.json({ results, count: results.length });
    }),
  );

  routes.delete(
    "/:agent_id/archival-memory/:memory_id",
    takes({ answer: said }, async (c) => {
      const agentId = pathId(c, "agent", "agent_id");
      const id = pathId(c, "passage", "memory_id");
      await deletePassage(options, c.var.caller, { place: { agentId }, id });
      return c.json({ message: `Memory id=${id} successfully deleted` });
    }),
  );

  return routes;
}
