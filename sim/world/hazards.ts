import type { SeededRandom } from "./random.ts";

/** How often the machine and its disk go wrong beside the crashes of `options.ts`, and how freely events are ordered. */
export interface Hazards {
  /** The chance that a process has a crash aimed at it, after so many events of one kind. */
  readonly aimRate: number;
  /** Processes that are paused while another takes over. */
  readonly pausesMax: number;
  /** The chance, at each event, that the wall clock is set, and how far at most. */
  readonly jumpRate: number;
  readonly jumpMs: number;
  /** The chance that a process ends inside a commit or between a flush and what waits for it. */
  readonly strikeRate: number;
  /** The chance that a process ends while it starts; where one did, the next does far more often. */
  readonly startStrikeRate: number;
  /** The chance that the disk refuses a statement that writes, and that a flush fails. */
  readonly refusalRate: number;
  readonly flushFailureRate: number;
  /** The chance that the disk does not give back what is stored: for each statement, or each of SQLite's reads. */
  readonly unreadableRate: number;
  /** Above 0 completions gather at multiples of it, and happen by the priorities of their kinds. */
  readonly gridMs: number;
  /** Times that the priorities are drawn anew. */
  readonly priorityChanges: number;
  /** The chance, after each event at which something is under way, that the data folder is copied and started elsewhere. */
  readonly copyRate: number;
}

/** Draws the hazards of a seed; each is absent from many. */
export function drawHazards(random: SeededRandom): Hazards {
  const rate = (absent: number, least: number) => (random.chance(absent) ? 0 : least * 10 ** random.fraction());
  const hasPriorities = random.chance(0.2);
  return {
    aimRate: random.chance(0.3) ? 0 : 0.6,
    pausesMax: random.chance(0.5) ? 0 : 1 + random.int(3),
    jumpRate: rate(0.7, 0.000_5),
    jumpMs: 10 ** random.between(3, 8),
    strikeRate: rate(0.4, 0.003),
    startStrikeRate: random.chance(0.6) ? 0 : 0.3,
    refusalRate: rate(0.7, 0.001),
    flushFailureRate: rate(0.7, 0.005),
    gridMs: hasPriorities ? 1 + random.int(40) : 0,
    priorityChanges: hasPriorities ? random.int(6) : 0,
    unreadableRate: rate(0.7, 0.001_5),
    copyRate: rate(0.6, 0.01),
  };
}

/** A world in which nothing goes wrong by itself. */
export const NO_HAZARDS: Hazards = {
  aimRate: 0,
  pausesMax: 0,
  jumpRate: 0,
  jumpMs: 0,
  strikeRate: 0,
  startStrikeRate: 0,
  refusalRate: 0,
  flushFailureRate: 0,
  unreadableRate: 0,
  gridMs: 0,
  priorityChanges: 0,
  copyRate: 0,
};
