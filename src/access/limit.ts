import { civilOf, secondsOf } from "../core/civil.ts";
import { type Instant, instantOf } from "../core/clock.ts";
import type { Actor, AgentId, Id, UserId } from "../core/id.ts";

/** Names a limit. */
export type LimitId = Id<"limit">;

/** What can be limited: an organisation, a user (service accounts are users), a key, an agent. */
export const SUBJECT_KINDS = ["organization", "user", "key", "agent"] as const;
/** One of {@link SUBJECT_KINDS}. */
export type SubjectKind = (typeof SUBJECT_KINDS)[number];

/**
 * What is counted: requests at the door, runs that begin, runs at work at the same time, tokens and money that models
 * take.
 */
export const LIMIT_KINDS = ["requests", "runs", "active_runs", "tokens", "usd"] as const;
/** One of {@link LIMIT_KINDS}. */
export type LimitKind = (typeof LIMIT_KINDS)[number];

/** Billionths of a dollar in one: amounts of money are whole numbers of them, so that no sum drifts. */
export const NANOS_PER_USD = 1_000_000_000;
/** The largest amount of each kind; sums of a few of them are exact in a double. */
export const AMOUNT_MAX = 1_000_000_000_000;
/** The same in dollars. */
export const USD_MAX = 1_000_000;
/** The longest window in seconds: 366 days. */
export const WINDOW_SECONDS_MAX = 31_622_400;
/** Limits that an organisation may have. */
export const LIMITS_MAX = 100_000;

/** How long an amount lasts: so many seconds, a day or a month of the calendar in UTC; "now" for what is at work. */
export type LimitWindow = `${number}s` | "day" | "month" | "now";

/** Who may take how much of what, in which time. */
export interface Limit {
  readonly id: LimitId;
  readonly name: string;
  readonly subjectKind: SubjectKind;
  readonly subjectId: string;
  readonly kind: LimitKind;
  readonly window: LimitWindow;
  /** A whole number; of money, billionths of a dollar. */
  readonly amount: number;
  /** Whether models may be asked whose price nobody knows; only for money. They count as nothing then. */
  readonly allowsUnpriced: boolean;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

/** What was taken of a limit in one of its windows. `reserved` is held for calls that are not over. */
export interface Spend {
  readonly windowStart: Instant;
  readonly settled: number;
  readonly reserved: number;
}

/** Where a limit stands now. */
export interface Standing extends Spend {
  readonly resetsAt: Instant;
}

/** On whose behalf something is asked, as far as limits can name them. */
export interface Spender extends Pick<Actor, "organizationId" | "keyId"> {
  readonly userId: UserId | null;
  readonly agentId: AgentId | null;
}

/** Whether a limit counts what this spender does. */
export function isOnWay({ subjectKind, subjectId }: Limit, spender: Spender): boolean {
  const { organizationId, userId, keyId, agentId } = spender;
  const ids = { organization: organizationId, user: userId, key: keyId, agent: agentId };
  return ids[subjectKind] === subjectId;
}

/** Windows of a limit that are remembered; see {@link standingOf}. */
export const WINDOWS_KEPT = 8;

/**
 * Where a limit stands now, by the windows that are remembered of it. A clock that was set back finds what was spent in
 * the window that it is in once more. One that is set back past all that is remembered goes on with the oldest, as an
 * older window may have been spent and forgotten: nothing is given out twice.
 */
export function standingOf({ window }: Limit, known: readonly Spend[], now: Instant): Standing {
  const { start, end } = windowAt(window, now);
  const here = known.find(({ windowStart }) => windowStart === start);
  if (here !== undefined) return { ...here, resetsAt: end };
  const [oldest] = known.toSorted((a, b) => a.windowStart - b.windowStart);
  if (oldest !== undefined && known.length >= WINDOWS_KEPT && start < oldest.windowStart)
    return { ...oldest, resetsAt: end };
  return { windowStart: start, settled: 0, reserved: 0, resetsAt: end };
}

const SECOND_MS = 1_000;
const DAY_SECONDS = 86_400;

/** The window that an instant lies in. Windows of seconds are counted from the epoch, so that all see the same ones. */
export function windowAt(window: LimitWindow, at: Instant): { readonly start: Instant; readonly end: Instant } {
  if (window === "now") return { start: instantOf(0), end: at };
  if (window === "month") {
    const { year, month } = civilOf(Math.floor(at / SECOND_MS));
    const first = { year, month, day: 1, hour: 0, minute: 0, second: 0 };
    const next = month === 12 ? { ...first, year: year + 1, month: 1 } : { ...first, month: month + 1 };
    return { start: instantOf(secondsOf(first) * SECOND_MS), end: instantOf(secondsOf(next) * SECOND_MS) };
  }
  const lengthMs = secondsIn(window) * SECOND_MS;
  const start = Math.floor(at / lengthMs) * lengthMs;
  return { start: instantOf(start), end: instantOf(start + lengthMs) };
}

/** Seconds of a window; a month is taken for its longest. */
export function secondsIn(window: LimitWindow): number {
  if (window === "now") return 0;
  if (window === "month") return 31 * DAY_SECONDS;
  return window === "day" ? DAY_SECONDS : Number.parseInt(window, 10);
}

/** The part of an amount up to which the server's own work in the background may go, so that it stops first. */
const BACKGROUND_SHARE = 0.9;

/** How much of a limit is there for foreground or background work. */
export function amountFor({ amount }: Limit, isBackground: boolean): number {
  return isBackground ? Math.ceil(amount * BACKGROUND_SHARE) : amount;
}

const UNITS: Readonly<Record<LimitKind, string>> = {
  requests: "requests",
  runs: "runs",
  active_runs: "runs at work",
  tokens: "tokens",
  usd: "US dollars",
};

/** An amount as people read it: of money in dollars. */
export function shownAmount(kind: LimitKind, amount: number): number {
  return kind === "usd" ? amount / NANOS_PER_USD : amount;
}

/** A limit as people read it: `100 runs a day`, `5 US dollars in 3600 s`. */
export function limitText({ kind, window, amount }: Limit): string {
  const what = `${shownAmount(kind, amount)} ${UNITS[kind]}`;
  if (window === "now") return `${what} at once`;
  return window === "day" || window === "month" ? `${what} a ${window}` : `${what} in ${secondsIn(window)} s`;
}
