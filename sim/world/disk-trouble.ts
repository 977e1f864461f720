import { Failure } from "../../src/core/failure.ts";
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

/** What becomes of a statement: the process ends before it, or the disk refuses it or what it reads. */
export type Blow = { readonly kind: "ends"; readonly how: string } | { readonly kind: "full" | "unreadable" };

/** What a server says of a read that failed, as `app/sqlite.ts` does. */
export function unreadable(cause?: unknown): Failure {
  return new Failure("unreadable", "The disk failed to read what is stored. What needed it was undone", { cause });
}

/** Decides what goes wrong between a process and its disk, at moments that lie within one event. */
export interface DiskTrouble {
  /** A process starts. */
  begin(): void;
  before(sql: string, incarnation: Incarnation): Blow | undefined;
  /** What becomes of a read outside of transactions; the process ends there only while it starts. */
  beforeReading(incarnation: Incarnation): Blow | undefined;
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
  const reads = given.fork("reads");
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

  function isUnreadable(work: string): boolean {
    if (hazards.unreadableRate === 0 || !faults.chance(reads, hazards.unreadableRate)) return false;
    faults.applied(`disk unreadable in ${work}`);
    return true;
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
      if (WRITES.test(sql) && faults.chance(random, hazards.refusalRate)) {
        faults.applied(`disk full in ${workOf(sql, incarnation)}`);
        return { kind: "full" };
      }
      // What is undone needs nothing that is not at hand.
      const isUndone = sql.startsWith("rollback");
      return !isUndone && isUnreadable(workOf(sql, incarnation)) ? { kind: "unreadable" } : undefined;
    },
    beforeReading(incarnation) {
      if (incarnation.isReplaced) return undefined;
      const { phase } = incarnation;
      const how = phase === "work" ? undefined : inStart(incarnation);
      if (how !== undefined) return { kind: "ends", how };
      return isUnreadable(phase === "work" ? "read" : phase) ? { kind: "unreadable" } : undefined;
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
