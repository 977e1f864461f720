import type { Authorship } from "../../core/authorship.ts";
import type { AgentId, Id, StepId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Page } from "../../core/page.ts";

/** Plugins of one organisation. */
export const PLUGINS_MAX = 100;

/** What a plugin can be. */
export const PLUGIN_KINDS = ["tool", "embedder", "hook", "source"] as const;

/** One of {@link PLUGIN_KINDS}. */
export type PluginKind = (typeof PLUGIN_KINDS)[number];

/** What a plugin may ask the server for. */
export const PLUGIN_GRANTS = ["log", "fetch", "secret", "recall"] as const;

/** One of {@link PLUGIN_GRANTS}. */
export type PluginGrant = (typeof PLUGIN_GRANTS)[number];

/** What each kind may ask for: an agent, whose secrets and memory it could be, is there for tools alone. */
export const GRANTS_OF: Readonly<Record<PluginKind, readonly PluginGrant[]>> = {
  tool: PLUGIN_GRANTS,
  embedder: ["log", "fetch"],
  hook: ["log", "fetch"],
  source: ["log", "fetch"],
};

/** What a hook may be told of. */
export const HOOK_EVENTS = ["before_model", "after_step", "memory_write"] as const;

/** One of {@link HOOK_EVENTS}. */
export type HookEvent = (typeof HOOK_EVENTS)[number];

/** Names a plugin. */
export type PluginId = Id<"plugin">;

/** What a plugin says of itself. */
export interface PluginManifest {
  readonly kind: PluginKind;
  /** Of a tool, what models call it by; of an embedder, what stands behind `plugin/` in its handle. */
  readonly name: string;
  readonly description: string | null;
  /** What it wants to be allowed. */
  readonly grants: readonly PluginGrant[];
  /** Hosts that it wants to fetch from. */
  readonly network: readonly string[];
  /** Of a tool: the schema of its arguments. */
  readonly parameters: JsonObject | null;
  /** Of an embedder: how many numbers its vectors have. */
  readonly dimensions: number | null;
  /** Of a hook: what it is told of. */
  readonly events: readonly HookEvent[];
  /** Of a hook: what happens where it fails; to go on, `allow`, when absent. */
  readonly onFailure?: "allow" | "refuse";
  /** Of a hook: an agent must have one of these tags; any agent where it names none. */
  readonly tags?: readonly string[];
}

/** A plugin as an organisation has it. Its code is kept beside it. */
export interface Plugin extends Authorship {
  readonly id: PluginId;
  readonly name: string;
  readonly kind: PluginKind;
  readonly language: "wasm" | "typescript";
  readonly manifest: PluginManifest;
  /** What of its wishes was granted. */
  readonly grants: readonly PluginGrant[];
  readonly isEnabled: boolean;
  /** The digest of its code. */
  readonly hash: string;
}

/** What uses a plugin. */
export interface PluginUse {
  readonly kind: "agent" | "archive" | "folder";
  readonly id: string;
  readonly name: string;
}

/** The plugins of one organisation. */
export interface PluginStore {
  find(id: PluginId): Promise<Plugin | undefined>;
  findByName(name: string): Promise<Plugin | undefined>;
  /** What it runs: TypeScript as it was written, WebAssembly in base64. Undefined when there is none of the id. */
  codeOf(id: PluginId): Promise<string | undefined>;
  list(page: Page): Promise<readonly Plugin[]>;
  count(): Promise<number>;
  /** Up to so many of what has the embedding model of this handle. */
  embeddedBy(handle: string, limit: number): Promise<readonly PluginUse[]>;
  /** Inserts the plugin. Throws a `conflict` Failure when there is one of its name. */
  insert(plugin: Plugin, code: string): Promise<void>;
  /** Replaces the plugin, and its code where that is given; throws a `not_found` Failure when there is none of its id. */
  save(plugin: Plugin, code?: string): Promise<void>;
  /** Removes the plugin; throws a `not_found` Failure when there is none. */
  remove(id: PluginId): Promise<void>;
}

/** The newest steps of an agent of which plugins are still to be told; older ones are not told any more. */
export const NOTICES_MAX = 1_000;

/** Steps of which plugins are still to be told. */
export interface NoticeStore {
  /** Notes a step, and forgets those beyond {@link NOTICES_MAX}. */
  add(agentId: AgentId, stepId: StepId): Promise<void>;
  /** The step that waits longest. */
  oldest(agentId: AgentId): Promise<StepId | undefined>;
  remove(agentId: AgentId, stepId: StepId): Promise<void>;
}

/** The part of a {@link NoticeStore} that only reads. */
export type NoticeReader = Pick<NoticeStore, "oldest">;

/** The part of a {@link PluginStore} that only reads. */
export type PluginReader = Pick<PluginStore, "find" | "findByName" | "codeOf" | "list" | "count" | "embeddedBy">;
