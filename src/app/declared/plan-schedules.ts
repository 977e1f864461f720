import { z } from "zod";
import { ask } from "../terminal/connection.ts";
import { textOf } from "../terminal/shapes.ts";
import { type Change, type Fleet, idOf, shown } from "./plan.ts";
import type { DeclaredAgent } from "./shape.ts";
import { type AgentView, type ScheduleView, schedulesOf } from "./views.ts";

/** A schedule, as it is told from others: when, and what is said. */
function keyOf(schedule: DeclaredAgent["schedules"][number]): string {
  return JSON.stringify([schedule.cron, schedule.timezone ?? null, schedule.message]);
}

/** What the file would say of a schedule that is there; undefined of one that no file can say. */
export function declaredSchedule({ message, schedule }: ScheduleView): DeclaredAgent["schedules"][number] | undefined {
  const [first, ...others] = message.messages;
  const { cron_expression: cron, timezone } = schedule;
  if (first?.role !== "user" || others.length > 0 || cron == null) return undefined;
  return { cron, message: textOf(first.content), ...(timezone == null ? {} : { timezone }) };
}

/** Schedules that an agent lacks. Others are left: nothing tells which of them an earlier apply made. */
export async function planSchedules(
  fleet: Fleet,
  {
    name,
    agent,
    before,
  }: { readonly name: string; readonly agent: DeclaredAgent; readonly before: AgentView | undefined },
): Promise<readonly Change[]> {
  if (agent.schedules.length === 0) return [];
  const there = before === undefined ? [] : await schedulesOf(fleet.connection, before.id);
  const known = there.flatMap((one) => declaredSchedule(one) ?? []);
  const has = (wanted: DeclaredAgent["schedules"][number]) =>
    known.some(
      (one) => keyOf(wanted.timezone === undefined ? { cron: one.cron, message: one.message } : one) === keyOf(wanted),
    );
  return agent.schedules
    .filter((wanted) => !has(wanted))
    .map(({ cron, message, timezone }) => ({
      sign: "+",
      what: `schedule of ${name}`,
      details: [cron, shown(message)],
      async make() {
        const schedule = { type: "recurring", cron_expression: cron, ...(timezone === undefined ? {} : { timezone }) };
        const body = { messages: [{ role: "user", content: message }], schedule };
        const path = `/v1/agents/${idOf(fleet, "agent", name)}/schedule`;
        await ask(fleet.connection, { path, method: "POST", body, shape: z.looseObject({ id: z.string() }) });
      },
    }));
}
