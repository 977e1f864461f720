import type { JsonObject } from "../core/json.ts";
import type { RunUsage, TurnError, TurnEvent } from "./events.ts";
import type { Message } from "./message.ts";
import type { Repositories } from "./ports.ts";
import { type Run, type Step, type StopReason, statusOf } from "./run.ts";
import type { Turn, TurnState } from "./turn-state.ts";

/** What one commit adds to a run. */
export interface Change {
  readonly messages: readonly Message[];
  readonly step: Step | null;
  readonly usage: RunUsage;
  readonly calledTools: readonly string[];
  readonly lastAnswer: string | null;
  /** The system message, compiled again; null when memory did not change. */
  readonly system: Message | null;
  readonly stopReason: StopReason | null;
  readonly error: TurnError | null;
  /** Whether the deltas of the reply were passed on already. */
  readonly wasStreamed: boolean;
}

/** A change that adds nothing; the start of others. */
export function noChange(state: TurnState): Change {
  const { usage, calledTools, lastAnswer } = state;
  return { messages: [], step: null, usage, calledTools, lastAnswer, system: null, stopReason: null, error: null, wasStreamed: false };
}

/**
 * Stores what `work` makes, in one transaction together with what it writes itself, then moves `state` on and tells
 * whoever watches. A stop reason ends the run in the same commit.
 */
export async function commit(turn: Turn, state: TurnState, work: (repositories: Repositories) => Promise<Change>): Promise<void> {
  const { change, run } = await turn.store.write(turn.actor, async (repositories) => {
    const made = await work(repositories);
    await repositories.messages.append(turn.threadId, made.messages);
    if (made.step !== null) await repositories.steps.insert(made.step);
    return { change: made, run: await savedRun(turn, state.run, made, repositories) };
  });
  const [head, ...rest] = state.context;
  const before = change.system === null || head === undefined ? state.context : [change.system, ...rest];
  state.run = run;
  state.context = [...before, ...change.messages];
  state.stepsTaken += change.step === null ? 0 : 1;
  state.calledTools = change.calledTools;
  state.lastAnswer = change.lastAnswer;
  state.usage = change.usage;
  state.produced = [...state.produced, ...change.messages];
  state.stopReason = change.stopReason;
  for (const event of eventsOf(change)) turn.emit(event);
}

async function savedRun(turn: Turn, run: Run, change: Change, repositories: Repositories): Promise<Run> {
  const { stopReason, error } = change;
  if (stopReason === null) return run;
  const completedAt = turn.clock.now();
  const totalDurationNs = Math.round((completedAt - run.createdAt) * 1e6);
  const metadata = error === null ? run.metadata : { ...run.metadata, error: errorRecord(run, error) };
  const ended: Run = { ...run, status: statusOf(stopReason), stopReason, completedAt, totalDurationNs, metadata };
  await repositories.runs.save(ended);
  await repositories.agents.noteRun(run.agentId, stopReason);
  return ended;
}

/** What went wrong as clients read it from the run, which is also what its stream ended with. */
export function errorRecord(run: Run, error: TurnError): JsonObject {
  const { type: error_type, message, detail } = error;
  return { message_type: "error_message", run_id: run.id, error_type, message, detail, seq_id: null };
}

function eventsOf(change: Change): readonly TurnEvent[] {
  const { messages, wasStreamed, stopReason, usage, error } = change;
  const said = messages.map((message): TurnEvent => {
    const isReply = message.role === "assistant" || (message.role === "approval" && message.toolCalls.length > 0);
    return { type: "message", message, wasStreamed: wasStreamed && isReply };
  });
  return stopReason === null ? said : [...said, { type: "ended", stopReason, usage, error }];
}
