import type { Instant } from "../../core/clock.ts";
import type { Actor, AgentId, Id, RunId, UserId } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";
import type { TurnInput } from "../new-message.ts";
import type { TurnOptions } from "../turn-options.ts";

/** Names a scheduled message. */
export type ScheduleId = Id<"schedule">;

/**
 * What happens to due times at which no server ran. `run_once`: one run stands for all of them, however late. `skip`: as
 * well, where the last of them is not longer ago than the grace; else none.
 */
export const MISSED_POLICIES = ["run_once", "skip"] as const;

/** One of {@link MISSED_POLICIES}. */
export type MissedPolicy = (typeof MISSED_POLICIES)[number];

/** Messages that are sent to an agent later: once, or again and again. */
export interface Schedule {
  readonly id: ScheduleId;
  readonly agentId: AgentId;
  /** When they are due again and again; null where they are due once. */
  readonly cron: string | null;
  /** When they are due once; null where there is a {@link cron}. */
  readonly scheduledAt: Instant | null;
  /** The zone on whose clock the expression is read. */
  readonly timezone: string;
  readonly missedPolicy: MissedPolicy;
  readonly graceSeconds: number;
  /** What is sent. */
  readonly input: TurnInput;
  readonly options: TurnOptions;
  readonly callbackUrl: string | null;
  /** The first due time that nothing was done for yet; null where there is none any more. */
  readonly nextDueAt: Instant | null;
  /** The last due time for which a run was made, and the run. It may be gone. */
  readonly lastDueAt: Instant | null;
  readonly lastRunId: RunId | null;
  /** Due times for which there was no run of their own, and when that was last. */
  readonly missedCount: number;
  readonly lastMissedAt: Instant | null;
  /** Why it sends nothing any more, though nobody deleted it. */
  readonly stoppedWhy: string | null;
  /** On whose behalf it sends. */
  readonly createdById: UserId;
  readonly createdAt: Instant;
}

/** A schedule that is to be looked at, of whichever organisation. */
export interface WaitingSchedule {
  readonly actor: Actor;
  readonly id: ScheduleId;
  /** When: its due time, or later where it could not be worked on. */
  readonly dueAt: Instant;
}

/** Where the schedules of one organisation live. They go with their agent. */
export interface ScheduleStore {
  find(id: ScheduleId): Promise<Schedule | undefined>;
  list(agentId: AgentId, page: Page): Promise<readonly Schedule[]>;
  count(agentId: AgentId): Promise<number>;
  insert(schedule: Schedule): Promise<void>;
  /** Replaces the schedule, which is looked at again when it is due next. */
  save(schedule: Schedule): Promise<void>;
  /** Has a schedule that is due looked at later. */
  postpone(id: ScheduleId, until: Instant): Promise<void>;
  /** Throws a `not_found` Failure when there is none. */
  remove(id: ScheduleId): Promise<void>;
}

/** The part of a {@link ScheduleStore} that only reads. */
export type ScheduleReader = Pick<ScheduleStore, "find" | "list" | "count">;
