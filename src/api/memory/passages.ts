import { Hono } from "hono";
import { z } from "zod";
import { mustFind } from "../../agent/find.ts";
import { archiveOfAgent } from "../../agent/life/passages.ts";
import type { Repositories } from "../../agent/ports/ports.ts";
import { Failure } from "../../core/failure.ts";
import { type ArchiveId, requireId } from "../../core/id.ts";
import { PAGE_ITEMS_MAX } from "../../core/page.ts";
import type { Archive } from "../../umi/archive/archive.ts";
import type { Passage, PassageFilter } from "../../umi/archive/passage.ts";
import {
  type FoundPassages,
  type PassageQuery,
  type PassageSources,
  searchPassages,
} from "../../umi/archive/passage-search.ts";
import { RECALL_LIMIT_MAX } from "../../umi/recall/recall-options.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { given, readBody } from "../http/request.ts";
import { tellRetrieval } from "../http/retrieval.ts";
import { timeField } from "../wire/time.ts";
import { showPassages } from "./passage-view.ts";

const TAGS_MAX = 1_000;
/** The longest text that is looked for, as in a question to the memory. */
const QUERY_CHARS_MAX = 10_000;

const SearchBody = z.object({
  query: z.string().max(QUERY_CHARS_MAX).nullish(),
  agent_id: z.string().nullish(),
  archive_id: z.string().nullish(),
  tags: z.array(z.string()).max(TAGS_MAX).nullish(),
  tag_match_mode: z.enum(["any", "all"]).default("any"),
  limit: z.int().min(1).max(100).default(50),
  start_date: timeField().nullish(),
  end_date: timeField().nullish(),
});

/** Routes of `/passages`. */
export function passageRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post("/search", async (c) => {
    const body = await readBody(c, SearchBody);
    const repositories = readerFor(options, c);
    const archive = await searched(repositories, body);
    const filter = {
      tagMatch: body.tag_match_mode,
      ...given({ tags: body.tags, start: body.start_date, end: body.end_date }),
    };
    if (archive === undefined) return c.json([]);
    const text = body.query ?? "";
    const vector = await options.quickVectors.ofQuery(c.var.actor.organizationId, archive.embeddingConfig, text);
    const query = { text, filter, limit: body.limit, at: options.clock.now(), vector };
    const { hits, retrieval } = await nearestPassages(repositories, archive.id, query);
    tellRetrieval(c, retrieval);
    const passages = hits.map((hit) => hit.passage);
    const shown = await showPassages(repositories, { archive, passages }, c.var.actor);
    return c.json(hits.map(({ score }, i) => ({ passage: shown[i] ?? null, score, metadata: {} })));
  });

  return routes;
}

/**
 * The passages nearest to the query, best first. As in Letta, a search is never a yes or no: when fewer passages
 * match than were asked for, the others follow with score 0, oldest first.
 */
export async function nearestPassages(
  sources: PassageSources,
  archive: ArchiveId,
  query: PassageQuery,
): Promise<FoundPassages> {
  const { passages } = sources;
  const { filter, limit } = query;
  const { hits, retrieval } = await searchPassages(sources, archive, {
    ...query,
    limit: Math.min(limit, RECALL_LIMIT_MAX),
  });
  if (hits.length >= limit) return { hits, retrieval };
  const isNarrowed = (filter.tags?.length ?? 0) > 0 || filter.start !== undefined || filter.end !== undefined;
  const others = await passages.list(archive, { limit: isNarrowed ? PAGE_ITEMS_MAX : limit, order: "asc" });
  const known = new Set(hits.map((hit) => hit.passage.id));
  const fitting = others.filter((passage) => !known.has(passage.id) && passes(passage, filter));
  return { hits: [...hits, ...fitting.map((passage) => ({ passage, score: 0 }))].slice(0, limit), retrieval };
}

function passes({ tags, createdAt }: Passage, filter: PassageFilter): boolean {
  if (filter.start !== undefined && createdAt < filter.start) return false;
  if (filter.end !== undefined && createdAt > filter.end) return false;
  const wanted = filter.tags ?? [];
  if (wanted.length === 0) return true;
  const has = (tag: string) => tags?.includes(tag) ?? false;
  return filter.tagMatch === "all" ? wanted.every(has) : wanted.some(has);
}

async function searched(repositories: Repositories, body: z.output<typeof SearchBody>): Promise<Archive | undefined> {
  if (body.agent_id != null) {
    const agent = await mustFind(repositories.agents, requireId("agent", body.agent_id));
    return archiveOfAgent(repositories, agent.id);
  }
  if (body.archive_id != null) return mustFind(repositories.archives, requireId("archive", body.archive_id));
  throw new Failure("refused", "Name the agent_id or the archive_id whose passages to search");
}
