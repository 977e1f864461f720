import { everywhere } from "../../access/may.ts";
import { Failure } from "../../core/failure.ts";
import type { Actor } from "../../core/id.ts";
import type { World } from "../../core/world.ts";
import { CALL_LIMITS } from "../../llm/call/limits.ts";
import { createEmbedder } from "../../llm/call/provider-embedder.ts";
import { ownEmbeddingInfo } from "../../llm/catalog.ts";
import type { EmbeddingConfig, EmbeddingInfo } from "../../llm/config.ts";
import type { Models } from "../../llm/models.ts";
import type { Store } from "../ports/ports.ts";
import { PLUGINS_MAX, type Plugin } from "./plugin.ts";
import type { PluginHost } from "./plugin-host.ts";

/** What a plugin's handle begins with. */
const PROVIDER = "plugin";
/** How long an embedder may take for one batch of texts. */
const EMBED_MS_MAX = 30_000;
/** It is on this machine: what fails will fail again, and what is owed is tried later. */
const LIMITS = { ...CALL_LIMITS, retriesMax: 0 };

/** What plugins that embed need. */
export interface PluginEmbeddersOptions {
  readonly store: Store;
  readonly pluginHost: PluginHost;
  readonly world: Pick<World, "clock" | "random">;
}

/** The handle by which an embedder is named. */
export function embedderHandle({ name }: Pick<Plugin, "name">): string {
  return `${PROVIDER}/${name}`;
}

/** Whether a handle names a plugin, which each organisation has or has not. */
export function isPluginHandle(handle: string): boolean {
  return nameIn(handle) !== undefined;
}

/** The models, with those embedding models that are plugins of the organisation that asks. */
export function withPluginEmbedders(models: Models, options: PluginEmbeddersOptions): Models {
  const { store } = options;
  return {
    of: (actor) => models.of(actor),

    async listEmbeddings(actor) {
      const listed = await models.listEmbeddings(actor);
      if (actor === null) return listed;
      const all = await store.reader(everywhere(actor)).plugins.list({ limit: PLUGINS_MAX, order: "asc" });
      return [...listed, ...all.filter(({ kind, isEnabled }) => kind === "embedder" && isEnabled).map(infoOf)];
    },

    async findEmbedding(handle, actor) {
      const name = nameIn(handle);
      if (name === undefined) return models.findEmbedding(handle, actor);
      const plugin = actor === null ? undefined : await store.reader(everywhere(actor)).plugins.findByName(name);
      return plugin?.kind === "embedder" ? infoOf(plugin) : undefined;
    },

    openEmbedder(config, actor) {
      const name = nameIn(config.handle ?? "");
      if (name === undefined || actor === null) return models.openEmbedder(config, actor);
      return createEmbedder({
        ...options,
        handle: `${PROVIDER}/${name}`,
        config,
        textsMax: undefined,
        provider: { title: "The plugin", secrets: [] },
        limits: LIMITS,
        ask: (texts, signal) => vectorsOf(options, { actor, name, config, texts, signal }),
      });
    },
  };
}

interface Asked {
  readonly actor: Actor;
  readonly name: string;
  readonly config: EmbeddingConfig;
  readonly texts: readonly string[];
  readonly signal: AbortSignal;
}

/** What is wrong with the plugin is told each time, as of a provider that is down: it may be there again. */
async function vectorsOf(
  { store, pluginHost }: PluginEmbeddersOptions,
  { actor, name, config, texts, signal }: Asked,
): Promise<readonly Float32Array[]> {
  const { plugins } = store.reader(everywhere(actor));
  const plugin = await plugins.findByName(name);
  if (plugin?.kind !== "embedder") throw new Failure("unavailable", `There is no plugin '${name}' that embeds`);
  if (!plugin.isEnabled) throw new Failure("unavailable", `The plugin '${name}' is switched off`);
  const { dimensions } = plugin.manifest;
  if (dimensions !== config.embeddingDim)
    throw new Failure(
      "refused",
      `The plugin '${name}' gives vectors of ${dimensions} numbers; ${config.embeddingDim} are wanted`,
    );
  const code = async () => (await plugins.codeOf(plugin.id)) ?? "";
  return pluginHost.embed({ plugin, code, texts, timeoutMs: EMBED_MS_MAX, signal });
}

/** The plugin that a handle names; undefined for one of a provider. */
function nameIn(handle: string): string | undefined {
  return handle.startsWith(`${PROVIDER}/`) ? handle.slice(PROVIDER.length + 1) : undefined;
}

function infoOf({ name, manifest }: Plugin): EmbeddingInfo {
  return ownEmbeddingInfo({ provider: PROVIDER, model: name, dimensions: manifest.dimensions ?? 0 });
}
