import { hasImage, type Message } from "../../agent/message.ts";
import { ModelFailure, refusesInput } from "../../llm/failure.ts";
import { firstIndex } from "../compaction/cut.ts";
import { isRecalledUnread, withoutRecalled } from "./recalled-memory.ts";
import { type Attempt, NOTHING_ASIDE, type SetAside } from "./set-aside.ts";
import { type CompactionStats, summaryMessage } from "./summary-message.ts";
import { placeOf, type Turn, type TurnState } from "./turn-state.ts";

// What a provider refuses for what it says would be refused again with every later message, as long as it is sent along.
// So the newest, which no model has answered, goes out of the context with the run that failed. Where something older may
// be to blame, the same step is tried with less before that, and only what it was accepted without stays out.

/**
 * Takes something out of the context after the provider refused what it was sent, so that the same step can be tried once
 * more; false when it failed for something else, or nothing but the input of the run itself is left to be taken out. Then
 * the context is as it was.
 */
export async function leaveOut(turn: Turn, state: TurnState, failure: unknown): Promise<boolean> {
  const { refusal } = state;
  const isRefused = failure instanceof ModelFailure && refusesInput(failure) && !turn.signal.aborted;
  const left = isRefused ? (refusal?.left ?? (await attemptsFor(turn, state, failure))) : [];
  const [next, ...later] = left;
  if (next === undefined) {
    if (refusal !== null) state.context = refusal.context;
    state.aside = NOTHING_ASIDE;
    return false;
  }
  if (isRefused) state.refusal = { failure, context: state.context, ...refusal, left: later };
  state.context = next.context;
  state.aside = next.aside;
  if (!next.recalls) withoutRecalled(turn);
  return true;
}

/** What came with a run, or was made by it, and what no model has answered. */
export function ownInput(state: TurnState): readonly Message[] {
  return standing(state).own;
}

/** What goes out with a run whose request was refused. */
export function ownAside(state: TurnState): SetAside {
  const refused = ownInput(state).map((message) => ({ id: message.id, isKept: isAnswer(message) }));
  return { refused, beginning: null };
}

/** A context seen from the run that is at work on it. */
interface Standing {
  /** What a model said last; undefined when nothing of it is in the context. */
  readonly said: Message | undefined;
  /** Not answered yet, and sent to this run or made by it. */
  readonly own: readonly Message[];
  /** Not answered yet either, but left by earlier runs. */
  readonly strays: readonly Message[];
}

/** Divides what no model has answered yet by whose it is. A summary is neither: it stands for what was answered. */
function standing({ context, run }: Pick<TurnState, "context" | "run">): Standing {
  const at = context.findLastIndex(isSaid);
  const said = context[at];
  const after = context.slice(said === undefined ? firstIndex(context) : at + 1);
  const newest = after.filter(({ role }) => role !== "summary");
  return {
    said,
    own: newest.filter(({ runId }) => runId === run.id),
    strays: newest.filter(({ runId }) => runId !== run.id),
  };
}

/** Whether a model said it: a client may have put words into its mouth, which then have an otid. */
function isSaid({ role, otid, toolCalls }: Message): boolean {
  return toolCalls.length > 0 || (role === "assistant" && otid === null);
}

/** Answers to calls stay where they are, or the calls would be open again. */
function isAnswer({ toolReturns, approvals }: Message): boolean {
  return toolReturns.length > 0 || approvals.length > 0;
}

/**
 * What to try, one after the other: the same once more, as some refusals pass; without what memory recalled; without
 * what earlier runs left unanswered; then also without the reply before, which the provider was never sent. Where it is
 * in doubt whether this provider ever took the rest, also without images, and without all that came before. At most seven.
 */
async function attemptsFor(turn: Turn, state: TurnState, failure: ModelFailure): Promise<readonly Attempt[]> {
  const isTooLong = failure.type === "llm_context_window_exceeded";
  const { said, own } = standing(state);
  const whole: Attempt = { context: state.context, aside: NOTHING_ASIDE, recalls: true };
  // What is too long as a whole has been compacted before.
  const isDoubtful = !isTooLong && (await isInDoubt(turn, said, own[0]));
  // A model that declines to answer has read what it was sent, and is not asked again before it declines what comes next.
  if (failure.type === "llm_refusal" && !isDoubtful) return [];
  const attempts = withoutUnread(turn, state, whole);
  if (isDoubtful) attempts.push(...withoutOlder(turn, state, attempts.at(-1) ?? whole));
  return attempts.length === 0 || isTooLong ? attempts : [whole, ...attempts];
}

