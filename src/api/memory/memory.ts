import { type Context, Hono } from "hono";
import { z } from "zod";
import { required } from "../../agent/find.ts";
import { changeMemory, type MemoryPlace, mayIn, memoryAt, remember, spaceAt } from "../../agent/life/memory.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import { Failure } from "../../core/failure.ts";
import { requireId } from "../../core/id.ts";
import { cut } from "../../core/text.ts";
import type { EntityId } from "../../umi/facts/kept/entity.ts";
import type { Memory, Recalled } from "../../umi/memory.ts";
import { RECALL_LIMIT_MAX } from "../../umi/recall/recall-options.ts";
import type { ApiEnv, RouteOptions } from "../http/env.ts";
import { flagParam, given, intParam, pathId, pathText, readQuery } from "../http/request.ts";
import { tellRetrieval } from "../http/retrieval.ts";
import { alsoTakes, takes } from "../http/takes.ts";
import { answer, json, jsonObject, list } from "../wire/answers/answer.ts";
import {
  toWireEntity,
  toWireFact,
  toWireMention,
  toWireMerge,
  toWireRelation,
  toWireTurn,
  WireEntity,
  WireFact,
  WireMention,
  WireMerge,
  WireRelation,
  WireTurn,
} from "../wire/fact.ts";
import { timeField } from "../wire/time.ts";

/** Facts of one answer, and characters and tags that a request may name. */
const FACTS_DEFAULT = 100;
const FACTS_MAX = 1_000;
const NAME_CHARS_MAX = 200;
const TAGS_MAX = 100;
/** Characters of a question. */
const QUESTION_CHARS_MAX = 10_000;

/** Said where nothing can be learned of whoever speaks. */
const NAMELESS = 'Nobody is named as the speaker, so nothing was learned of "I": send `speaker`';

const short = z.string().max(NAME_CHARS_MAX);
const RememberBody = z.object({
  text: z.string(),
  speaker: short.nullish(),
  role: z.enum(["user", "assistant", "none"]).nullish(),
  session: short.nullish(),
  at: timeField().nullish(),
  tags: z.array(short).max(TAGS_MAX).nullish(),
});
const RecallBody = z.object({
  query: z.string().max(QUESTION_CHARS_MAX),
  limit: z.int().min(1).max(RECALL_LIMIT_MAX).default(10),
  roles: z.array(z.enum(["user", "assistant", "none"])).nullish(),
  session: short.nullish(),
  tags: z.array(short).max(TAGS_MAX).nullish(),
  start: timeField().nullish(),
  end: timeField().nullish(),
  include_past: z.boolean().default(false),
  explain: z.boolean().default(false),
});
const FactsQuery = z.object({
  entity_id: z.string().optional(),
  relation: z.string().optional(),
  turn_id: z.string().optional(),
  valid_at: timeField().optional(),
  learned_at: timeField().optional(),
  current: flagParam().optional(),
  before: z.string().optional(),
  limit: intParam(1, FACTS_MAX).optional(),
});
const EntitiesQuery = z.object({
  name: z.string().optional(),
  after: z.string().optional(),
  limit: intParam(1, FACTS_MAX).optional(),
});
const RelationsQuery = z.object({ entity_id: z.string() });
const MergeBody = z.object({ into: z.string(), reason: z.string().max(1_000).default("") });
const UserQuery = z.object({ user: short.optional() });

const parts = jsonObject.exactOptional();
const WireRemembered = answer("Remembered", {
  turn_id: z.string(),
  facts: list(answer("LearnedFact", { ...WireFact.shape, is_new: z.boolean() })),
  note: z.string().nullable(),
});
const WireRecalled = answer("Recalled", {
  retrieval: z.string(),
  coverage: json,
  facts: list(answer("RecalledFact", { ...WireFact.shape, score: z.number(), parts })),
  turns: list(answer("RecalledTurn", { ...WireTurn.shape, score: z.number(), parts })),
});
const WireForgotten = answer("Forgotten", { forgotten: list(z.string()) });
const WireKept = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("turn"), turn: WireTurn }),
    z.strictObject({ kind: z.literal("fact"), fact: WireFact }),
    z.strictObject({ kind: z.literal("entity"), entity: WireEntity }),
  ])
  .meta({ id: "Kept" });
