import { everywhere } from "../../access/may.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { Actor, AgentId } from "../../core/id.ts";
import { isRecord, type Json, type JsonObject } from "../../core/json.ts";
import { cut } from "../../core/text.ts";
import { createDeadline } from "../../llm/call/deadline.ts";
import type { Store } from "../ports/ports.ts";
import { type HookEvent, PLUGINS_MAX, type Plugin, type PluginManifest } from "./plugin.ts";
import type { PluginAnswers, PluginHost } from "./plugin-host.ts";

/** How long a hook may take, its process included: an agent waits for it. */
const HOOK_MS_MAX = 5_000;
/** Characters of the note that a hook adds, and of the reason why it refuses. */
const NOTE_CHARS_MAX = 2_000;
const REASON_CHARS_MAX = 500;
/** Organisations whose hooks are known. */
const KNOWN_MAX = 10_000;

/** What a hook wants: nothing, a note beside what the model is told, an end, or other arguments. */
export type HookVerdict =
  | { readonly kind: "nothing" }
  | { readonly kind: "note"; readonly note: string }
  | { readonly kind: "refuse"; readonly reason: string }
  | { readonly kind: "arguments"; readonly args: JsonObject };

/** Whose hooks are asked for, and for which of their agents. */
export interface HookPlace {
  readonly actor: Actor;
  readonly agentId: AgentId;
  readonly event: HookEvent;
}

/** The plugins that are asked or told while agents are at work. */
export interface Hooks {
  /** Those that hear of an event, oldest first. Asks the store only until it is known which hooks there are. */
  of(place: HookPlace): Promise<readonly Plugin[]>;
  /** Asks a hook. One that fails or is late is taken as its manifest says; rejects only where the signal aborted. */
  ask(
    hook: Plugin,
    asked: { readonly actor: Actor; readonly input: JsonObject; readonly signal: AbortSignal },
  ): Promise<HookVerdict>;
  /** Forgets which hooks an organisation has: call after the commit that changed them. */
  changed(actor: Actor): void;
}

/** What hooks need. */
export interface HooksOptions {
  readonly store: Store;
  readonly pluginHost: PluginHost;
  readonly clock: Clock;
  readonly log: (message: string) => void;
}

/** No agent's secrets or memory are a hook's. */
const NO_ANSWERS: PluginAnswers = { secret: async () => null, recall: async () => [] };

/** The one {@link Hooks}. */
export function createHooks({ store, pluginHost, clock, log }: HooksOptions): Hooks {
  const known = new Map<string, readonly Plugin[]>();
  let changes = 0;

  async function all(actor: Actor): Promise<readonly Plugin[]> {
    const { organizationId } = actor;
    const found = known.get(organizationId);
    if (found !== undefined) return found;
    const before = changes;
    const plugins = await store.reader(everywhere(actor)).plugins.list({ limit: PLUGINS_MAX, order: "asc" });
    const hooks = plugins.filter(({ kind, isEnabled }) => kind === "hook" && isEnabled);
    if (known.size >= KNOWN_MAX) known.clear();
    // What was read before a change must not be kept after it.
    if (changes === before) known.set(organizationId, hooks);
    return hooks;
  }

  return {
    async of({ actor, agentId, event }) {
      const hooks = (await all(actor)).filter(({ manifest }) => manifest.events.includes(event));
      if (hooks.every(({ manifest }) => tagsOf(manifest).length === 0)) return hooks;
      const tags = (await store.reader(actor).agents.tagsOf([agentId])).get(agentId) ?? [];
      return hooks.filter(({ manifest }) => {
        const wanted = tagsOf(manifest);
        return wanted.length === 0 || wanted.some((tag) => tags.includes(tag));
      });
    },

    async ask(hook, { actor, input, signal }) {
      const deadline = createDeadline(clock, signal, HOOK_MS_MAX);
      deadline.arm("first", HOOK_MS_MAX);
      try {
        const code = (await store.reader(everywhere(actor)).plugins.codeOf(hook.id)) ?? "";
        const call = {
          plugin: hook,
          code,
          input,
          answers: NO_ANSWERS,
          timeoutMs: HOOK_MS_MAX,
          signal: deadline.signal,
        };
        const answer = await deadline.race(pluginHost.call(call));
        if (answer.kind !== "value") throw new Failure("unavailable", answer.reason);
        return verdictOf(answer.value);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const said = error instanceof Error ? error.message : String(error);
        const reason = deadline.timedOut() === undefined ? said : `it took more than ${HOOK_MS_MAX / 1000} seconds`;
        log(`The hook '${hook.name}' failed: ${cut(reason, REASON_CHARS_MAX)}`);
        return afterFailure(hook, reason);
      } finally {
        deadline.end();
      }
    },

    changed({ organizationId }) {
      changes++;
      known.delete(organizationId);
    },
  };
}

/** What the manifest says about it: an agent goes on without the hook, or does not do what that was asked about. */
function afterFailure({ manifest }: Plugin, reason: string): HookVerdict {
  if (manifest.onFailure !== "refuse") return { kind: "nothing" };
  return { kind: "refuse", reason: cut(`it failed: ${reason}`, REASON_CHARS_MAX) };
}

function tagsOf({ tags = [] }: PluginManifest): readonly string[] {
  return tags;
}

/** A hook answers null or an object with one of `note`, `refuse` and `arguments`; anything else is a failure of it. */
function verdictOf(value: Json): HookVerdict {
  if (value === null) return { kind: "nothing" };
  if (!isRecord(value)) throw new Failure("refused", "it answered no object");
  const { note, refuse, arguments: args } = value;
  if (typeof refuse === "string") return { kind: "refuse", reason: cut(refuse.toWellFormed(), REASON_CHARS_MAX) };
  if (typeof note === "string") return { kind: "note", note: cut(note.toWellFormed(), NOTE_CHARS_MAX) };
  if (isRecord(args)) return { kind: "arguments", args: JSON.parse(JSON.stringify(args)) };
  const unknown = Object.keys(value)[0];
  if (unknown !== undefined) throw new Failure("refused", `it answered '${cut(unknown, 50)}', which means nothing`);
  return { kind: "nothing" };
}
