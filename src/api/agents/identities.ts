import { type Context, Hono } from "hono";
import { z } from "zod";
import {
  changedIdentity,
  IDENTITY_TYPES,
  type Identity,
  type IdentityChange,
  mergedProperties,
  newIdentity,
} from "../../agent/identity.ts";
import { findIdentity, linkIdentity } from "../../agent/life/identity-links.ts";
import type { IdentityLinks, Repositories } from "../../agent/ports/ports.ts";
import type { IdentityId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { given, pageOf, pageParams, pathId, readBody, readQuery } from "../http/request.ts";
import { toWireBlock } from "../wire/block.ts";
import { CreateIdentityBody, PropertiesBody, toWireIdentity, UpdateIdentityBody } from "../wire/identity.ts";
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

/** Routes of `/identities`: whom agents and blocks belong to in a client's own world. */
export function identityRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get("/", async (c) => {
    const query = readQuery(c, ListQuery);
    const repositories = readerFor(options, c);
    const found = await repositories.identities.list(filterOf(query), pageOf(query, PAGE_DEFAULT));
    return c.json(await showIdentities(repositories, found));
  });

  routes.post("/", async (c) => {
    const { draft, links } = await readBody(c, CreateIdentityBody);
    return writeIdentity(options, c, async (repositories) => {
      const identity = newIdentity(options, c.var.actor, draft);
      await repositories.identities.insert(identity);
      await linkIdentity(repositories, identity.id, links, { replaces: true });
      return identity;
    });
  });

  // Whoever has the key is changed; nobody has it twice.
  routes.put("/", async (c) => {
    const { draft, links } = await readBody(c, CreateIdentityBody);
    return writeIdentity(options, c, async (repositories) => {
      const existing = await repositories.identities.findByKey(draft.identifierKey, draft.projectId ?? null);
      const identity = existing ?? newIdentity(options, c.var.actor, draft);
      if (existing === undefined) await repositories.identities.insert(identity);
      const change = existing === undefined ? { change: {}, links } : { change: draft, links };
      return applyChange(options, c, repositories, identity, { ...change, replaces: true });
    });
  });

  routes.get("/count", async (c) => c.json(await readerFor(options, c).identities.count()));

  routes.get("/:identity_id", async (c) => {
    const repositories = readerFor(options, c);
    const identity = await findIdentity(repositories, pathId(c, "identity", "identity_id"));
    return c.json((await showIdentities(repositories, [identity]))[0] ?? null);
  });

  routes.patch("/:identity_id", async (c) => {
    const id = pathId(c, "identity", "identity_id");
    const body = await readBody(c, UpdateIdentityBody);
    return writeIdentity(options, c, async (repositories) => {
      const identity = await findIdentity(repositories, id);
      return applyChange(options, c, repositories, identity, { ...body, replaces: false });
    });
  });

  routes.put("/:identity_id/properties", async (c) => {
    const id = pathId(c, "identity", "identity_id");
    const properties = await readBody(c, PropertiesBody);
    return writeIdentity(options, c, async (repositories) => {
      const identity = await findIdentity(repositories, id);
      return applyChange(options, c, repositories, identity, { change: { properties }, links: {}, replaces: true });
    });
  });

  routes.delete("/:identity_id", async (c) => {
    const id = pathId(c, "identity", "identity_id");
    await options.store.write(c.var.actor, ({ identities }) => identities.remove(id));
    return c.json(null);
  });

  routes.get("/:identity_id/agents", async (c) => {
    const { id: identityId } = await pathIdentity(options, c);
    const relations = relationsOf(c);
    const page = pageOf(readQuery(c, PageQuery), PAGE_DEFAULT);
    const repositories = readerFor(options, c);
    const agents = await repositories.agents.list({ identityId, showHidden: true }, { ...page, orderBy: "created_at" });
    return c.json(await showAgents({ ...options, repositories }, agents, relations));
  });

  routes.get("/:identity_id/blocks", async (c) => {
    const { id: identityId } = await pathIdentity(options, c);
    const page = pageOf(readQuery(c, PageQuery), PAGE_DEFAULT);
    const blocks = await readerFor(options, c).blocks.list({ identityId, showHidden: true }, page);
    return c.json(blocks.map(toWireBlock));
  });

  return routes;
}

/** What becomes of an identity: the lists that are named replace what is there, or are added to it. */
interface Change {
  readonly change: IdentityChange;
  readonly links: Partial<IdentityLinks>;
  readonly replaces: boolean;
}

async function applyChange(
  options: RouteOptions,
  c: Context<ApiEnv>,
  repositories: Repositories,
  identity: Identity,
  { change, links, replaces }: Change,
): Promise<Identity> {
  const before = replaces ? [] : identity.properties;
  const properties = change.properties === undefined ? {} : { properties: mergedProperties(before, change.properties) };
  const changed = changedIdentity(options, c.var.actor, identity, { ...change, ...properties });
  await repositories.identities.save(changed);
  await linkIdentity(repositories, identity.id, links, { replaces });
  return changed;
}

/** Runs `work` in one transaction and shows the identity that it leaves. */
async function writeIdentity(
  options: RouteOptions,
  c: Context<ApiEnv>,
  work: (repositories: Repositories) => Promise<Identity>,
): Promise<Response> {
  const shown = await options.store.write(c.var.actor, async (repositories) =>
    showIdentities(repositories, [await work(repositories)]),
  );
  return c.json(shown[0] ?? null);
}

async function showIdentities(
  { identities }: Repositories,
  found: readonly Identity[],
): Promise<readonly JsonObject[]> {
  const links = await identities.linksOf(found.map((identity): IdentityId => identity.id));
  return found.map((identity) => toWireIdentity(identity, links.get(identity.id)));
}

function pathIdentity(options: RouteOptions, c: Context<ApiEnv>): Promise<Identity> {
  return findIdentity(readerFor(options, c), pathId(c, "identity", "identity_id"));
}

function filterOf(query: z.output<typeof ListQuery>) {
  return given({
    name: query.name,
    projectId: query.project_id,
    identifierKey: query.identifier_key,
    identityType: query.identity_type,
  });
}
