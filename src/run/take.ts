import type { Note, Started } from "../agent/events.ts";
import { mustFind } from "../agent/find.ts";
import { admitInput } from "../agent/life/admission.ts";
import { inputMessages, type TurnInput } from "../agent/new-message.ts";
import type { Readers, Repositories } from "../agent/ports/ports.ts";
import { refreshedContext } from "../agent/prompt/recompile.ts";
import type { Run } from "../agent/run.ts";
import { openCalls } from "../agent/transcript.ts";
import { Failure } from "../core/failure.ts";
import { type Actor, newId, type RunId } from "../core/id.ts";
import { admitLink } from "./among/chain.ts";
import { admitRound } from "./among/round-runs.ts";
import { isOfBatch } from "./batches/of-batch.ts";
import { admitRun } from "./budget/admission.ts";
import type { Payer } from "./budget/budget.ts";
import { earlierRun } from "./earlier-run.ts";
import type { RunLog } from "./log/run-log.ts";
import { requireConversation } from "./step/commit.ts";
import type { RunnerOptions, RunSetup } from "./step/run-setup.ts";
import { freshState, visible } from "./step/run-state.ts";
import { isCompanionRun } from "./step/sleeptime.ts";
import type { TurnState } from "./step/turn-state.ts";

/** What is taken: the run with its log, and its input; null where that was queued with the run. */
export interface Taking {
  readonly run: Run;
  readonly log: RunLog;
  readonly input: TurnInput | null;
}

/**
 * Stores the input and the run; gives the earlier run instead when the same input was taken before. Of a run that somebody
 * watches the first event is stored with it, so that its stream begins at once. Where nobody does, what is told of the
 * start waits for the first commit: a message that is answered in one step is then one row of events.
 */
export async function take(
  options: RunnerOptions,
  { actor, setup }: { readonly actor: Actor; readonly setup: RunSetup },
  { run, log, input: given }: Taking,
): Promise<TurnState | RunId> {
  const isWatched = setup.options.stream !== "none" || run.background;
  const entry = log.begin();
  let told: readonly (Started | Note)[] = [];
  const state = await options.store.write(actor, async (repositories): Promise<TurnState | RunId> => {
    const input = given ?? (await queuedInput(repositories, run.id));
    // Each request of a batch is one of its own, and was stored before it began.
    const earlier = isOfBatch(run) ? undefined : await earlierRun(repositories, setup, input);
    if (earlier !== undefined) return earlier;
    const payer = { actor, agentId: setup.agent.id, isBackground: isCompanionRun(run) };
    const admitted = await admit(options, setup, { run, input, payer }, repositories);
    told = [{ kind: "started", runId: run.id, at: options.world.clock.now() }, ...answersIn(input)];
    if (isWatched) await entry.append(repositories, told);
    return admitted;
  });
  if (typeof state === "string") {
    entry.rolledBack();
    return state;
  }
  entry.committed();
  // Whoever sent it waits for the end. A crash before the first step leaves what the run's own rows tell.
  if (!isWatched) for (const event of told) log.note(event);
  return state;
}

/** What is told of an input that answers a request for approval. */
function answersIn({ approvals }: TurnInput): readonly Note[] {
  if (approvals.length === 0) return [];
  const answers = approvals.map((given) => {
    const verdict = given.type === "tool" ? "returned" : given.approve ? "approved" : "denied";
    return { call: given.toolCallId, verdict } as const;
  });
  return [{ kind: "approval.answered", answers }];
}

/** What a queued run begins with, read where it begins: until then more may be added to it. */
async function queuedInput({ runs }: Readers, runId: RunId): Promise<TurnInput> {
  const queued = await runs.findQueued({ runId });
  if (queued === undefined) throw new Failure("refused", `Run ${runId} does not wait to begin`);
  return queued.input;
}

/** Checks that the conversation is free and the input fits it, then stores both the input and the run. */
async function admit(
  { world, timeFormat, budget }: RunnerOptions,
  setup: RunSetup,
  { run, input, payer }: { readonly run: Run; readonly input: TurnInput; readonly payer: Payer },
  repositories: Repositories,
): Promise<TurnState> {
  const { agent, threadId, conversationId } = setup;
  const busy = await repositories.runs.active(agent.id, conversationId);
  if (busy !== undefined) {
    const text = `CONFLICT: Cannot send a new message: Another request (run_id=${busy}) is currently being processed for this conversation. Please wait for it to end, or cancel it.`;
    throw new Failure("conflict", text, { info: { run_id: busy } });
  }
  const { prices } = budget;
  await admitRun(repositories, { payer, config: agent.llmConfig, prices, now: world.clock.now() });
  const stored = await repositories.messages.context(threadId);
  // A context goes with its agent and its conversation: where there is one, both are there.
  if (stored.length === 0) {
    await mustFind(repositories.agents, agent.id);
    await requireConversation(conversationId, repositories);
  }
  const context = visible(agent, await refreshedContext(repositories, agent, { context: stored, times: timeFormat }));
  const { input: fitting, replaced } = admitInput(context, input);
  const stepId = newId("step", world.random);
  const place = { agentId: agent.id, conversationId, runId: run.id, stepId, model: null };
  const messages = inputMessages(world, place, fitting).map((message) => ({
    ...message,
    groupId: message.groupId ?? setup.groupId,
  }));
  if (run.status === "created") await repositories.runs.begin(run.id);
  else {
    await admitLink(repositories.runs, run);
    await admitRound(repositories, run);
    await repositories.runs.insert(run);
  }
  await repositories.messages.supersede(
    threadId,
    replaced.map((message) => message.id),
  );
  await repositories.messages.append(threadId, messages);
  if (conversationId !== null) await repositories.conversations.touch(conversationId);
  const taken = [...context.filter((message) => !replaced.includes(message)), ...messages];
  // What this input is the first to decide has not been begun. Of all else that is open an earlier run may know more.
  const isDecision = fitting.approvals.length > 0 && replaced.every((message) => message.approvals.length === 0);
  return {
    ...freshState({ ...run, status: "running" }),
    context: taken,
    isPlaced: true,
    nextStepId: stepId,
    doubted: new Set(isDecision ? [] : openCalls(taken).map((call) => call.id)),
  };
}
