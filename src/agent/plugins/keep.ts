import { type Caller, mayEverywhere } from "../../access/may.ts";
import { changedBy, madeBy } from "../../core/authorship.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, newId } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";
import { sha256 } from "../../core/sha256.ts";
import type { World } from "../../core/world.ts";
import { RETURN_CHARS_DEFAULT, type Tool } from "../../tools/tool.ts";
import { mustFind } from "../find.ts";
import type { Repositories, Store } from "../ports/ports.ts";
import { embedderHandle } from "./embedders.ts";
import type { Hooks } from "./hooks.ts";
import { PLUGINS_MAX, type Plugin, type PluginGrant, type PluginId, type PluginManifest } from "./plugin.ts";
import type { PluginCode, PluginHost } from "./plugin-host.ts";

/** Hooks of one organisation. */
const HOOKS_MAX = 8;
/** Users of a plugin that an error names. */
const USES_NAMED_MAX = 5;
/** The word in a tool's row that says where its code is. */
export const PLUGIN_SOURCE = "plugin";

/** What keeping plugins needs. */
export interface PluginDesk extends Pick<World, "clock" | "random"> {
  readonly store: Store;
  /** Where they run; null where nothing does. */
  readonly pluginHost: PluginHost | null;
  /** Who is told when the plugins of an organisation have changed; null where nothing runs. */
  readonly hooks: Pick<Hooks, "changed"> | null;
}

/** A plugin as somebody brings it. */
export interface PluginDraft extends PluginCode {
  /** What it is granted of what it wants; to write to the log alone when absent. */
  readonly grants?: readonly PluginGrant[];
}

/** What of a plugin can be changed. */
export interface PluginChange {
  readonly isEnabled?: boolean;
  readonly grants?: readonly PluginGrant[];
}

/**
 * Takes a plugin in, or replaces the one of the same name and kind. A tool appears among the tools at once, an embedder
 * among the embedding models. Throws a `conflict` Failure where something needs what it was before.
 */
export async function addPlugin(desk: PluginDesk, caller: Caller, draft: PluginDraft): Promise<Plugin> {
  const actor = mayEverywhere(caller, "tools:write");
  if (desk.pluginHost === null) throw new Failure("unavailable", "This server runs no plugins");
  const { manifest, code } = await desk.pluginHost.examine(draft);
  const grants = draft.grants ?? manifest.grants.filter((grant) => grant === "log");
  requireWanted(manifest.grants, grants);
  const hash = sha256(code);
  return changing(desk, actor, async (repositories) => {
    const { plugins } = repositories;
    const existing = await plugins.findByName(manifest.name);
    const { kind, name } = manifest;
    const told = { kind, name, language: draft.language, manifest, grants, hash, isEnabled: true };
    if (existing !== undefined) {
      await requireReplaceable(repositories, existing, manifest);
      const plugin = { ...existing, ...told, ...changedBy(actor, desk.clock.now()) };
      await plugins.save(plugin, code);
      if (kind === "tool") await showTool(desk, actor, repositories, plugin);
      return plugin;
    }
    if (kind === "hook") await requireFewHooks(plugins);
    if ((await plugins.count()) >= PLUGINS_MAX)
      throw new Failure("refused", `An organisation may have ${PLUGINS_MAX} plugins at most`);
    const plugin: Plugin = { id: newId("plugin", desk.random), ...told, ...madeBy(actor, desk.clock.now()) };
    await plugins.insert(plugin, code);
    if (kind === "tool") await showTool(desk, actor, repositories, plugin);
    return plugin;
  });
}

/** Switches a plugin on or off, or grants it something else. */
export async function changePlugin(
  desk: PluginDesk,
  caller: Caller,
  { id, change }: { readonly id: PluginId; readonly change: PluginChange },
): Promise<Plugin> {
  const actor = mayEverywhere(caller, "tools:write");
  return changing(desk, actor, async ({ plugins }) => {
    const current = await mustFind(plugins, id);
    requireWanted(current.manifest.grants, change.grants ?? []);
    const plugin = { ...current, ...change, ...changedBy(actor, desk.clock.now()) };
    await plugins.save(plugin);
    return plugin;
  });
}

/** A plugin of this id. What is added is the whole organisation's: whoever is narrowed to agents does not see it. */
export async function findPlugin({ store }: PluginDesk, caller: Caller, id: PluginId): Promise<Plugin> {
  return mustFind(store.reader(mayEverywhere(caller, "agents:read")).plugins, id);
}

/** A page of plugins, for whoever {@link findPlugin} is for. */
export async function listPlugins({ store }: PluginDesk, caller: Caller, page: Page): Promise<readonly Plugin[]> {
  return store.reader(mayEverywhere(caller, "agents:read")).plugins.list(page);
}