const WireWholeEntity = answer("WholeEntity", {
  ...WireEntity.shape,
  mentions: list(WireMention),
  merges: list(WireMerge),
  relations: list(WireRelation),
});
const WireMerged = answer("Merged", { kept_id: z.string(), absorbed_id: z.string() });
const WireUnmerged = answer("Unmerged", { absorbed_id: z.string() });

/** Which memory a request is about. */
type PlaceOf = (c: Context<ApiEnv>) => MemoryPlace;

/** Routes of `/agents/{agent_id}/memory`, and of `/memory`, which is an organisation's own or one user's in it. */
export function memoryRoutes(options: RouteOptions): Hono<ApiEnv> {
  const ofAgent: PlaceOf = (c) => ({ agentId: pathId(c, "agent", "agent_id") });
  const ofUser: PlaceOf = (c) => ({ user: readQuery(c, UserQuery).user ?? "" });
  return new Hono<ApiEnv>()
    .route("/agents/:agent_id/memory", tierRoutes(options, ofAgent))
    .route("/agents/:agent_id/memory", knowledgeRoutes(options, ofAgent))
    .route("/memory", alsoTakes(tierRoutes(options, ofUser), UserQuery))
    .route("/memory", alsoTakes(knowledgeRoutes(options, ofUser), UserQuery));
}

/** Rows of a memory that whoever is asking may read. */
function readersFor({ store }: RouteOptions, { var: { caller } }: Context<ApiEnv>, place: MemoryPlace): Readers {
  return store.reader(mayIn(caller, "memory:read", place));
}

/** A memory that whoever is asking may read. */
function memoryFor(options: RouteOptions, c: Context<ApiEnv>, place: MemoryPlace): Promise<Memory<Readers>> {
  return memoryAt(options, readersFor(options, c, place), place);
}

/** Remembering, recalling and forgetting. */
function tierRoutes(options: RouteOptions, placeOf: PlaceOf): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post(
    "/remember",
    takes({ body: RememberBody, answer: WireRemembered }, async (c, asked) => {
      const body = await asked.body();
      const { text, ...about } = body;
      const wanted = { place: placeOf(c), text, about: given(about) };
      const { turnId, learned, isNameless } = await remember(options, c.var.caller, wanted);
      const facts = learned.map(({ fact, isNew }) => ({ ...toWireFact(fact), is_new: isNew }));
      return c.json({ turn_id: turnId, facts, note: isNameless ? NAMELESS : null });
    }),
  );

  routes.post(
    "/recall",
    takes({ body: RecallBody, answer: WireRecalled }, async (c, asked) => {
      const { query, include_past, limit, explain, ...wish } = await asked.body();
      const memory = await memoryFor(options, c, placeOf(c));
      const found = await memory.recall(query, { ...given(wish), limit, explain, includesPast: include_past });
      tellRetrieval(c, found.retrieval);
      return c.json(toWireRecalled(found));
    }),
  );

  routes.delete(
    "/items/:item_id",
    takes({ answer: WireForgotten }, async (c) => {
      const id = pathText(c, "item_id");
      const change = {
        place: placeOf(c),
        scope: "memory:forget" as const,
        change: (memory: Memory) => memory.forget(id),
      };
      const forgotten = await changeMemory(options, c.var.caller, change);
      if (forgotten.length === 0) throw unknownItem(id);
      return c.json({ forgotten });
    }),
  );

  routes.get(
    "/items/:item_id",
    takes({ answer: WireKept }, async (c) => {
      const id = pathText(c, "item_id");
      const found = await (await memoryFor(options, c, placeOf(c))).get(id);
      if (found === undefined) throw unknownItem(id);
      if (found.kind === "turn") return c.json({ kind: found.kind, turn: toWireTurn(found.turn) });
      if (found.kind === "fact") return c.json({ kind: found.kind, fact: toWireFact(found.fact) });
      return c.json({ kind: found.kind, entity: toWireEntity(found.entity) });
    }),
  );

  routes.get(
    "/items/:item_id/history",
    takes({ answer: list(WireFact) }, async (c) => {
      const id = pathText(c, "item_id");
      const memory = await memoryFor(options, c, placeOf(c));
      const facts = await memory.history(id);
      if (facts.length === 0 && (await memory.get(id)) === undefined) throw unknownItem(id);
      return c.json(facts.map(toWireFact));
    }),
  );

  return routes;
}

