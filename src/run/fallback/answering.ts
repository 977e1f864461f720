import type { StepTry } from "../../agent/manifest.ts";
import { Failure } from "../../core/failure.ts";
import { cut } from "../../core/text.ts";
import { askedHandle } from "../../llm/catalog.ts";
import { ModelFailure, type ModelFailureType } from "../../llm/failure.ts";
import type { Turn, TurnState } from "../step/turn-state.ts";

/** Characters of a failure's account that are kept with a step. */
const MESSAGE_CHARS_MAX = 500;

/**
 * Failures that are the provider's and not the request's: it is down, does not answer in time, has had enough, or does not
 * serve this account or model. What a model refuses to read or to say, no other is asked for.
 */
const OUTAGES: ReadonlySet<ModelFailureType> = new Set([
  "llm_error",
  "llm_timeout",
  "llm_rate_limit",
  "llm_empty_response",
  "llm_insufficient_credits",
  "llm_authentication",
  "llm_permission_denied",
  "llm_not_found",
]);

/** Whether another model may be asked, as nothing is wrong with what was asked. A provider that is gone says so by itself. */
function isOutage(failure: unknown): boolean {
  if (failure instanceof ModelFailure) return OUTAGES.has(failure.type);
  return failure instanceof Failure && (failure.kind === "refused" || failure.kind === "unavailable");
}

/**
 * The turn as the model takes it that is to answer now: the run's own, or the first of its chain that has not failed in
 * this step, those that failed a moment ago last. Undefined when none is left.
 */
export async function answeringTurn(turn: Turn, state: TurnState): Promise<Turn | undefined> {
  const { fallbacks } = turn;
  if (fallbacks.handles.length === 0) return turn;
  const untried = untriedOf(turn, state);
  const fit = untried.filter((handle) => outageOf(turn, handle) === undefined);
  for (const handle of [...fit, ...untried.filter((each) => !fit.includes(each))]) {
    const taken = handle === handleOf(turn) ? turn : await turnBy(turn, handle);
    if (taken === undefined) {
      const message = "It is not configured, or may not be used here";
      noteTry(state, { model: handle, why: "llm_not_found", message, failure: undefined });
      continue;
    }
    state.passedOver = passedOverBefore(turn, state, handle);
    return taken;
  }
  return undefined;
}

/**
 * Notes that a model did not answer. Whether another one is to be asked: for what the run's own model failed with only
 * where that is its provider's fault; of the others any failure says no more than that they cannot stand in.
 */
export function passOn(turn: Turn, state: TurnState, { answering, failure }: FailedAnswer): boolean {
  if (turn.fallbacks.handles.length === 0) return false;
  const isOwn = answering === turn;
  if (!(isOwn ? isOutage(failure) : failure instanceof Failure)) return false;
  const handle = handleOf(answering);
  const told = { why: whyOf(failure), message: accountOf(failure) };
  if (isOutage(failure)) turn.fallbacks.outages.began(placeOf(turn, handle), told);
  noteTry(state, { model: handle, ...told, failure });
  return untriedOf(turn, state).length > 0;
}

/** A call that failed, and the turn as its model took it. */
interface FailedAnswer {
  readonly answering: Turn;
  readonly failure: unknown;
}

/** Notes that a model answers. */
export function noteAnswer(turn: Turn, answering: Turn): void {
  if (turn.fallbacks.handles.length > 0) turn.fallbacks.outages.ended(placeOf(turn, handleOf(answering)));
}

/** What the step failed with in the end: what the run's own model did, where it was asked. */
export function failureOfOwn(turn: Turn, { tries }: TurnState, failure?: unknown): unknown {
  const own = tries.find(({ model }) => model === handleOf(turn));
  return own?.failure ?? failure ?? tries.find((one) => one.failure !== undefined)?.failure;
}

/** The models that did not answer the step at hand, or were not asked as they had just failed; in the order of the chain. */
export function triesOf({ tries, passedOver }: Pick<TurnState, "tries" | "passedOver">): readonly StepTry[] {
  const failed = tries.map(({ model, why, message, wasPassedOver }) => ({ model, why, message, wasPassedOver }));
  return [...passedOver, ...failed];
}

/** Why a call failed, in a word. */
export function whyOf(failure: unknown): string {
  if (failure instanceof ModelFailure) return failure.type;
  return failure instanceof Failure ? failure.kind : "internal_error";
}

function accountOf(failure: unknown): string {
  const text = failure instanceof ModelFailure ? failure.detail : failure instanceof Error ? failure.message : "";
  return cut(text, MESSAGE_CHARS_MAX);
}

/** What the model of a turn is called where it is tried: in the words of the chain, so that nothing is tried twice. */
function handleOf({ agent, fallbacks }: Turn): string {
  return fallbacks.taken ?? askedHandle(agent.llmConfig);
}

function placeOf({ actor: { organizationId } }: Turn, handle: string) {
  return { organizationId, handle };
}

function outageOf(turn: Turn, handle: string) {
  return turn.fallbacks.outages.of(placeOf(turn, handle));
}

function untriedOf(turn: Turn, { tries }: TurnState): readonly string[] {
  const tried = new Set(tries.map(({ model }) => model));
  return [handleOf(turn), ...turn.fallbacks.handles].filter((handle) => !tried.has(handle));
}

function noteTry(state: TurnState, one: Omit<TurnState["tries"][number], "wasPassedOver">): void {
  state.tries = [...state.tries, { ...one, wasPassedOver: false }];
}

function passedOverBefore(turn: Turn, state: TurnState, taken: string): readonly StepTry[] {
  const before = untriedOf(turn, state);
  return before.slice(0, before.indexOf(taken)).flatMap((model) => {
    const outage = outageOf(turn, model);
    return outage === undefined ? [] : [{ model, why: outage.why, message: outage.message, wasPassedOver: true }];
  });
}

async function turnBy(turn: Turn, handle: string): Promise<Turn | undefined> {
  const opened = await turn.fallbacks.open(handle);
  if (opened === undefined) return undefined;
  const agent = { ...turn.agent, llmConfig: opened.config };
  return { ...turn, model: opened.model, agent, fallbacks: { ...turn.fallbacks, taken: handle } };
}
