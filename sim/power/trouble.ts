import type { Faults } from "../world/faults.ts";
import type { Hazards } from "../world/hazards.ts";
import type { SeededRandom } from "../world/random.ts";
import type { FileOperation, Outcome, ReadFailure } from "./vfs.ts";

/** Bugs that are planted into the order of syncs, to see that a seed finds them. */
export const POWER_MUTANTS = ["skips_log_sync", "skips_database_sync"] as const;

/** One of {@link POWER_MUTANTS}. */
export type PowerMutant = (typeof POWER_MUTANTS)[number];

/** What the server does to its files. */
export type Work = "start" | "statement" | "commit" | "checkpoint" | "stop";

/** When the power goes, and what the disk refuses. */
export interface Trouble {
  /** Begins a process: it can change files until the power goes, or it ends. */
  begin(): void;
  end(): void;
  isOn(): boolean;
  /** Does what is one piece to the server and several operations to the disk; any of them may go wrong. */
  during<T>(work: Work, act: () => T): T;
  /** Decides each operation. */
  outcomeOf(operation: FileOperation, isLog: boolean): Outcome;
  /** Decides each read. */
  failureOfRead(isLog: boolean): ReadFailure | undefined;
  failsFlush(): boolean;
}

/** What troubles a disk. */
export interface TroubleOptions {
  readonly random: SeededRandom;
  readonly faults: Faults;
  readonly hazards: Pick<Hazards, "unreadableRate">;
  readonly mutant: PowerMutant | undefined;
  /** Called when the power goes. */
  readonly losePower: () => void;
}

/** Something that will go wrong in this piece of work, if it comes to so many operations. */
interface Planned {
  readonly outcome: Exclude<Outcome, "done" | "ignored">;
  /** What a refusal is of. */
  readonly operation: FileOperation;
  operationsLeft: number;
}

/** Losses of power inside a piece of work, for each seed. */
const LOSSES_MAX = 8;
/** A piece of work that has fewer operations than were drawn comes through. */
const OPERATIONS: Readonly<Record<Work, number>> = { start: 4, statement: 0, commit: 24, checkpoint: 24, stop: 24 };
/** How much more often than a commit something else goes wrong: there are far fewer of them. */
const RARE_WORK = 8;
/** How much less often one of SQLite's reads fails than a statement does where there are only statements. */
const READS_OF_STATEMENT = 8;

/** The trouble of one seed. */
export function createTrouble({ random: given, faults, hazards, mutant, losePower }: TroubleOptions): Trouble {
  const random = given.fork("trouble");
  const reads = given.fork("reads");
  const lossRate = random.chance(0.15) ? 0 : 0.01 * 10 ** random.fraction();
  const errorRate = random.chance(0.5) ? 0 : 0.005 * 10 ** random.fraction();
  let lossesLeft = LOSSES_MAX;
  let isOn = false;
  /** What the server is about; undefined while the simulator itself looks at the files. */
  let at: Work | undefined;
  let planned: Planned | undefined;

  function plan(work: Work): Planned | undefined {
    if (OPERATIONS[work] === 0) return undefined;
    const factor = work === "commit" ? 1 : RARE_WORK;
    const operationsLeft = random.int(OPERATIONS[work]);
    if (lossesLeft > 0 && faults.chance(random, lossRate * factor))
      return { outcome: "off", operation: "write", operationsLeft };
    // A server that cannot begin or end for a full disk says so and stops; there is nothing to compare then.
    if (work === "start" || work === "stop" || !faults.chance(random, errorRate * factor)) return undefined;
    // A commit syncs the log only where that starts over; what the server makes of it when that fails is left out.
    if (work === "checkpoint" && random.chance(0.4))
      return { outcome: "failed", operation: "sync", operationsLeft: random.int(2) };
    return { outcome: random.pick(["full", "failed"]), operation: "write", operationsLeft };
  }

  function isSkipped(operation: FileOperation, isLog: boolean): boolean {
    if (operation !== "sync") return false;
    return isLog ? mutant === "skips_log_sync" && at === "checkpoint" : mutant === "skips_database_sync";
  }

  /** What was planned, if it is time for it and this operation can end like that. */
  function whatHappens(operation: FileOperation): Outcome | undefined {
    if (planned === undefined || planned.operationsLeft-- > 0) return undefined;
    const { outcome } = planned;
    if (outcome === "off") {
      lossesLeft--;
      isOn = false;
      losePower();
      return outcome;
    }
    if (operation !== planned.operation) return undefined;
    planned = undefined;
    faults.applied(outcome === "full" ? `disk full in ${at}` : `${operation} failed in ${at}`);
    return outcome;
  }

  return {
    begin() {
      isOn = true;
    },
    end() {
      isOn = false;
    },
    isOn: () => isOn,
    during(work, act) {
      at = work;
      planned = plan(work);
      try {
        return act();
      } finally {
        at = undefined;
        planned = undefined;
      }
    },
    outcomeOf(operation, isLog) {
      if (!isOn) return "off";
      const happens = whatHappens(operation);
      if (happens !== undefined) return happens;
      return isSkipped(operation, isLog) ? "ignored" : "done";
    },
    failureOfRead(isLog) {
      if (!isOn || at === undefined || hazards.unreadableRate === 0) return undefined;
      if (!faults.chance(reads, hazards.unreadableRate / READS_OF_STATEMENT)) return undefined;
      faults.applied(`disk unreadable in ${at}`);
      // Behind the end of the database file there is nothing, and SQLite takes that for a page of zeros.
      return reads.pick(isLog ? ["failed", "bad sector", "short"] : ["failed", "bad sector"]);
    },
    failsFlush: () => faults.chance(random, errorRate),
  };
}
