import { type Caller, may } from "../access/may.ts";
import { mustFind } from "../agent/find.ts";
import type { Store } from "../agent/ports/ports.ts";
import { roundOf } from "../agent/round.ts";
import type { Run } from "../agent/run.ts";
import { Failure } from "../core/failure.ts";
import { type Actor, type AgentId, type ConversationId, parseId, type RunId } from "../core/id.ts";
import { latestInRound } from "./among/round-runs.ts";
import type { Runner } from "./runner.ts";

/** Runs that one cancel request reaches when it names none. */
const CANCELLED_MAX = 100;

/** How often a round may have gone on while its run was being cancelled. */
const ROUND_TRIES_MAX = 10;

/** What cancelling needs. */
export interface CancelOptions {
  readonly store: Store;
  readonly runner: Runner;
}

/** Which runs a request without names means. */
export interface CancelFilter {
  readonly agentId: AgentId;
  /** Absent is every conversation, null the agent's own. */
  readonly conversationId?: ConversationId | null;
}

/**
 * Cancels the runs named, or every run at work that the filter finds; when none is, the latest one, in case it waits
 * for an approval. Tells what became of each.
 */
export async function cancelRuns(
  { store, runner }: CancelOptions,
  caller: Caller,
  { named, ...filter }: CancelFilter & { readonly named: readonly string[] | null },
): Promise<Record<string, string>> {
  const actor = may(caller, "runs:cancel", { agentId: filter.agentId });
  if (named === null || named.length === 0) return cancelLatest({ store, runner }, actor, filter);
  const { runs } = store.reader(actor);
  const entries: [string, string][] = [];
  for (const text of named) {
    const id = parseId("run", text);
    const run = id === undefined ? undefined : await runs.find(id);
    const isCancelled = run?.agentId === filter.agentId && (await cancelWithRound({ store, runner }, actor, run));
    entries.push([text, isCancelled ? "cancelled" : "failed"]);
  }
  return Object.fromEntries(entries);
}

/** Cancels one run, and tells whether there was anything of it to stop. */
export async function cancelRun({ store, runner }: CancelOptions, caller: Caller, id: RunId): Promise<boolean> {
  const actor = may(caller, "runs:cancel");
  return cancelWithRound({ store, runner }, actor, await mustFind(store.reader(actor).runs, id));
}

/**
 * Cancels a run and, of one in the round of a group, the round: the run that it is at by now, and whichever was stored as
 * that one ended.
 */
async function cancelWithRound({ store, runner }: CancelOptions, actor: Actor, run: Run): Promise<boolean> {
  if (roundOf(run) === undefined) return runner.cancel(actor, run.id);
  let isCancelled = false;
  for (let tries = 0; tries < ROUND_TRIES_MAX; tries++) {
    const latest = (await latestInRound(store.reader(actor), run)) ?? run;
    const isStopped = await runner.cancel(actor, latest.id);
    isCancelled ||= isStopped;
    if (latest.completedAt !== null || !isStopped) return isCancelled;
    await runner.ended(actor, latest);
  }
  return isCancelled;
}

/**
 * Without names: all that is at work or waits to begin; else the newest run, which may have ended with a request that
 * is still open. Throws a `conflict` Failure when there is nothing to cancel, as Letta does.
 */
async function cancelLatest(
  { store, runner }: CancelOptions,
  actor: Actor,
  { agentId, ...place }: CancelFilter,
): Promise<Record<string, string>> {
  const filter = { agentIds: [agentId], ...place };
  const { runs } = store.reader(actor);
  const newest = (limit: number) => ({ limit, order: "desc" }) as const;
  const active = await runs.list({ ...filter, statuses: ["created", "running"] }, newest(CANCELLED_MAX));
  const ids = (active.length > 0 ? active : await runs.list(filter, newest(1))).map((run) => run.id);
  const cancelled = await Promise.all(
    ids.map(async (id): Promise<[RunId, boolean]> => [id, await runner.cancel(actor, id)]),
  );
  if (active.length === 0 && !cancelled.some(([, isCancelled]) => isCancelled))
    throw new Failure("conflict", "CONFLICT: No active runs found to cancel");
  return Object.fromEntries(cancelled.map(([id, isCancelled]) => [id, isCancelled ? "cancelled" : "failed"]));
}
