import type { Faults } from "./faults.ts";
import type { Hazards } from "./hazards.ts";
import type { SeededRandom } from "./random.ts";
import type { Incarnation } from "./world.ts";

/** Statements of a start among which the one is drawn that it ends at: the first makes the tables. */
const FIRST_START_STATEMENTS = 130;
const START_STATEMENTS = 32;
/** The chance that a start ends where the last one did not come through. */
const LOOP_RATE = 0.6;
/** Processes that end at their disk, for each seed. */
const STRIKES_MAX = 8;
const WRITES = /^\s*(?:insert|update|delete|commit)\b/i;

/** What becomes of a statement: the process ends before it, or the disk refuses it. */
export type Blow = { readonly kind: "ends"; readonly how: string } | { readonly kind: "full" };

/** Decides what goes wrong between a process and its disk, at moments that lie within one event. */
export interface DiskTrouble {
  /** A process starts. */
  begin(): void;
  before(sql: string, incarnation: Incarnation): Blow | undefined;
  /** How the process ends before it reads, if it does: only while it starts. */
  beforeReading(incarnation: Incarnation): string | undefined;
  /** How the process ends right after something, if it does. */
  after(what: "commit" | "flush", incarnation: Incarnation): string | undefined;
  failsFlush(incarnation: Incarnation): boolean;
}

/** What the trouble depends on. */
export interface DiskTroubleOptions {
  readonly hazards: Hazards;
  readonly faults: Faults;
  /** What the database file holds in the beginning; nothing when absent. */
  readonly image?: Uint8Array | undefined;
}

/** The trouble of one seed. */
export function createDiskTrouble({ hazards, faults, image }: DiskTroubleOptions, given: SeededRandom): DiskTrouble {
  const random = given.fork("trouble");
  let strikesLeft = STRIKES_MAX;
  let makesTables = image === undefined;
  /** Whether the last start did not come through. */
  let isLoop = false;
  let startStatementsLeft = Number.POSITIVE_INFINITY;

  function strikes(rate: number): boolean {
    if (strikesLeft === 0 || !faults.chance(random, rate)) return false;
    strikesLeft--;
    return true;
  }

  function inStart({ phase }: Incarnation): string | undefined {
    if (startStatementsLeft-- > 0) return undefined;
    startStatementsLeft = Number.POSITIVE_INFINITY;
    if (phase !== "work") {
      if (isLoop) faults.applied("crash loop");
      isLoop = true;
    }
    return phase === "work" ? "between statements" : `in ${phase}`;
  }

  return {
    begin() {
      const rate = hazards.startStrikeRate === 0 ? 0 : isLoop ? LOOP_RATE : hazards.startStrikeRate;
      const statements = makesTables ? FIRST_START_STATEMENTS : START_STATEMENTS;
      makesTables = false;
      startStatementsLeft = strikes(rate) ? random.int(statements) : Number.POSITIVE_INFINITY;
    },
    before(sql, incarnation) {
      if (incarnation.isReplaced) return undefined;
      if (incarnation.phase === "work") isLoop = false;
      const early = inStart(incarnation);
      if (early !== undefined) return { kind: "ends", how: early };
      if (sql === "commit" && strikes(hazards.strikeRate)) return { kind: "ends", how: "before commit" };
      if (!WRITES.test(sql) || !faults.chance(random, hazards.refusalRate)) return undefined;
      faults.applied(`disk full in ${workOf(sql, incarnation)}`);
      return { kind: "full" };
    },
    beforeReading(incarnation) {
      return incarnation.phase === "work" || incarnation.isReplaced ? undefined : inStart(incarnation);
    },
    after(what, incarnation) {
      return !incarnation.isReplaced && strikes(hazards.strikeRate) ? `after ${what}` : undefined;
    },
    failsFlush: (incarnation) => !incarnation.isReplaced && strikes(hazards.flushFailureRate),
  };
}

function workOf(sql: string, { phase }: Incarnation): string {
  if (phase !== "work") return phase;
  return sql === "commit" ? "commit" : "statement";
}
