import { type Caller, may } from "../access/may.ts";
import { mustFind } from "../agent/find.ts";
import type { Store } from "../agent/ports/ports.ts";
import type { Run } from "../agent/run.ts";
import type { Clock } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import type { Actor, RunId } from "../core/id.ts";
import type { TurnRequest } from "./step/run-setup.ts";

/** How long the run of an otid is waited for, each time longer: its request may still be on its way. */
const OTID_WAITS_MS: readonly number[] = [250, 500, 1_000];

/** Which run of a conversation somebody wants to follow: one by its id, one by an otid of its input, or the one at work. */
export interface FollowWish extends Pick<TurnRequest, "agentId" | "conversationId"> {
  readonly runId: RunId | undefined;
  readonly otid: string | undefined;
  /** Aborts when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** The run that a stream is to be taken up of, or a Failure that says why there is none. */
export async function runToFollow(
  by: { readonly store: Store; readonly clock: Clock },
  caller: Caller,
  wish: FollowWish,
): Promise<Run> {
  const actor = may(caller, "runs:read", { agentId: wish.agentId });
  const { runs } = by.store.reader(actor);
  const id = wish.runId ?? (wish.otid === undefined ? undefined : await runOfOtid(by, actor, wish, wish.otid));
  if (id !== undefined) return mustFind(runs, id, `Run with id '${id}' not found`);
  const filter = { agentIds: [wish.agentId], conversationId: wish.conversationId };
  const page = { limit: 1, order: "desc" } as const;
  const [newest] = await runs.list({ ...filter, statuses: ["created", "running"] }, page);
  if (newest !== undefined) return newest;
  throw new Failure("refused", "INVALID_ARGUMENT: No active runs found for this conversation.");
}

/**
 * The newest run that took a message of this otid. Waits for almost two seconds: a client that lost its connection asks
 * for the stream while its message is still on the way. Throws `not_found` when none has come by then.
 */
async function runOfOtid(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  actor: Actor,
  { agentId, conversationId, signal }: FollowWish,
  otid: string,
): Promise<RunId> {
  for (const waitMs of [0, ...OTID_WAITS_MS]) {
    if (waitMs > 0) await clock.sleep(waitMs, signal);
    const [id] = await store.reader(actor).messages.runsOfOtid(agentId, conversationId, otid, 1);
    if (id !== undefined) return id;
  }
  throw new Failure("not_found", `No run was started by a message with otid '${otid.slice(0, 100)}'`);
}
