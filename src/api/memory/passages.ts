import { Hono } from "hono";
import { z } from "zod";
import { mustFind } from "../../agent/find.ts";
import { archiveOfAgent, nearestPassages } from "../../agent/life/passages.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import { Failure } from "../../core/failure.ts";
import { requireId } from "../../core/id.ts";
import type { Archive } from "../../umi/archive/archive.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { given } from "../http/request.ts";
import { tellRetrieval } from "../http/retrieval.ts";
import { takes } from "../http/takes.ts";
import { answer, jsonObject, list } from "../wire/answers/answer.ts";
import { WirePassage } from "../wire/passage.ts";
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

const WireFoundPassage = answer("FoundPassage", {
  passage: WirePassage.nullable(),
  score: z.number(),
  metadata: jsonObject,
});

/** Routes of `/passages`. */
export function passageRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post(
    "/search",
    takes({ body: SearchBody, answer: list(WireFoundPassage) }, async (c, asked) => {
      const body = await asked.body();
      const repositories = readerFor(options, c, "memory:read");
      const archive = await searched(repositories, body);
      const filter = {
        tagMatch: body.tag_match_mode,
        ...given({ tags: body.tags, start: body.start_date, end: body.end_date }),
      };
      if (archive === undefined) return c.json([]);
      const agentId = body.agent_id == null ? null : requireId("agent", body.agent_id);
      const sought = { archive, agentId, text: body.query ?? "", filter, limit: body.limit };
      const { hits, retrieval } = await nearestPassages(options, c.var.caller, sought);
      tellRetrieval(c, retrieval);
      const passages = hits.map((hit) => hit.passage);
      const shown = await showPassages(repositories, { archive, passages }, c.var.caller);
      return c.json(hits.map(({ score }, i) => ({ passage: shown[i] ?? null, score, metadata: {} })));
    }),
  );

  return routes;
}

/** The archive that a request means, by its agent or by its own id; undefined where the agent has none yet. */
async function searched(repositories: Readers, body: z.output<typeof SearchBody>): Promise<Archive | undefined> {
  if (body.agent_id != null) {
    const agent = await mustFind(repositories.agents, requireId("agent", body.agent_id));
    return archiveOfAgent(repositories, agent.id);
  }
  if (body.archive_id != null) return mustFind(repositories.archives, requireId("archive", body.archive_id));
  throw new Failure("refused", "Name the agent_id or the archive_id whose passages to search");
}
