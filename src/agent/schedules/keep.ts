import { type Caller, may } from "../../access/may.ts";
import { type Clock, type Instant, instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { type AgentId, newId } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";
import type { Random } from "../../core/random.ts";
import { cut } from "../../core/text.ts";
import { isTimeZone, type TimeFormat } from "../../core/time-format.ts";
import { askedHandle } from "../../llm/catalog.ts";
import { mustFind, required } from "../find.ts";
import type { TurnInput } from "../new-message.ts";
import type { Store } from "../ports/ports.ts";
import type { TurnOptions } from "../turn-options.ts";
import { readCron } from "./cron.ts";
import { nextDue } from "./due-times.ts";
import type { MissedPolicy, Schedule, ScheduleId } from "./schedule.ts";

/** Schedules that one agent may have. */
const SCHEDULES_MAX = 100;
/** Messages that one of them may send at a time, the characters of their texts, and those of their images in base64. */
const MESSAGES_MAX = 100;
const TEXT_CHARS_MAX = 100_000;
const IMAGE_CHARS_MAX = 2_000_000;
/** How far ahead something may be scheduled once: ten years. */
const AHEAD_MS_MAX = 10 * 366 * 24 * 3_600_000;
/** Later times than this cannot be milliseconds of our days; those of seconds are before it. */
const MILLISECONDS_FROM = 100_000_000_000;
/** How late something that is due may be before `skip` passes over it, where nobody says. */
export const GRACE_SECONDS_DEFAULT = 300;
/** Whose clock is meant where nobody says: that of Letta's own service. */
const ZONE_DEFAULT = "UTC";
/** Characters of a name that a refusal shows. */
const SHOWN_CHARS = 80;

/** What schedules are made with. */
export interface ScheduleWorkshop {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly times: Pick<TimeFormat, "offsetSeconds">;
  /** Told that something may be due sooner than was known. */
  readonly schedules: { wake(): void };
}

/** What somebody wants sent, and when. */
export interface ScheduleDraft {
  readonly agentId: AgentId;
  readonly when: { readonly cron: string } | { readonly scheduledAt: Instant };
  readonly timezone: string | null;
  readonly missedPolicy: MissedPolicy;
  readonly graceSeconds: number;
  readonly input: TurnInput;
  readonly options: TurnOptions;
  readonly callbackUrl: string | null;
}

/**
 * Has messages sent to an agent later, by somebody who may send them now. Throws a `refused` Failure for what is never
 * due, was due before or is too long, and a `conflict` one when the agent has too many schedules.
 */
export async function createSchedule(
  workshop: ScheduleWorkshop,
  caller: Caller,
  { when, timezone, ...draft }: ScheduleDraft,
): Promise<Schedule> {
  const { agentId } = draft;
  const actor = may(caller, "agents:talk", { agentId });
  const { store, clock, random } = workshop;
  const agent = await mustFind(store.reader(actor).agents, agentId);
  may(caller, "agents:talk", { agentId, model: askedHandle(agent.llmConfig) });
  checkInput(draft.input);
  const now = clock.now();
  const zone = zoneOf(timezone);
  const schedule: Schedule = {
    ...draft,
    id: newId("schedule", random),
    cron: "cron" in when ? when.cron.trim() : null,
    scheduledAt: "cron" in when ? null : when.scheduledAt,
    timezone: zone,
    options: { ...draft.options, ...reachOf(caller) },
    nextDueAt: "cron" in when ? firstDue(workshop, when.cron, zone) : checkedTime(when.scheduledAt, now),
    lastDueAt: null,
    lastRunId: null,
    missedCount: 0,
    lastMissedAt: null,
    stoppedWhy: null,
    createdById: actor.userId,
    createdAt: now,
  };
  await store.write(actor, async ({ agents, schedules }) => {
    await mustFind(agents, agentId);
    if ((await schedules.count(agentId)) >= SCHEDULES_MAX)
      throw new Failure("conflict", `An agent has ${SCHEDULES_MAX} scheduled messages at most; delete one`);
    await schedules.insert(schedule);
  });
  workshop.schedules.wake();
  return schedule;
}

/** A page of what is scheduled for an agent. */
export async function listSchedules(
  { store }: Pick<ScheduleWorkshop, "store">,
  caller: Caller,
  { agentId, page }: { readonly agentId: AgentId; readonly page: Page },
): Promise<readonly Schedule[]> {
  const reader = store.reader(may(caller, "agents:read", { agentId }));
  await mustFind(reader.agents, agentId);
  return reader.schedules.list(agentId, page);
}

/** Which schedule of which agent. */
export interface ScheduleName {
  readonly agentId: AgentId;
  readonly id: ScheduleId;
}

/** One of an agent's schedules. */
export async function findSchedule(
  { store }: Pick<ScheduleWorkshop, "store">,
  caller: Caller,
  { agentId, id }: ScheduleName,
): Promise<Schedule> {
  const reader = store.reader(may(caller, "agents:read", { agentId }));
  await mustFind(reader.agents, agentId);
  return ofAgent(await reader.schedules.find(id), { agentId, id });
}

/** Deletes one of an agent's schedules: nothing more is sent. What it has begun goes on. */
export async function deleteSchedule(
  { store }: Pick<ScheduleWorkshop, "store">,
  caller: Caller,
  { agentId, id }: ScheduleName,
): Promise<void> {
  await store.write(may(caller, "agents:talk", { agentId }), async ({ agents, schedules }) => {
    await mustFind(agents, agentId);
    ofAgent(await schedules.find(id), { agentId, id });
    await schedules.remove(id);
  });
}

function ofAgent(schedule: Schedule | undefined, { agentId, id }: ScheduleName): Schedule {
  const isTheirs = schedule?.agentId === agentId;
  return required(isTheirs ? schedule : undefined, `Scheduled message with id '${id}' not found`);
}

function zoneOf(timezone: string | null): string {
  const zone = timezone ?? ZONE_DEFAULT;
  if (isTimeZone(zone)) return zone;
  throw new Failure(
    "refused",
    `The time zone '${cut(zone, SHOWN_CHARS)}' is not known; name one of the tz database, such as Europe/Paris or UTC`,
  );
}

function firstDue({ clock, times }: ScheduleWorkshop, cron: string, zone: string): Instant {
  const due = nextDue({ cron: readCron(cron), zone }, clock.now(), times);
  if (due !== null) return due;
  throw new Failure("refused", `The cron expression '${cut(cron, SHOWN_CHARS)}' names no time that ever comes`);
}

function checkedTime(at: Instant, now: Instant): Instant {
  if (at <= now) {
    const hint = at > 0 && at < MILLISECONDS_FROM ? "; it is counted in milliseconds since 1970, not in seconds" : "";
    throw new Failure("refused", `scheduled_at must be in the future, got ${at}${hint}`);
  }
  if (at - now > AHEAD_MS_MAX)
    throw new Failure("refused", `scheduled_at must be within ten years, got ${at}; it is counted in milliseconds`);
  return instantOf(Math.floor(at));
}

function checkInput({ messages, approvals }: TurnInput): void {
  if (approvals.length > 0)
    throw new Failure("refused", "What is scheduled are messages; answers to requests for approval cannot wait");
  if (messages.length > MESSAGES_MAX)
    throw new Failure("refused", `${MESSAGES_MAX} messages can be scheduled at a time, got ${messages.length}`);
  let [text, images] = [0, 0];
  for (const part of messages.flatMap(({ parts }) => parts)) {
    if (part.type === "text") text += part.text.length;
    else images += part.data.length;
  }
  if (text > TEXT_CHARS_MAX)
    throw new Failure("refused", `A scheduled message has ${TEXT_CHARS_MAX} characters at most, got ${text}`);
  if (images > IMAGE_CHARS_MAX)
    throw new Failure(
      "refused",
      `Scheduled images have ${IMAGE_CHARS_MAX} characters of base64 at most, got ${images}`,
    );
}

/** What whoever asks is narrowed to goes with what they ask for. */
function reachOf({ agentIds, models }: Caller): Pick<TurnOptions, "reach"> {
  return agentIds === null && models === null ? {} : { reach: { agentIds, models } };
}
