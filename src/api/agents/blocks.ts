import { Hono } from "hono";
import { z } from "zod";
import { mustFind } from "../../agent/find.ts";
import { changeBlock, createBlock, deleteBlock, listBlockVersions, undoBlock } from "../../agent/life/blocks.ts";
import type { BlockFilter } from "../../umi/core/block-store.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { flagParam, given, intParam, listParam, pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { WireAgent } from "../wire/agent.ts";
import { list } from "../wire/answers/answer.ts";
import {
  CreateBlockBody,
  toWireBlock,
  toWireBlockVersion,
  UndoBlockBody,
  UpdateBlockBody,
  WireBlock,
  WireBlockVersion,
} from "../wire/block.ts";
import { relationsOf, showAgents } from "./agent-view.ts";

const BLOCKS_DEFAULT = 50;
const AGENTS_DEFAULT = 50;
const VERSIONS_DEFAULT = 50;
/** Far more agents than a block ever has; a number of a request must have some bound. */
const COUNT_MAX = 1_000_000_000;

const filterParams = {
  // As in Letta, what may be looked for is narrower than what labels and names may be.
  label: z
    .string()
    .max(50)
    .regex(/^[a-zA-Z0-9_/-]+$/, "should hold only letters, digits, _, - and /")
    .optional(),
  name: z
    .string()
    .max(100)
    .regex(/^[a-zA-Z0-9 _-]+$/, "should hold only letters, digits, spaces, _ and -")
    .optional(),
  templates_only: flagParam().optional(),
  identity_id: z.string().optional(),
  identifier_keys: listParam(),
  project_id: z.string().optional(),
  tags: listParam(),
  match_all_tags: flagParam().optional(),
  label_search: z.string().optional(),
  description_search: z.string().optional(),
  value_search: z.string().optional(),
  connected_to_agents_count_gt: intParam(-1, COUNT_MAX).optional(),
  connected_to_agents_count_lt: intParam(0, COUNT_MAX).optional(),
  connected_to_agents_count_eq: z.array(intParam(0, COUNT_MAX)).optional(),
  show_hidden_blocks: flagParam().optional(),
};
const FilterQuery = z.object(filterParams);
const ListQuery = z.object({ ...filterParams, ...pageParams });
const PageQuery = z.object(pageParams);
/** Far more changes than a block ever sees. */
const VERSION_MAX = 2_147_483_647;
const VersionsQuery = z.object({
  ...pageParams,
  after: intParam(0, VERSION_MAX).optional(),
  before: intParam(0, VERSION_MAX).optional(),
});

/** Routes of `/blocks`. */
export function blockRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = sharedBlockRoutes(options);

  routes.get(
    "/count",
    takes({ query: FilterQuery, answer: z.int() }, async (c, asked) => {
      const query = asked.query();
      return c.json(await readerFor(options, c, "agents:read").blocks.count(filterOf(query)));
    }),
  );

  routes.get(
    "/:block_id",
    takes({ answer: WireBlock }, async (c) =>
      c.json(toWireBlock(await mustFind(readerFor(options, c, "agents:read").blocks, pathId(c, "block", "block_id")))),
    ),
  );

  routes.patch(
    "/:block_id",
    takes({ body: UpdateBlockBody, answer: WireBlock }, async (c, asked) => {
      const which = pathId(c, "block", "block_id");
      const change = await asked.body();
      return c.json(toWireBlock(await changeBlock(options, c.var.caller, { which, change })));
    }),
  );

  routes.get(
    "/:block_id/versions",
    takes({ query: VersionsQuery, answer: list(WireBlockVersion) }, async (c, asked) => {
      const id = pathId(c, "block", "block_id");
      const { limit = VERSIONS_DEFAULT, order = "desc", ...cursor } = asked.query();
      const versions = await listBlockVersions(options, c.var.caller, { id, page: { limit, order, ...given(cursor) } });
      return c.json(versions.map(toWireBlockVersion));
    }),
  );

  routes.post(
    "/:block_id/undo",
    takes({ body: UndoBlockBody, answer: WireBlock }, async (c, asked) => {
      const id = pathId(c, "block", "block_id");
      const wish = await asked.body();
      return c.json(toWireBlock(await undoBlock(options, c.var.caller, { id, ...wish })));
    }),
  );

  return routes;
}

/** The routes of blocks that V1 has twice, once for its own use. */
export function sharedBlockRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/",
    takes({ query: ListQuery, answer: list(WireBlock) }, async (c, asked) => {
      const query = asked.query();
      const page = pageOf(query, { limit: BLOCKS_DEFAULT, order: "asc" });
      const blocks = await readerFor(options, c, "agents:read").blocks.list(filterOf(query), page);
      return c.json(blocks.map(toWireBlock));
    }),
  );

  routes.post(
    "/",
    takes({ body: CreateBlockBody, answer: WireBlock }, async (c, asked) => {
      const draft = await asked.body();
      return c.json(toWireBlock(await createBlock(options, c.var.caller, draft)));
    }),
  );

  routes.delete(
    "/:block_id",
    takes({ answer: z.null() }, async (c) => {
      await deleteBlock(options, c.var.caller, pathId(c, "block", "block_id"));
      return c.json(null);
    }),
  );

  routes.get(
    "/:block_id/agents",
    takes({ query: PageQuery, answer: list(WireAgent) }, async (c, asked) => {
      const blockId = pathId(c, "block", "block_id");
      const relations = relationsOf(c);
      const page = pageOf(asked.query(), { limit: AGENTS_DEFAULT, order: "desc" });
      const repositories = readerFor(options, c, "agents:read");
      await mustFind(repositories.blocks, blockId);
      const agents = await repositories.agents.list({ blockId, showHidden: true }, { ...page, orderBy: "created_at" });
      return c.json(await showAgents({ ...options, repositories }, agents, relations));
    }),
  );

  return routes;
}

function filterOf(query: z.output<typeof FilterQuery>): BlockFilter {
  return given({
    label: query.label,
    templatesOnly: query.templates_only,
    templateName: query.name,
    projectId: query.project_id,
    tags: query.tags,
    matchAllTags: query.match_all_tags,
    labelSearch: query.label_search,
    descriptionSearch: query.description_search,
    valueSearch: query.value_search,
    connectedToMoreThan: query.connected_to_agents_count_gt,
    connectedToFewerThan: query.connected_to_agents_count_lt,
    connectedToOneOf: query.connected_to_agents_count_eq,
    showHidden: query.show_hidden_blocks,
    identityId: query.identity_id,
    identifierKeys: query.identifier_keys,
  });
}
