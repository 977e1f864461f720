import { type Caller, systemFor } from "../access/may.ts";
import { pendingRequest } from "../agent/life/admission.ts";
import type { Store } from "../agent/ports/ports.ts";
import type { ExpiringApproval } from "../agent/run.ts";
import { type Clock, instantOf } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import { createDueWork, type DueWork } from "./chores/due-work.ts";
import type { TurnRequest } from "./step/run-setup.ts";
import { optionsOf } from "./step/run-state.ts";

/** What lists of runs say of a denial that nobody sent, in the words of Letta. */
const METADATA = { run_type: "send_message_async", lettuce: null };
/** How long to wait before an expiry that could not be stored is tried again. */
const RETRY_MS = 5_000;

/** What the expiry of approvals is made of. */
export interface ApprovalExpiryOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Starts a run on behalf of the client that did not answer. */
  readonly start: (caller: Caller, request: TurnRequest) => Promise<unknown>;
  readonly log: (message: string, error: unknown) => void;
}

/**
 * Denies what nobody has approved or denied in the time that the request allowed, in a run of its own in the
 * background, so that the agent goes on.
 */
export function createApprovalExpiry(options: ApprovalExpiryOptions): DueWork {
  const { store, clock, log } = options;
  return createDueWork<ExpiringApproval>({
    clock,
    waiting: (limit) => store.expiringApprovals(limit),
    async work(item) {
      const retryAt = await expire(options, item);
      await store.write(item.actor, ({ runs }) => runs.setApprovalDue(item.runId, retryAt));
    },
    onError: (error) => log("Approvals could not expire", error),
  });
}

/** Denies the request if it is still pending. Gives when to try again, null when there is nothing left to do. */
async function expire({ store, clock, start, log }: ApprovalExpiryOptions, { actor, runId }: ExpiringApproval) {
  try {
    const request = await denial(store, actor, runId);
    if (request !== undefined) await start(systemFor(actor), request);
    return null;
  } catch (error) {
    // Somebody was faster, or the agent is gone: there is nothing to deny any more.
    const isOver = error instanceof Failure && ["refused", "conflict", "not_found"].includes(error.kind);
    if (isOver) return null;
    if (error instanceof Failure && error.kind === "too_many")
      return instantOf(clock.now() + Math.max(RETRY_MS, error.retryAfterMs ?? 0));
    log(`The approval that run ${runId} waits for could not expire`, error);
    return instantOf(clock.now() + RETRY_MS);
  }
}

/** A denial of everything that the run still waits for; undefined when that was answered. */
async function denial(store: Store, actor: ExpiringApproval["actor"], runId: ExpiringApproval["runId"]) {
  const { runs, messages } = store.reader(actor);
  const run = await runs.find(runId);
  if (run === undefined) return undefined;
  const pending = pendingRequest(await messages.context(run.conversationId ?? run.agentId));
  if (pending === undefined || pending.runId !== runId) return undefined;
  const approvals = pending.toolCalls.map((call) => ({
    type: "approval" as const,
    toolCallId: call.id,
    approve: false,
    reason: "Nobody answered in time, so the request expired.",
  }));
  return {
    agentId: run.agentId,
    conversationId: run.conversationId,
    input: { approvals, approvalOtid: null, messages: [] },
    options: { ...optionsOf(run), stream: "none" as const },
    background: true,
    metadata: METADATA,
  };
}
