import { readCron } from "../../agent/schedules/cron.ts";
import { nextDue } from "../../agent/schedules/due-times.ts";
import type { AbandonOptions } from "../../run/abandon.ts";
import { endCopiedRuns, UNSCHEDULED, UNSENT } from "../../run/copied.ts";
import type { SqlDatabase } from "../../store/base/driver.ts";
import {
  type Left,
  leaveOriginal,
  readHome,
  resumeSchedules,
  type StoppedSchedule,
  writeHome,
} from "../../store/base/home.ts";
import type { Lease } from "../../store/base/lease.ts";

/** What tells a file from a copy of it. Numbers of devices are no part of it: they change when a disk is mounted anew. */
export interface Place {
  /** The number that its file system knows it by. Another file system may have given the same one. */
  readonly number: string;
  /** When the file was made; null where the file system does not keep that. */
  readonly born: string | null;
  /** When anything of it changed last, its owner and mode included. No program can set it, so no copy has the same. */
  readonly changed: string;
}

/** Where a data folder is: a file in it is its mark, which is made once and never written again. */
export interface Home {
  /** Where the mark is; undefined when it is not there. Throws what the system says when it cannot tell. */
  find(): Place | undefined;
  /** Makes sure that the mark is there, and tells where. It is on disk when this returns; throws when it cannot be made. */
  mark(): Place;
}

/** What a database arrives with. */
export interface Arriving {
  readonly database: SqlDatabase;
  readonly lease: Lease;
  readonly home: Home;
  /** Whether a copy goes on with what the original began. */
  readonly continuesCopy: boolean;
  /** Whether it is settled here what becomes of a copy; where it is not, the copy stays one, for who starts next. */
  readonly settlesCopy: boolean;
  /** What ends runs. */
  readonly ending: AbandonOptions;
}

/** What was found of a database that arrives. */
export interface Arrived {
  /** What a person should know of it. */
  readonly notes: readonly string[];
  /** Whether it is a copy of which nothing is settled yet: what is the original's to do must rest. */
  readonly isUnsettled: boolean;
}

const UNSETTLED =
  "This data folder is a copy, or came from another disk. The next server on it ends what the original began and stops its scheduled messages; with SELKIE_CONTINUE_COPY=1 it goes on with them";

/**
 * Looks whether the database is where it was when it was used last, and ends what is unfinished in a copy. Call before
 * anything works on the data.
 *
 * A database that has never been told where it is, is at home. The mark is on disk before the database tells of it, and
 * a copy is at home only in the transaction that ends the last of what it has of the original. So a crash in between
 * makes no copy of what is none, and leaves a copy one.
 */
export async function arrive(arriving: Arriving): Promise<Arrived> {
  const { database, lease, home, continuesCopy, settlesCopy, ending } = arriving;
  const recorded = await readHome(database);
  const found = home.find();
  const isCopy = recorded !== undefined && !isAtHome(JSON.parse(recorded) as Place, found);
  if (isCopy && !settlesCopy) return { notes: [UNSETTLED], isUnsettled: true };
  if (isCopy && !continuesCopy) {
    const runs = await endCopiedRuns(ending);
    const leaving = { now: ending.world.clock.now(), reasons: { callbacks: UNSENT, schedules: UNSCHEDULED } };
    const left = await leaveOriginal({ database, lease }, JSON.stringify(home.mark()), leaving);
    return { notes: [noteOn(runs, left)], isUnsettled: false };
  }
  const isKnown = found !== undefined && JSON.stringify(found) === recorded;
  if (!isKnown) await writeHome(database, lease, JSON.stringify(home.mark()));
  return { notes: continuesCopy && settlesCopy ? await goOn(arriving) : [], isUnsettled: false };
}

/** Resumes what an earlier start stopped in this copy. What recurs goes on with its next time; what was due once is late. */
async function goOn({ database, lease, ending }: Arriving): Promise<readonly string[]> {
  const now = ending.world.clock.now();
  const dueOf = ({ cron, scheduledAt, timezone }: StoppedSchedule) => {
    if (cron === null) return scheduledAt;
    try {
      return nextDue({ cron: readCron(cron), zone: timezone }, now, ending.timeFormat);
    } catch {
      // A row that is damaged stays stopped, and holds up no start.
      return null;
    }
  };
  const count = await resumeSchedules({ database, lease }, dueOf);
  return count === 0 ? [] : [`Resumed ${counted(count, "scheduled message")} that had been stopped in this copy`];
}

/** Whether a mark is the one that was recorded. */
export function isAtHome(recorded: Place, found: Place | undefined): boolean {
  if (found === undefined) return false;
  const { number, born, changed } = found;
  // Disks that were filled alike give the same numbers, and the number of a file that is gone is used again.
  const isOther = born !== null && recorded.born !== null && born !== recorded.born;
  // Some file systems make up new numbers whenever they are mounted.
  return (number === recorded.number && !isOther) || changed === recorded.changed;
}

function noteOn(runs: number, { callbacks, schedules }: Left): string {
  const stopped = schedules === 0 ? "" : `, and stopped ${counted(schedules, "scheduled message")}`;
  const ended = `ended ${counted(runs, "unfinished run")} and dropped ${counted(callbacks, "unsent callback")}${stopped}`;
  return `This data folder is a copy, or came from another disk: ${ended}, which are the original's to finish. To go on with them where there is no original any more, set SELKIE_CONTINUE_COPY=1 before the first start on such a folder; at a later one it still resumes scheduled messages`;
}

function counted(count: number, name: string): string {
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}