/** Removes a plugin, and the tool that it was from every agent. Throws a `conflict` Failure for an embedder in use. */
export async function removePlugin(desk: PluginDesk, caller: Caller, id: PluginId): Promise<void> {
  const actor = mayEverywhere(caller, "tools:write");
  await changing(desk, actor, async ({ plugins, tools }) => {
    const plugin = await mustFind(plugins, id);
    await requireUnused({ plugins }, plugin, "be removed");
    const { name } = plugin;
    const [tool] = await tools.findByNames([name]);
    if (tool !== undefined && isOf(tool, id)) await tools.remove(tool.id);
    await plugins.remove(id);
  });
}

/** Agents wait for every one of them. */
async function requireFewHooks(plugins: Repositories["plugins"]): Promise<void> {
  const all = await plugins.list({ limit: PLUGINS_MAX, order: "asc" });
  if (all.filter(({ kind }) => kind === "hook").length >= HOOKS_MAX)
    throw new Failure("refused", `An organisation may have ${HOOKS_MAX} hooks at most`);
}

/** A transaction after which hooks are looked up anew. */
async function changing<T>(
  { store, hooks }: PluginDesk,
  actor: Actor,
  work: (repositories: Repositories) => Promise<T>,
): Promise<T> {
  const made = await store.write(actor, work);
  hooks?.changed(actor);
  return made;
}

/** Throws a `conflict` Failure where somebody relies on what the plugin was. */
async function requireReplaceable(
  repositories: Pick<Repositories, "plugins">,
  existing: Plugin,
  { kind, dimensions }: PluginManifest,
): Promise<void> {
  const { name } = existing;
  if (kind !== existing.kind)
    throw new Failure(
      "conflict",
      `There is a plugin '${name}' already, which is a ${existing.kind} and not a ${kind}. Remove it first`,
    );
  if (dimensions !== existing.manifest.dimensions)
    await requireUnused(
      repositories,
      existing,
      `get ${dimensions} dimensions instead of ${existing.manifest.dimensions}`,
    );
}

/** Throws a `conflict` Failure that names what has the plugin for its embedding model: nothing would embed for it then. */
async function requireUnused({ plugins }: Pick<Repositories, "plugins">, plugin: Plugin, what: string): Promise<void> {
  if (plugin.kind !== "embedder") return;
  const uses = await plugins.embeddedBy(embedderHandle(plugin), USES_NAMED_MAX + 1);
  if (uses.length === 0) return;
  const named = uses.slice(0, USES_NAMED_MAX).map(({ kind, id, name }) => `${kind} ${id} (${name})`);
  const more = uses.length > USES_NAMED_MAX ? " and others" : "";
  throw new Failure(
    "conflict",
    `The plugin '${plugin.name}' cannot ${what}: ${named.join(", ")}${more} have it as their embedding model`,
  );
}

/** Whether a tool's code is that plugin. */
function isOf({ sourceType, metadata }: Tool, id: PluginId): boolean {
  return sourceType === PLUGIN_SOURCE && metadata["plugin_id"] === id;
}

/** Throws a `refused` Failure for what the plugin does not want: what is not used should not be granted. */
function requireWanted(wanted: readonly PluginGrant[], grants: readonly PluginGrant[]): void {
  const foreign = grants.find((grant) => !wanted.includes(grant));
  if (foreign !== undefined)
    throw new Failure(
      "refused",
      `The plugin does not ask for '${foreign}'; its manifest wants ${wanted.length === 0 ? "nothing" : wanted.join(", ")}`,
    );
}

/** A tool among the others, by which agents call the plugin. */
async function showTool(
  { clock, random }: PluginDesk,
  actor: Actor,
  { tools }: Pick<Repositories, "tools">,
  { id, name, manifest, hash }: Plugin,
): Promise<void> {
  const [existing] = await tools.findByNames([name]);
  if (existing !== undefined && !isOf(existing, id))
    throw new Failure("conflict", `There is a tool '${name}' already, which is no plugin`);
  const { description } = manifest;
  const parameters = manifest.parameters ?? { type: "object", properties: {} };
  const now = clock.now();
  await tools.upsert({
    id: existing?.id ?? newId("tool", random),
    name,
    toolType: "custom",
    description,
    sourceType: PLUGIN_SOURCE,
    sourceCode: null,
    jsonSchema: { name, description, parameters },
    argsJsonSchema: null,
    tags: existing?.tags ?? [],
    returnCharLimit: existing?.returnCharLimit ?? RETURN_CHARS_DEFAULT,
    pipRequirements: null,
    npmRequirements: null,
    defaultRequiresApproval: existing?.defaultRequiresApproval ?? null,
    enableParallelExecution: true,
    metadata: { ...existing?.metadata, plugin_id: id, tool_hash: hash.slice(0, 12) },
    projectId: null,
    ...madeBy(actor, now),
    ...(existing === undefined ? {} : { createdAt: existing.createdAt, createdById: existing.createdById }),
  });
}