/** Facts, entities and how they are related. */
function knowledgeRoutes(options: RouteOptions, placeOf: PlaceOf): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/facts",
    takes({ query: FactsQuery, answer: list(WireFact) }, async (c, asked) => {
      const query = asked.query();
      const memory = await memoryFor(options, c, placeOf(c));
      const facts = await memory.allFacts({
        limit: query.limit ?? FACTS_DEFAULT,
        ...given({
          entityId: query.entity_id === undefined ? undefined : entityId(query.entity_id),
          relation: query.relation,
          turnId: query.turn_id,
          validAt: query.valid_at,
          learnedAt: query.learned_at,
          isCurrent: query.current,
          before: query.before === undefined ? undefined : requireId("fact", query.before),
        }),
      });
      return c.json(facts.map(toWireFact));
    }),
  );

  routes.get(
    "/entities",
    takes({ query: EntitiesQuery, answer: list(WireEntity) }, async (c, asked) => {
      const query = asked.query();
      const repositories = readersFor(options, c, placeOf(c));
      const space = await spaceAt(repositories, placeOf(c));
      const page = { limit: query.limit ?? FACTS_DEFAULT, ...given({ after: query.after }) };
      const entities =
        query.name === undefined
          ? await repositories.facts.listEntities(space, page)
          : await repositories.facts.entitiesNamed(space, query.name);
      return c.json(entities.map(toWireEntity));
    }),
  );

  routes.route("/", entityRoutes(options, placeOf));

  return routes;
}

/** One entity, and how it is related. */
function entityRoutes(options: RouteOptions, placeOf: PlaceOf): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/entities/:entity_id",
    takes({ answer: WireWholeEntity }, async (c) => {
      const repositories = readersFor(options, c, placeOf(c));
      const space = await spaceAt(repositories, placeOf(c));
      const id = entityId(pathText(c, "entity_id"));
      const { facts } = repositories;
      const entity = required(await facts.findEntity(space, id), `Entity with id ${id} not found`);
      const memory = await memoryAt(options, repositories, placeOf(c));
      return c.json({
        ...toWireEntity(entity),
        mentions: (await facts.mentions(space, id)).map(toWireMention),
        merges: (await facts.merges(space, id)).map(toWireMerge),
        relations: (await memory.relations(id)).map(toWireRelation),
      });
    }),
  );

  routes.post(
    "/entities/:entity_id/merge",
    takes({ body: MergeBody, answer: WireMerged }, async (c, asked) => {
      const { into, reason } = await asked.body();
      const [absorbed, kept] = [entityId(pathText(c, "entity_id")), entityId(into)];
      const change = {
        place: placeOf(c),
        scope: "memory:write" as const,
        change: (memory: Memory) => memory.merge(absorbed, kept, reason),
      };
      await changeMemory(options, c.var.caller, change);
      return c.json({ kept_id: kept, absorbed_id: absorbed });
    }),
  );

  routes.post(
    "/entities/:entity_id/unmerge",
    takes({ answer: WireUnmerged }, async (c) => {
      const absorbed = entityId(pathText(c, "entity_id"));
      const change = {
        place: placeOf(c),
        scope: "memory:write" as const,
        change: (memory: Memory) => memory.unmerge(absorbed),
      };
      await changeMemory(options, c.var.caller, change);
      return c.json({ absorbed_id: absorbed });
    }),
  );

  routes.get(
    "/relations",
    takes({ query: RelationsQuery, answer: list(WireRelation) }, async (c, asked) => {
      const id = entityId(asked.query().entity_id);
      const memory = await memoryFor(options, c, placeOf(c));
      if ((await memory.get(id)) === undefined) throw unknownItem(id);
      return c.json((await memory.relations(id)).map(toWireRelation));
    }),
  );

  return routes;
}

function toWireRecalled({ hits, facts, retrieval, coverage }: Recalled) {
  return {
    retrieval,
    coverage,
    facts: facts.map(({ fact, score, parts }) => ({ ...toWireFact(fact), score, ...given({ parts }) })),
    turns: hits.map(({ entry, score, parts }) => ({ ...toWireTurn(entry), score, ...given({ parts }) })),
  };
}

function unknownItem(id: string): Failure {
  return new Failure("not_found", `Nothing in this memory is called '${cut(id, NAME_CHARS_MAX)}'`);
}

function entityId(text: string): EntityId {
  return requireId("entity", text);
}
