import { type Context, Hono } from "hono";
import { z } from "zod";
import { mustFind } from "../../agent/find.ts";
import { changeArchive, createArchive, deleteArchive, linkArchive } from "../../agent/life/archives.ts";
import { LINK_ACTIONS } from "../../agent/life/edited-agent.ts";
import { deletePassage, type PassagePlace } from "../../agent/life/passages.ts";
import { requireId } from "../../core/id.ts";
import { relationsOf, showAgents } from "../agents/agent-view.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { given, pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { WireAgent } from "../wire/agent.ts";
import { list, nothing } from "../wire/answers/answer.ts";
import { toWireArchive, WireArchive } from "../wire/archive.ts";
import { renamed } from "../wire/fields.ts";
import { EmbeddingConfigBody } from "../wire/llm-config.ts";
import { WirePassage } from "../wire/passage.ts";
import { keepPassages, PassageBody } from "./passage-view.ts";

const PAGE_DEFAULT = { limit: 50, order: "desc" } as const;
/** Passages that one request may bring. */
const BATCH_MAX = 1_000;

const PageQuery = z.object(pageParams);
const ListQuery = z.object({ ...pageParams, name: z.string().optional(), agent_id: z.string().optional() });
const CreateBody = z.object({
  name: z.string(),
  description: z.string().nullish(),
  embedding: z.string().nullish(),
  embedding_config: EmbeddingConfigBody.nullish(),
});
const UpdateBody = z.object({
  name: z.string().nullish(),
  description: z.string().nullish(),
  embedding: z.string().nullish(),
  embedding_config: EmbeddingConfigBody.nullish(),
});
const BatchBody = z.object({ passages: z.array(PassageBody).max(BATCH_MAX) });

/** Routes of `/archives`, and those by which agents get an archive and lose it. */
export function archiveRoutes(options: RouteOptions): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .route("/archives", ownRoutes(options))
    .route("/archives", archivePassageRoutes(options))
    .route("/agents", attachRoutes(options));
}

function ownRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/",
    takes({ query: ListQuery, answer: list(WireArchive) }, async (c, asked) => {
      const query = asked.query();
      const repositories = readerFor(options, c, "memory:read");
      const agentId = query.agent_id === undefined ? undefined : requireId("agent", query.agent_id);
      if (agentId !== undefined) await mustFind(repositories.agents, agentId);
      const filter = given({ name: query.name, agentId });
      const archives = await repositories.archives.list(filter, pageOf(query, PAGE_DEFAULT));
      return c.json(archives.map((archive) => toWireArchive(archive, c.var.caller.organizationId)));
    }),
  );

  routes.post(
    "/",
    takes({ body: CreateBody, answer: WireArchive }, async (c, asked) => {
      const draft = given(renamed(await asked.body()));
      const archive = await createArchive(options, c.var.caller, draft);
      return c.json(toWireArchive(archive, c.var.caller.organizationId));
    }),
  );

  routes.get(
    "/:archive_id",
    takes({ answer: WireArchive }, async (c) => {
      const archive = await mustFind(readerFor(options, c, "memory:read").archives, pathId(c, "archive", "archive_id"));
      return c.json(toWireArchive(archive, c.var.caller.organizationId));
    }),
  );

  routes.patch(
    "/:archive_id",
    takes({ body: UpdateBody, answer: WireArchive }, async (c, asked) => {
      const id = pathId(c, "archive", "archive_id");
      const change = given(renamed(await asked.body()));
      const archive = await changeArchive(options, c.var.caller, { id, change });
      return c.json(toWireArchive(archive, c.var.caller.organizationId));
    }),
  );

  routes.delete(
    "/:archive_id",
    takes({ answer: nothing }, async (c) => {
      const id = pathId(c, "archive", "archive_id");
      await deleteArchive(options, c.var.caller, id);
      return c.body(null, 204, { "content-type": "application/json" });
    }),
  );

  routes.get(
    "/:archive_id/agents",
    takes({ query: PageQuery, answer: list(WireAgent) }, async (c, asked) => {
      const archiveId = pathId(c, "archive", "archive_id");
      const relations = relationsOf(c);
      const page = pageOf(asked.query(), PAGE_DEFAULT);
      const repositories = readerFor(options, c, "memory:read");
      await mustFind(repositories.archives, archiveId);
      const agents = await repositories.agents.list(
        { archiveId, showHidden: true },
        { ...page, orderBy: "created_at" },
      );
      return c.json(await showAgents({ ...options, repositories }, agents, relations));
    }),
  );

  return routes;
}

function archivePassageRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post(
    "/:archive_id/passages",
    takes({ body: PassageBody, answer: WirePassage }, async (c, asked) => {
      const bodies = [await asked.body()];
      return c.json((await keepPassages(options, c.var.caller, { place: pathPlace(c), bodies }))[0] ?? null);
    }),
  );

  routes.post(
    "/:archive_id/passages/batch",
    takes({ body: BatchBody, answer: list(WirePassage) }, async (c, asked) => {
      const { passages: bodies } = await asked.body();
      return c.json(await keepPassages(options, c.var.caller, { place: pathPlace(c), bodies }));
    }),
  );

  routes.delete(
    "/:archive_id/passages/:passage_id",
    takes({ answer: nothing }, async (c) => {
      const place = pathPlace(c);
      await deletePassage(options, c.var.caller, { place, id: pathId(c, "passage", "passage_id") });
      return c.body(null, 204, { "content-type": "application/json" });
    }),
  );

  return routes;
}

function attachRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  for (const action of LINK_ACTIONS) {
    routes.patch(
      `/:agent_id/archives/${action}/:archive_id`,
      takes({ answer: z.null() }, async (c) => {
        const ids = { agentId: pathId(c, "agent", "agent_id"), id: pathId(c, "archive", "archive_id") };
        await linkArchive(options, c.var.caller, { action, ...ids });
        return c.json(null);
      }),
    );
  }
  return routes;
}

function pathPlace(c: Context<ApiEnv>): PassagePlace {
  return { archiveId: pathId(c, "archive", "archive_id") };
}
