import type { TurnInput } from "../../agent/new-message.ts";
import type { Repositories, Store } from "../../agent/ports/ports.ts";
import { readCron } from "../../agent/schedules/cron.ts";
import { type Due, dueSince } from "../../agent/schedules/due-times.ts";
import type { Schedule, WaitingSchedule } from "../../agent/schedules/schedule.ts";
import { type Instant, instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { newId, type RunId } from "../../core/id.ts";
import type { TimeFormat } from "../../core/time-format.ts";
import type { World } from "../../core/world.ts";
import { QUEUED_RUNS_MAX } from "../begin.ts";
import { queuedRun } from "../step/run-state.ts";
import { createDueWork, type DueWork } from "./due-work.ts";

/** What lists of runs say of the run of a schedule. */
const RUN_TYPE = "scheduled_message";
/** How long nothing is looked at. A clock that is set forward, or a machine that slept, holds nothing up for longer. */
const LOOK_MS_MAX = 60_000;
/** How long a schedule rests that could not be worked on. What is due meanwhile is due still. */
const REST_MS = 30_000;

/** What the sending of scheduled messages is made of. */
export interface ScheduleWorkOptions {
  readonly store: Store;
  readonly world: Pick<World, "clock" | "random">;
  readonly timeFormat: TimeFormat;
  /** Told that a run waits to begin. */
  readonly queued: () => void;
  readonly log: (message: string, error?: unknown) => void;
}

/**
 * Sends what is scheduled. That a due time is over is stored in the transaction that stores its run, with its input, to
 * begin when the agent is free: whatever ends this process, no due time gets two runs, and none that was stored is lost.
 */
export function createScheduleWork(options: ScheduleWorkOptions): DueWork {
  const { store, world, log } = options;
  const { clock } = world;
  return createDueWork<WaitingSchedule>({
    clock,
    async waiting(limit) {
      const soonest = clock.now() + LOOK_MS_MAX;
      const found = await store.waitingSchedules(limit);
      return found.map((item) => (item.dueAt > soonest ? { ...item, dueAt: instantOf(soonest) } : item));
    },
    async work(item) {
      try {
        await send(options, item);
      } catch (error) {
        log(`What schedule ${item.id} sends could not be sent`, error);
        const until = instantOf(clock.now() + REST_MS);
        await store.write(item.actor, ({ schedules }) => schedules.postpone(item.id, until));
      }
    },
    onError: (error) => log("Scheduled messages could not be sent", error),
  });
}

async function send(options: ScheduleWorkOptions, { actor, id }: WaitingSchedule): Promise<void> {
  const { store, world, queued } = options;
  const found = await store.reader(actor).schedules.find(id);
  if (found === undefined || found.nextDueAt === null) return;
  const { nextDueAt } = found;
  const now = world.clock.now();
  if (nextDueAt > now) return;
  // Worked out before the transaction, which others wait for.
  const due = dueOf(found, { first: nextDueAt, now }, options.timeFormat);
  const made = await store.write(actor, async (repositories) => {
    const schedule = await repositories.schedules.find(id);
    // It was deleted meanwhile.
    if (schedule?.nextDueAt !== nextDueAt) return null;
    const after = await afterDue(options, repositories, { schedule, due, now });
    if (after.nextDueAt === null && after.lastRunId !== schedule.lastRunId) await repositories.schedules.remove(id);
    else await repositories.schedules.save(after);
    return after.lastRunId;
  });
  if (made !== null) queued();
}

/** What has become due of a schedule. */
function dueOf(
  { cron, timezone }: Schedule,
  when: { readonly first: Instant; readonly now: Instant },
  times: TimeFormat,
): Due {
  if (cron === null) return { at: when.first, earlier: 0, next: null };
  return dueSince({ cron: readCron(cron), zone: timezone }, when, times);
}

interface Sending {
  readonly schedule: Schedule;
  readonly due: Due;
  readonly now: Instant;
}

/** The schedule once what is due was seen to: by a run, or by passing over it. */
async function afterDue(
  options: ScheduleWorkOptions,
  repositories: Repositories,
  { schedule, due, now }: Sending,
): Promise<Schedule> {
  const missed = (count: number): Schedule => ({
    ...schedule,
    nextDueAt: due.next,
    missedCount: schedule.missedCount + count,
    lastMissedAt: count === 0 ? schedule.lastMissedAt : now,
  });
  if (isTooLate(schedule, due, now) || (await isStillWaiting(repositories, schedule))) return missed(due.earlier + 1);
  const lastRunId = await queueRun(options, repositories, { schedule, due, now });
  return { ...missed(due.earlier), lastDueAt: due.at, lastRunId };
}

function isTooLate({ missedPolicy, graceSeconds }: Schedule, { at }: Due, now: Instant): boolean {
  return missedPolicy === "skip" && now - at > graceSeconds * 1000;
}

/** Whether the last run has not even begun: another one behind it would say the same. */
async function isStillWaiting({ runs }: Repositories, { lastRunId }: Schedule): Promise<boolean> {
  return lastRunId !== null && (await runs.find(lastRunId))?.status === "created";
}

async function queueRun(
  { world, timeFormat }: ScheduleWorkOptions,
  { runs }: Repositories,
  { schedule, due, now }: Sending,
): Promise<RunId> {
  if ((await runs.countQueued(QUEUED_RUNS_MAX)) >= QUEUED_RUNS_MAX)
    throw new Failure("too_many", `${QUEUED_RUNS_MAX} runs of the organisation wait to begin already`);
  const { agentId, options, callbackUrl, timezone } = schedule;
  const id = newId("run", world.random);
  const metadata = {
    run_type: RUN_TYPE,
    schedule_id: schedule.id,
    scheduled_for: timeFormat.isoInZone(due.at, timezone),
    missed_before: due.earlier,
  };
  await runs.insert({ ...queuedRun(id, now, { agentId, options, background: true, metadata }), callbackUrl });
  await runs.setQueuedInput(id, unnamed(schedule.input));
  return id;
}

/** What is sent again and again is no repetition of what came before, which an otid would make of it. */
function unnamed(input: TurnInput): TurnInput {
  return { ...input, messages: input.messages.map((message) => ({ ...message, otid: null })) };
}
