import { parseJson } from "../../src/core/json.ts";
import type { WireMessage } from "../clients/wire.ts";
import type { RunAnswer } from "./run-book.ts";

type Fail = (invariant: string, detail: string) => void;

/** What the providers billed: a number of completion tokens that no other reply has, and for which conversation. */
export interface BillBook {
  /** `agent` is null where nobody can say, as for summaries. What is not whole may have ended before it told the bill. */
  billed(completionTokens: number, agent: number | null, isWhole: boolean): void;
  /** What was asked for the reply that was billed so, in the pieces of `saidIn`. */
  asked(completionTokens: number, said: readonly string[]): void;
  requestOf(completionTokens: number): readonly string[] | undefined;
  /** The conversation that a reply was billed for; undefined when there was no such reply. */
  payer(completionTokens: number): number | null | undefined;
  /** The conversation of each reply that was not whole. */
  readonly untold: readonly (number | null)[];
}

/** The one {@link BillBook}. */
export function createBillBook(): BillBook {
  const payers = new Map<number, number | null>();
  const untold: (number | null)[] = [];
  const requests = new Map<number, readonly string[]>();
  return {
    untold,
    asked: (completionTokens, said) => void requests.set(completionTokens, said),
    requestOf: (completionTokens) => requests.get(completionTokens),
    billed(completionTokens, agent, isWhole) {
      payers.set(completionTokens, agent);
      if (!isWhole) untold.push(agent);
    },
    payer: (completionTokens) => payers.get(completionTokens),
  };
}

/** What became of one try of a callback: taken, refused for good, or failed so that it must be tried again. */
export type HookFate = "heard" | "final" | "failed";

/** What the receiver of callbacks saw, by the mark of the turn. */
export interface CallbackBook {
  arrived(mark: string, body: string, fate: HookFate): void;
  of(mark: string): readonly HookFate[];
  /** What callbacks told of runs, by their ids. */
  readonly told: ReadonlyMap<string, readonly ToldRun[]>;
}

/** What a callback tells of a run. */
export interface ToldRun {
  readonly status: string;
  /** The ids of the messages that it shows. */
  readonly messages: readonly string[];
}

interface CallbackBody {
  readonly run_id?: unknown;
  readonly status?: unknown;
  readonly metadata?: { readonly result?: CallbackResult };
}

interface CallbackResult {
  readonly messages?: readonly WireMessage[];
  readonly stop_reason?: { readonly stop_reason?: string };
}

const FINAL = ["completed", "failed", "cancelled"];

/** The one {@link CallbackBook}. `calledBack` is told the run of each mark, and what a client that waits would be answered. */
export function createCallbackBook(
  fail: Fail,
  checked: () => void,
  calledBack: (mark: string, run: string, answer: RunAnswer | undefined) => void,
): CallbackBook {
  const fates = new Map<string, HookFate[]>();
  const runs = new Map<string, unknown>();
  const told = new Map<string, ToldRun[]>();
  return {
    told,
    arrived(mark, body, fate) {
      checked();
      const { run_id, status, metadata } = (parseJson(body) ?? {}) as CallbackBody;
      const { messages: shown = [], stop_reason } = metadata?.result ?? {};
      const messages = shown.map(({ id }) => id);
      const answer = { messages: shown, stopReason: stop_reason?.stop_reason };
      calledBack(mark, String(run_id), metadata?.result === undefined ? undefined : answer);
      told.set(String(run_id), [...(told.get(String(run_id)) ?? []), { status: String(status), messages }]);
      if (!FINAL.includes(String(status)))
        fail("S19 callback", `The callback of ${mark} tells that its run is ${status}`);
      if (runs.has(mark) && runs.get(mark) !== run_id)
        fail("S3 once", `${mark} was called back for ${runs.get(mark)} and for ${run_id}`);
      runs.set(mark, run_id);
      fates.set(mark, [...(fates.get(mark) ?? []), fate]);
    },
    of: (mark) => fates.get(mark) ?? [],
  };
}

/** What lists held that clients walked through, by the path of the list. */
export interface ListBook {
  /** Something was made that the list must hold from now on. */
  made(list: string, id: string): void;
  /** Something may be gone from now on. */
  gone(list: string, id: string): void;
  mayBeGone(id: string | undefined): boolean;
  /** What must be in a walk that begins now. */
  expected(list: string): ReadonlySet<string>;
  /** A walk from the first page to the last gave these; `expected` is what was known when it began. */
  walked(list: string, ids: readonly string[], expected: ReadonlySet<string>): void;
}

/** The one {@link ListBook}. */
export function createListBook(fail: Fail, checked: (count: number) => void): ListBook {
  const known = new Map<string, Set<string>>();
  const lost = new Set<string>();
  const idsOf = (list: string) => {
    const ids = known.get(list) ?? new Set();
    known.set(list, ids);
    return ids;
  };
  return {
    made: (list, id) => void idsOf(list).add(id),
    gone(list, id) {
      lost.add(id);
      idsOf(list).delete(id);
    },
    mayBeGone: (id) => id !== undefined && lost.has(id),
    expected: (list) => new Set(idsOf(list)),
    walked(list, ids, expected) {
      checked(ids.length);
      const found = new Set(ids);
      if (found.size < ids.length) fail("S6 pages", `A walk through ${list} met something twice: ${ids.join(" ")}`);
      const missing = [...expected].filter((id) => !found.has(id) && !lost.has(id));
      if (missing.length > 0) fail("S6 pages", `A walk through ${list} did not meet ${missing.join(" ")}`);
      for (const id of found) if (!lost.has(id)) idsOf(list).add(id);
    },
  };
}
