import { Hono } from "hono";
import { z } from "zod";
import {
  addPlugin,
  changePlugin,
  findPlugin,
  listPlugins,
  type PluginDesk,
  removePlugin,
} from "../../agent/plugins/keep.ts";
import { HOOK_EVENTS, PLUGIN_GRANTS, PLUGIN_KINDS, type Plugin } from "../../agent/plugins/plugin.ts";
import { beginSync, listSyncs, type SyncState } from "../../agent/plugins/sync.ts";
import { requireId } from "../../core/id.ts";
import type { ApiEnv } from "../http/env.ts";
import { given, pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, jsonObject, list, said, time } from "../wire/answers/answer.ts";
import { isoTime } from "../wire/time.ts";

const PLUGINS_DEFAULT = 100;
/** Characters of code: a module of 16 MB in base64. */
const CODE_CHARS_MAX = 23_000_000;

const Grants = z.array(z.enum(PLUGIN_GRANTS)).max(PLUGIN_GRANTS.length);
const CreateBody = z.strictObject({
  language: z.enum(["wasm", "typescript"]),
  /** TypeScript as it is written, WebAssembly in base64. */
  code: z.string().min(1).max(CODE_CHARS_MAX),
  grants: Grants.optional(),
});
const ChangeBody = z.strictObject({ enabled: z.boolean().optional(), grants: Grants.optional() });
const SyncBody = z.strictObject({ folder_id: z.string(), remove_vanished: z.boolean().default(false) });
const ListQuery = z.object(pageParams);

/** Routes of `/plugins`. */
export function pluginRoutes(options: PluginDesk): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get(
    "/",
    takes({ query: ListQuery, answer: list(WirePlugin) }, async (c, asked) => {
      const page = pageOf(asked.query(), { limit: PLUGINS_DEFAULT, order: "asc" });
      return c.json((await listPlugins(options, c.var.caller, page)).map(toWirePlugin));
    }),
  );

  routes.post(
    "/",
    takes({ body: CreateBody, answer: WirePlugin }, async (c, asked) => {
      const { grants, ...code } = await asked.body();
      return c.json(toWirePlugin(await addPlugin(options, c.var.caller, { ...code, ...given({ grants }) })));
    }),
  );

  routes.get(
    "/:plugin_id",
    takes({ answer: WirePlugin }, async (c) => {
      const id = pathId(c, "plugin", "plugin_id");
      return c.json(toWirePlugin(await findPlugin(options, c.var.caller, id)));
    }),
  );

  routes.patch(
    "/:plugin_id",
    takes({ body: ChangeBody, answer: WirePlugin }, async (c, asked) => {
      const id = pathId(c, "plugin", "plugin_id");
      const { enabled: isEnabled, grants } = await asked.body();
      const change = given({ isEnabled, grants });
      return c.json(toWirePlugin(await changePlugin(options, c.var.caller, { id, change })));
    }),
  );

  routes.delete(
    "/:plugin_id",
    takes({ answer: said }, async (c) => {
      const id = pathId(c, "plugin", "plugin_id");
      await removePlugin(options, c.var.caller, id);
      return c.json({ message: `Plugin ${id} was deleted` });
    }),
  );

  routes.post(
    "/:plugin_id/sync",
    takes({ body: SyncBody, answer: WireSync }, async (c, asked) => {
      const id = pathId(c, "plugin", "plugin_id");
      const { folder_id, remove_vanished: removesVanished } = await asked.body();
      const folderId = requireId("source", folder_id);
      return c.json(toWireSync(await beginSync(options, c.var.caller, { id, folderId, removesVanished })));
    }),
  );

  routes.get(
    "/:plugin_id/syncs",
    takes({ answer: list(WireSync) }, async (c) => {
      const id = pathId(c, "plugin", "plugin_id");
      return c.json((await listSyncs(options, c.var.caller, id)).map(toWireSync));
    }),
  );

  return routes;
}

const WireSync = answer("PluginSync", {
  plugin_id: z.string(),
  folder_id: z.string(),
  status: z.enum(["idle", "listing", "reading", "removing"]),
  remove_vanished: z.boolean(),
  listed: z.number(),
  waiting: z.number(),
  stored: z.number(),
  removed: z.number(),
  failed: z.number(),
  failures: list(z.strictObject({ id: z.string(), name: z.string(), error: z.string().nullable() })),
  error: z.string().nullable(),
  started_at: time.nullable(),
  completed_at: time.nullable(),
});

const WirePlugin = answer("Plugin", {
  id: z.string(),
  name: z.string(),
  kind: z.enum(PLUGIN_KINDS),
  language: z.enum(["typescript", "wasm"]),
  description: z.string().nullable(),
  manifest: z.strictObject({
    grants: list(z.enum(PLUGIN_GRANTS)),
    network: list(z.string()),
    parameters: jsonObject.nullable(),
    dimensions: z.number().nullable(),
    events: list(z.enum(HOOK_EVENTS)),
    on_failure: z.enum(["allow", "refuse"]),
    tags: list(z.string()),
  }),
  grants: list(z.enum(PLUGIN_GRANTS)),
  enabled: z.boolean(),
  hash: z.string(),
  created_by_id: z.string().nullable(),
  last_updated_by_id: z.string().nullable(),
  created_at: time,
  updated_at: time,
});

function toWireSync({ source, waiting, failures }: SyncState): z.output<typeof WireSync> {
  return {
    plugin_id: source.pluginId,
    folder_id: source.folderId,
    status: source.phase,
    remove_vanished: source.removesVanished,
    listed: source.listed,
    waiting,
    stored: source.stored,
    removed: source.removed,
    failed: source.failed,
    failures: failures.map(({ itemId, name, error }) => ({ id: itemId, name, error })),
    error: source.error,
    started_at: source.startedAt === null ? null : isoTime(source.startedAt),
    completed_at: source.completedAt === null ? null : isoTime(source.completedAt),
  };
}

function toWirePlugin(plugin: Plugin): z.output<typeof WirePlugin> {
  const { manifest } = plugin;
  return {
    id: plugin.id,
    name: plugin.name,
    kind: plugin.kind,
    language: plugin.language,
    description: manifest.description,
    manifest: {
      grants: [...manifest.grants],
      network: [...manifest.network],
      parameters: manifest.parameters,
      dimensions: manifest.dimensions,
      events: [...manifest.events],
      on_failure: manifest.onFailure ?? "allow",
      tags: [...(manifest.tags ?? [])],
    },
    grants: [...plugin.grants],
    enabled: plugin.isEnabled,
    hash: plugin.hash,
    created_by_id: plugin.createdById,
    last_updated_by_id: plugin.lastUpdatedById,
    created_at: isoTime(plugin.createdAt),
    updated_at: isoTime(plugin.updatedAt),
  };
}
