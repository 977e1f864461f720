/** The number of the agent that is sent scheduled messages. */
export const PUNCTUAL = 6_000;

/** A message that is scheduled once, by words of its own, and the schedule if its making was acknowledged. */
export interface PlannedMessage {
  readonly words: string;
  readonly dueAt: number;
  readonly scheduleId: string | undefined;
}

/** What was scheduled, and for which agent. */
export interface ScheduleBook {
  agentId: string | undefined;
  readonly planned: PlannedMessage[];
}

/** The one {@link ScheduleBook}. */
export function createScheduleBook(): ScheduleBook {
  return { agentId: undefined, planned: [] };
}
