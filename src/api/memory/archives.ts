import { type Context, Hono } from "hono";
import { z } from "zod";
import { mustFind } from "../../agent/find.ts";
import { chooseEmbedding } from "../../agent/life/model-choice.ts";
import { recompileAgents } from "../../agent/prompt/recompile.ts";
import { Failure } from "../../core/failure.ts";
import { newId, requireId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { EmbeddingConfig } from "../../llm/config.ts";
import type { Archive } from "../../umi/archive/archive.ts";
import type { Passage } from "../../umi/archive/passage.ts";
import { relationsOf, showAgents } from "../agents/agent-view.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { given, pageOf, pageParams, pathId, readBody, readQuery } from "../http/request.ts";
import { toWireArchive } from "../wire/archive.ts";
import { EmbeddingConfigBody } from "../wire/llm-config.ts";
import { timeField } from "../wire/time.ts";
import { showPassages } from "./passage-view.ts";

const PAGE_DEFAULT = { limit: 50, order: "desc" } as const;
/** Passages that one request may bring, and tags that each may have. */
const BATCH_MAX = 1_000;
const TAGS_MAX = 1_000;

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
const PassageBody = z.object({
  text: z.string(),
  metadata: z.record(z.string(), z.json()).nullish(),
  tags: z.array(z.string()).max(TAGS_MAX).nullish(),
  created_at: timeField().nullish(),
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

  routes.get("/", async (c) => {
    const query = readQuery(c, ListQuery);
    const repositories = readerFor(options, c);
    const agentId = query.agent_id === undefined ? undefined : requireId("agent", query.agent_id);
    if (agentId !== undefined) await mustFind(repositories.agents, agentId);
    const filter = given({ name: query.name, agentId });
    const archives = await repositories.archives.list(filter, pageOf(query, PAGE_DEFAULT));
    return c.json(archives.map((archive) => toWireArchive(archive, c.var.actor.organizationId)));
  });

  routes.post("/", async (c) => {
    const body = await readBody(c, CreateBody);
    const now = options.clock.now();
    const archive: Archive = {
      id: newId("archive", options.random),
      name: body.name,
      description: body.description ?? null,
      embeddingConfig: await embeddingOf(options, body),
      metadata: null,
      createdById: c.var.actor.userId,
      createdAt: now,
      updatedAt: now,
    };
    await options.store.write(c.var.actor, ({ archives }) => archives.insert(archive));
    return c.json(toWireArchive(archive, c.var.actor.organizationId));
  });

  routes.get("/:archive_id", async (c) => {
    const archive = await mustFind(readerFor(options, c).archives, pathId(c, "archive", "archive_id"));
    return c.json(toWireArchive(archive, c.var.actor.organizationId));
  });

  routes.patch("/:archive_id", async (c) => {
    const id = pathId(c, "archive", "archive_id");
    const { name, description, ...body } = await readBody(c, UpdateBody);
    const embeddingConfig = await embeddingOf({ ...options, defaultEmbedding: null }, body);
    const change = given({ name, description, embeddingConfig });
    const archive = await options.store.write(c.var.actor, async (repositories) => {
      const changed = { ...(await mustFind(repositories.archives, id)), ...change, updatedAt: options.clock.now() };
      await repositories.archives.save(changed);
      return changed;
    });
    return c.json(toWireArchive(archive, c.var.actor.organizationId));
  });

  routes.delete("/:archive_id", async (c) => {
    const id = pathId(c, "archive", "archive_id");
    await options.store.write(c.var.actor, ({ archives }) => archives.remove(id));
    return c.body(null, 204, { "content-type": "application/json" });
  });

  routes.get("/:archive_id/agents", async (c) => {
    const archiveId = pathId(c, "archive", "archive_id");
    const relations = relationsOf(c);
    const page = pageOf(readQuery(c, PageQuery), PAGE_DEFAULT);
    const repositories = readerFor(options, c);
    await mustFind(repositories.archives, archiveId);
    const agents = await repositories.agents.list({ archiveId, showHidden: true }, { ...page, orderBy: "created_at" });
    return c.json(await showAgents({ ...options, repositories }, agents, relations));
  });

  return routes;
}

async function embeddingOf(
  options: RouteOptions,
  body: Pick<z.output<typeof CreateBody>, "embedding" | "embedding_config">,
): Promise<EmbeddingConfig | null> {
  if (body.embedding == null && body.embedding_config != null) return body.embedding_config;
  const handle = body.embedding ?? options.defaultEmbedding;
  return handle === null ? null : chooseEmbedding(options.models, handle);
}

function archivePassageRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post("/:archive_id/passages", async (c) => {
    const body = await readBody(c, PassageBody);
    return c.json((await insertPassages(options, c, [body]))[0] ?? null);
  });

  routes.post("/:archive_id/passages/batch", async (c) => {
    const { passages } = await readBody(c, BatchBody);
    return c.json(await insertPassages(options, c, passages));
  });

  routes.delete("/:archive_id/passages/:passage_id", async (c) => {
    const archiveId = pathId(c, "archive", "archive_id");
    const id = pathId(c, "passage", "passage_id");
    await options.store.write(c.var.actor, async (repositories) => {
      await mustFind(repositories.archives, archiveId);
      const passage = await repositories.passages.find(id);
      if (passage?.archiveId !== archiveId)
        throw new Failure("not_found", `Passage with id ${id} not found in archive ${archiveId}`);
      await repositories.passages.remove(id);
    });
    return c.body(null, 204, { "content-type": "application/json" });
  });

  return routes;
}

function attachRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  for (const action of ["attach", "detach"] as const) {
    routes.patch(`/:agent_id/archives/${action}/:archive_id`, async (c) => {
      const agentId = pathId(c, "agent", "agent_id");
      const archiveId = pathId(c, "archive", "archive_id");
      await options.store.write(c.var.actor, async (repositories) => {
        await mustFind(repositories.agents, agentId);
        await mustFind(repositories.archives, archiveId);
        if (action === "attach") await repositories.archives.attach(agentId, archiveId, false);
        else await repositories.archives.detach(agentId, archiveId);
        // The prompt says how many passages there are.
        await recompileAgents(repositories, [agentId], options);
      });
      return c.json(null);
    });
  }
  return routes;
}

async function insertPassages(
  options: RouteOptions,
  c: Context<ApiEnv>,
  drafts: readonly z.output<typeof PassageBody>[],
): Promise<readonly JsonObject[]> {
  const archiveId = pathId(c, "archive", "archive_id");
  const now = options.clock.now();
  const passages = drafts.map(
    (draft): Passage => ({
      id: newId("passage", options.random),
      archiveId,
      text: draft.text,
      tags: draft.tags ?? null,
      metadata: (draft.metadata ?? {}) as JsonObject,
      createdAt: draft.created_at ?? now,
      updatedAt: now,
      createdById: c.var.actor.userId,
    }),
  );
  const { embeddingConfig } = await mustFind(readerFor(options, c).archives, archiveId);
  const texts = passages.map((passage) => passage.text);
  const vectors = await options.quickVectors.ofTexts(embeddingConfig, texts);
  return options.store.write(c.var.actor, async (repositories) => {
    const archive = await mustFind(repositories.archives, archiveId);
    await repositories.passages.insert(passages, vectors);
    return showPassages(repositories, archive, passages, c.var.actor);
  });
}