/**
 * Without what the provider may never have been sent before, but for the input of the run: what memory recalled, which
 * this run goes on without; then what lies between; or the last reply, alone or with all of it.
 */
function withoutUnread(turn: Turn, state: TurnState, whole: Attempt): Attempt[] {
  const { said, own, strays } = standing(state);
  const attempts: Attempt[] = [];
  if (isRecalledUnread(turn, state)) attempts.push({ ...whole, recalls: false });
  if (strays.length > 0) attempts.push({ ...without(whole, strays, isAnswer), recalls: false });
  if (said === undefined || said.runId === state.run.id || own.some((message) => answersTo(message, said)))
    return attempts;
  const withoutReply = (before: Attempt) => without(before, exchangeOf(before.context, said), () => false);
  return [...attempts, ...[whole, ...attempts.slice(-1)].map(withoutReply)];
}

/** Without images, then without anything that came before the input of the run and the calls that it answers. */
function withoutOlder(turn: Turn, state: TurnState, before: Attempt): readonly Attempt[] {
  const { said, own } = standing(state);
  const images = before.context.filter((message) => hasImage(message) && !own.includes(message));
  const shown = images.length === 0 ? [] : [without(before, images, () => true)];
  const isAnswering = said !== undefined && own.some((message) => answersTo(message, said));
  const from = isAnswering ? exchangeOf(state.context, said)[0] : own[0];
  if (from === undefined || before.context.indexOf(from) <= firstIndex(before.context) + 1) return shown;
  return [...shown, beginningAt(turn, state, shown[0] ?? before, from)];
}

/** Whether this provider may never have taken what came before: another answered last, or what was sent last was refused too. */
async function isInDoubt(turn: Turn, said: Message | undefined, first: Message | undefined): Promise<boolean> {
  if (said?.model !== turn.agent.llmConfig.model || first === undefined) return true;
  const page = { limit: 1, order: "desc", after: first.id } as const;
  const [before] = await turn.store.reader(turn.actor).messages.listThread(turn.threadId, {}, page);
  return before?.isError === true;
}

/** What a model said in one reply, with the answers to what it called. */
function exchangeOf(context: readonly Message[], said: Message): readonly Message[] {
  const isBeside = ({ stepId }: Message) => stepId !== null && stepId === said.stepId;
  const reply = context.filter((message) => message === said || (isSaid(message) && isBeside(message)));
  return context.filter((message) => reply.includes(message) || reply.some((row) => answersTo(message, row)));
}

function answersTo({ toolReturns, approvals }: Message, said: Message | undefined): boolean {
  const ids = new Set((said?.toolCalls ?? []).map(({ id }) => id));
  return [...toolReturns, ...approvals].some(({ toolCallId }) => ids.has(toolCallId));
}

/** The same without some messages, or without what may be refused of those that stay. */
function without(before: Attempt, messages: readonly Message[], isKept: (message: Message) => boolean): Attempt {
  const { context, aside } = before;
  const refused = messages.map((message) => ({ id: message.id, isKept: isKept(message) }));
  const fates = new Map(refused.map((one) => [one.id, one]));
  return {
    ...before,
    context: context.flatMap((message) => {
      const fate = fates.get(message.id);
      if (fate === undefined) return [message];
      return fate.isKept ? [{ ...message, isError: true }] : [];
    }),
    aside: { ...aside, refused: [...aside.refused, ...refused] },
  };
}

const BEGUN_ANEW =
  "The model's provider refused requests that held these messages, and it could not be told which of them it was.";

/** The same with a note in place of all that comes between the system message and `from`. */
function beginningAt(turn: Turn, state: TurnState, before: Attempt, from: Message): Attempt {
  const first = firstIndex(before.context);
  const at = before.context.indexOf(from);
  const kept = before.context.slice(at);
  const stats: CompactionStats = {
    trigger: "provider_refused",
    contextTokensBefore: null,
    contextTokensAfter: null,
    contextWindow: turn.agent.llmConfig.contextWindow,
    messagesBefore: before.context.length,
    messagesAfter: first + 1 + kept.length,
  };
  const sources = { clock: turn.clock, random: turn.random, times: turn.timeFormat, zone: turn.agent.timezone };
  const place = { ...placeOf(turn, state, from.stepId), model: null };
  const note = summaryMessage(sources, place, { text: BEGUN_ANEW, evicted: at - first, stats });
  return {
    ...before,
    context: [...before.context.slice(0, first), note, ...kept],
    aside: { ...before.aside, beginning: { firstKept: from.id, note } },
  };
}
