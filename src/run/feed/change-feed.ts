import { type Caller, may } from "../../access/may.ts";
import type { Scope } from "../../access/role.ts";
import type { ChangeKind, NumberedChange } from "../../agent/ports/changes.ts";
import type { Store } from "../../agent/ports/ports.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { Actor } from "../../core/id.ts";
import type { ChangeHub } from "./change-hub.ts";

/** Changes that a page holds at most. */
export const CHANGES_PAGE_MAX = 1_000;
/** Changes that a stream reads at once. */
const READ_AT_ONCE = 200;

/** A part of the feed, as its reader may see it. */
export interface ChangePage {
  readonly changes: readonly NumberedChange[];
  /** Where the next part begins: the number of the last change that was looked at. */
  readonly through: number;
  readonly hasMore: boolean;
}

/** What a stream of changes gives: a part of the feed, empty as a sign of life; `isReset` says that changes before it are not kept. */
export interface ChangeBatch extends Omit<ChangePage, "hasMore"> {
  readonly isReset: boolean;
}

/** What the feed is read from. */
export interface ChangeFeedOptions {
  readonly store: Store;
  readonly hub: ChangeHub;
  readonly clock: Clock;
}

/** Where to begin: after this number, or with what happens from now on (null). */
export interface FeedFrom {
  readonly after: number | null;
  readonly limit: number;
}

/**
 * A page of what has changed, and may be seen by the caller. Throws a `gone` Failure with the newest number when changes
 * after `after` are not kept any more, or never were: everything has to be read anew then.
 */
export async function readChanges(
  options: ChangeFeedOptions,
  caller: Caller,
  { after, limit }: FeedFrom,
): Promise<ChangePage> {
  const { store } = options;
  const actor = await beginToListen(options, caller);
  const reader = store.reader(actor);
  const kept = await reader.changes.kept();
  const from = after ?? kept.last;
  if (from < kept.after || from > kept.last) throw outOfReach(from, kept.last);
  const read = await reader.changes.after(from, Math.min(limit, CHANGES_PAGE_MAX));
  const through = read.at(-1)?.number ?? from;
  return { changes: await visible({ store, actor }, caller, read), through, hasMore: through < kept.last };
}

/** Somebody listens from now on: the runs that are at work are told of, and each that begins. */
async function beginToListen({ store, hub }: ChangeFeedOptions, caller: Caller): Promise<Actor> {
  const actor = may(caller, "agents:read");
  if (!hub.hear(actor.organizationId)) await store.write(actor, ({ changes }) => changes.tellRunning());
  return actor;
}

function outOfReach(from: number, last: number): Failure {
  const text = `The changes after ${from} are not kept. Read everything anew, then go on with after=${last}`;
  return new Failure("gone", text, { info: { last } });
}

/**
 * What changes, as it becomes durable, until the signal aborts. After `idleMs` without a change a batch is empty. Where
 * changes are not kept that the reader has not had, it goes on behind them and says so.
 */
export async function* followChanges(
  options: ChangeFeedOptions,
  caller: Caller,
  { after, idleMs, signal }: { readonly after: number | null; readonly idleMs: number; readonly signal: AbortSignal },
): AsyncGenerator<ChangeBatch, void, undefined> {
  const { store, hub, clock } = options;
  const actor = may(caller, "agents:read");
  const { changes } = store.reader(actor);
  // Before anything is told because somebody listens: that is for them.
  const kept = await changes.kept();
  const isLost = after !== null && (after < kept.after || after > kept.last);
  let through = after === null || isLost ? kept.last : after;
  yield { changes: [], through, isReset: isLost };
  let quietSinceMs = clock.elapsedMs();
  while (!signal.aborted) {
    await beginToListen(options, caller);
    const count = hub.count();
    const read = await changes.after(through, READ_AT_ONCE);
    // They have no gaps: what is missing was removed while this reader was slow.
    const isReset = read[0] !== undefined && read[0].number !== through + 1;
    through = read.at(-1)?.number ?? through;
    const seen = await visible({ store, actor }, caller, read);
    if (seen.length > 0) await store.durable();
    // What the caller may not hear of does not even show as a sign of life.
    const isQuiet = seen.length === 0 && !isReset && clock.elapsedMs() - quietSinceMs < idleMs;
    if (!isQuiet) {
      yield { changes: seen, through, isReset };
      quietSinceMs = clock.elapsedMs();
    }
    const leftMs = Math.max(1, quietSinceMs + idleMs - clock.elapsedMs());
    if (read.length === 0) await hub.wait(actor.organizationId, count, { ms: leftMs, signal });
  }
}

/** What somebody must be allowed to read to hear of a change. */
const SCOPE_OF: Readonly<Record<string, Scope>> = {
  run: "runs:read",
  approval: "runs:read",
  archive: "memory:read",
  block: "memory:read",
  memory: "memory:read",
  passages: "memory:read",
  key: "access:read",
  limit: "access:read",
  organization: "access:read",
  provider: "access:read",
  user: "access:read",
  webhook: "access:read",
};

/** Those of the changes that the caller may hear of: of what they may read, and of their agents where they have only some. */
async function visible(
  { store, actor }: { readonly store: Store; readonly actor: Actor },
  { scopes, agentIds }: Caller,
  read: readonly NumberedChange[],
): Promise<readonly NumberedChange[]> {
  const allowed = read.filter(({ kind }) => scopes.has(scopeOf(kind)));
  if (agentIds === null) return allowed;
  const loose = allowed.filter(({ agentId }) => agentId === null).map(({ id }) => id);
  const shared = await store.reader(actor).changes.sharedWith(agentIds, loose);
  return allowed.filter(({ agentId, id }) => (agentId === null ? shared.has(id) : agentIds.includes(agentId)));
}

function scopeOf(kind: ChangeKind): Scope {
  return SCOPE_OF[kind.slice(0, kind.indexOf("."))] ?? "agents:read";
}
