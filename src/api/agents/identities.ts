import { type Context, Hono } from "hono";
import { z } from "zod";
import { mustFind } from "../../agent/find.ts";
import { IDENTITY_TYPES, type Identity } from "../../agent/identity.ts";
import {
  changeIdentity,
  createIdentity,
  deleteIdentity,
  putIdentity,
  setProperties,
} from "../../agent/life/identities.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import type { IdentityId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { type ErasingOptions, eraseIdentity } from "../../run/erase-identity.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { given, pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { WireAgent } from "../wire/agent.ts";
import { answer, list } from "../wire/answers/answer.ts";
import { toWireBlock, WireBlock } from "../wire/block.ts";
import {
  CreateIdentityBody,
  PropertiesBody,
  toWireIdentity,
  UpdateIdentityBody,
  WireIdentity,
} from "../wire/identity.ts";
import { relationsOf, showAgents } from "./agent-view.ts";

const PAGE_DEFAULT = { limit: 50, order: "desc" } as const;

const ListQuery = z.object({
  ...pageParams,
  name: z.string().optional(),
  project_id: z.string().optional(),
  identifier_key: z.string().optional(),
  identity_type: z.enum(IDENTITY_TYPES).optional(),
});
const PageQuery = z.object(pageParams);
const EraseBody = z.object({ dry_run: z.boolean().default(false), after: z.string().nullable().default(null) });

/** Routes of `/identities`: whom agents and blocks belong to in a client's own world. */
export function identityRoutes(options: RouteOptions & Pick<ErasingOptions, "runner">): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/",
    takes({ query: ListQuery, answer: list(WireIdentity) }, async (c, asked) => {
      const query = asked.query();
      const repositories = readerFor(options, c, "agents:read");
      const found = await repositories.identities.list(filterOf(query), pageOf(query, PAGE_DEFAULT));
      return c.json(await showIdentities(repositories, found));
    }),
  );

  routes.post(
    "/",
    takes({ body: CreateIdentityBody, answer: WireIdentity }, async (c, asked) => {
      const linked = await asked.body();
      return showIdentity(options, c, await createIdentity(options, c.var.caller, linked));
    }),
  );

  // Whoever has the key is changed; nobody has it twice.
  routes.put(
    "/",
    takes({ body: CreateIdentityBody, answer: WireIdentity }, async (c, asked) => {
      const linked = await asked.body();
      return showIdentity(options, c, await putIdentity(options, c.var.caller, linked));
    }),
  );

  routes.get(
    "/count",
    takes({ answer: z.int() }, async (c) => c.json(await readerFor(options, c, "agents:read").identities.count())),
  );

  routes.get(
    "/:identity_id",
    takes({ answer: WireIdentity }, async (c) => showIdentity(options, c, await pathIdentity(options, c))),
  );

  routes.patch(
    "/:identity_id",
    takes({ body: UpdateIdentityBody, answer: WireIdentity }, async (c, asked) => {
      const id = pathId(c, "identity", "identity_id");
      const body = await asked.body();
      return showIdentity(options, c, await changeIdentity(options, c.var.caller, { id, ...body }));
    }),
  );

  routes.put(
    "/:identity_id/properties",
    takes({ body: PropertiesBody, answer: WireIdentity }, async (c, asked) => {
      const id = pathId(c, "identity", "identity_id");
      const properties = await asked.body();
      return showIdentity(options, c, await setProperties(options, c.var.caller, { id, properties }));
    }),
  );

  routes.delete(
    "/:identity_id",
    takes({ answer: z.null() }, async (c) => {
      await deleteIdentity(options, c.var.caller, pathId(c, "identity", "identity_id"));
      return c.json(null);
    }),
  );

  routes.route("/", ownedRoutes(options));

  return routes;
}

const count = z.number();
const WireErased = answer("Erased", {
  identity_id: z.string(),
  erased: z.strictObject({
    agents: count,
    conversations: count,
    messages: count,
    runs: count,
    summaries: count,
    blocks: count,
    block_versions: count,
    passages: count,
    folders: count,
    archives: count,
    schedules: count,
    keys: count,
  }),
  unsure_block_ids: list(z.string()),
  next: z.string().nullable(),
  scrubbed: z.boolean(),
});

/** What belongs to an identity, and its end. */
function ownedRoutes(options: RouteOptions & Pick<ErasingOptions, "runner">): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.post(
    "/:identity_id/erase",
    takes({ body: EraseBody, answer: WireErased }, async (c, asked) => {
      const id = pathId(c, "identity", "identity_id");
      const { dry_run: isTrial, after } = await asked.body();
      const part = await eraseIdentity(options, c.var.caller, { id, isTrial, after });
      const { erased, unsure, next, isScrubbed } = part;
      const { blockVersions, ...counts } = erased;
      const shown = { ...counts, block_versions: blockVersions };
      return c.json({ identity_id: id, erased: shown, unsure_block_ids: unsure, next, scrubbed: isScrubbed });
    }),
  );

  routes.get(
    "/:identity_id/agents",
    takes({ query: PageQuery, answer: list(WireAgent) }, async (c, asked) => {
      const { id: identityId } = await pathIdentity(options, c);
      const relations = relationsOf(c);
      const page = pageOf(asked.query(), PAGE_DEFAULT);
      const repositories = readerFor(options, c, "agents:read");
      const agents = await repositories.agents.list(
        { identityId, showHidden: true },
        { ...page, orderBy: "created_at" },
      );
      return c.json(await showAgents({ ...options, repositories }, agents, relations));
    }),
  );

  routes.get(
    "/:identity_id/blocks",
    takes({ query: PageQuery, answer: list(WireBlock) }, async (c, asked) => {
      const { id: identityId } = await pathIdentity(options, c);
      const page = pageOf(asked.query(), PAGE_DEFAULT);
      const blocks = await readerFor(options, c, "agents:read").blocks.list({ identityId, showHidden: true }, page);
      return c.json(blocks.map(toWireBlock));
    }),
  );

  return routes;
}

async function showIdentity(options: RouteOptions, c: Context<ApiEnv>, identity: Identity): Promise<Response> {
  return c.json((await showIdentities(readerFor(options, c, "agents:read"), [identity]))[0] ?? null);
}

async function showIdentities({ identities }: Readers, found: readonly Identity[]): Promise<readonly JsonObject[]> {
  const links = await identities.linksOf(found.map((identity): IdentityId => identity.id));
  return found.map((identity) => toWireIdentity(identity, links.get(identity.id)));
}

function pathIdentity(options: RouteOptions, c: Context<ApiEnv>): Promise<Identity> {
  return mustFind(readerFor(options, c, "agents:read").identities, pathId(c, "identity", "identity_id"));
}

function filterOf(query: z.output<typeof ListQuery>) {
  return given({
    name: query.name,
    projectId: query.project_id,
    identifierKey: query.identifier_key,
    identityType: query.identity_type,
  });
}
