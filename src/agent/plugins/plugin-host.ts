import type { Json, JsonObject } from "../../core/json.ts";
import type { Plugin, PluginManifest } from "./plugin.ts";

/** Code that somebody brings. */
export type PluginCode = Pick<Plugin, "language"> & { readonly code: string };

/** What a plugin asks for while it is called. Rejects with words for it. */
export type PluginAnswers = {
  /** A value of the environment that the call has; null when there is none of the name. */
  secret(name: string): Promise<string | null>;
  /** What its agent remembers about some words. */
  recall(query: string, limit: number): Promise<Json>;
};

/** One call of a plugin. */
export interface PluginCall {
  readonly plugin: Plugin;
  readonly code: string;
  /** What it is told, as its kind is told it. */
  readonly input: JsonObject;
  readonly answers: PluginAnswers;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** One call of an embedder. */
export interface EmbedCall extends Pick<PluginCall, "plugin" | "timeoutMs" | "signal"> {
  /** What it runs, which is read only where it does not run yet. */
  readonly code: () => Promise<string>;
  readonly texts: readonly string[];
}

/** What came of a call: a value, an error in words, or nothing that is known. */
export type PluginAnswer =
  | { readonly kind: "value"; readonly value: Json }
  | { readonly kind: "error"; readonly reason: string }
  | { readonly kind: "unknown"; readonly reason: string };

/** Where plugins run. */
export interface PluginHost {
  /**
   * Looks into the code, has it say what it is, and gives the code as it is to be kept. Throws a `refused` Failure for code
   * that cannot be taken, and an `unavailable` one where nothing runs.
   */
  examine(code: PluginCode): Promise<{ readonly manifest: PluginManifest; readonly code: string }>;
  /** Calls a plugin afresh: nothing is left of the call before. Never rejects. */
  call(call: PluginCall): Promise<PluginAnswer>;
  /**
   * Has an embedder, which may be the one of the call before, give a vector for each text, of as many numbers as its
   * manifest says. What they are is not looked at. Throws a Failure when it does not.
   */
  embed(call: EmbedCall): Promise<readonly Float32Array[]>;
}
