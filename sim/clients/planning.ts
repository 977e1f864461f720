import { PUNCTUAL } from "../judge/schedules/schedule-book.ts";
import { MODEL_NAMES } from "../servers/providers.ts";
import { wallMs } from "../world/world.ts";
import { ask, type Clients, fetched, insist, pause } from "./clients.ts";

/** Messages that are scheduled once, how far ahead, and how far apart they are made. */
const MESSAGES = 8;
const AHEAD_MS_MIN = 500;
const AHEAD_MS_MAX = 20_000;
const THINK_MS_MAX = 3_000;
/** How long the recurring one goes on beside them, and how long is waited at the end for what is due. */
const RECURS_MS = 150_000;
const LATE_MS = 120_000;

interface Made {
  readonly id: string;
}

/** Schedules messages for an agent of their own: some once, and one for every minute, until that is deleted again. */
export async function planMessages(clients: Clients): Promise<void> {
  const { options, oracle, network, random, scheduler } = clients;
  const [provider] = options.providers;
  const body = {
    model: `${provider}/${MODEL_NAMES[provider][0]}`,
    include_base_tools: false,
    memory_blocks: [{ label: "persona", value: `cn-${PUNCTUAL};` }],
  };
  const agent = await fetched<Made>(clients, { method: "POST", path: "/v1/agents/", body });
  if (agent === undefined) return;
  oracle.schedules.agentId = agent.id;
  const path = `/v1/agents/${agent.id}/schedule`;
  const said = (content: string) => [{ role: "user", content }];
  const everyMinute = { type: "recurring", cron_expression: "* * * * *", missed: random.pick(["run_once", "skip"]) };
  await network.call({ method: "POST", path, body: { messages: said("every minute"), schedule: everyMinute } });
  for (let made = 0; made < MESSAGES; made++) {
    const words = `planned ${made}`;
    const dueAt = Math.floor(wallMs(scheduler) + random.between(AHEAD_MS_MIN, AHEAD_MS_MAX));
    // Sent once: whoever hears nothing of it does not know whether it was taken.
    const schedule = { type: "one-time", scheduled_at: dueAt };
    const answer = await network.call({ method: "POST", path, body: { messages: said(words), schedule } });
    const isMade = answer.kind === "answered" && answer.status === 201;
    const scheduleId = isMade ? (answer.body as Made).id : undefined;
    oracle.schedules.planned.push({ words, dueAt, scheduleId });
    await pause(clients, THINK_MS_MAX);
  }
  await scheduler.wait("messages recur", RECURS_MS);
  await stopRecurring(clients, path);
}

/** Deletes what recurs, of which there may be one whose making nobody heard of. */
async function stopRecurring(clients: Clients, path: string): Promise<void> {
  const found = await ask(clients, { method: "GET", path });
  const { scheduled_messages: all = [] } = (found?.body ?? {}) as {
    readonly scheduled_messages?: readonly { readonly id: string; readonly schedule: { readonly type: string } }[];
  };
  for (const { id, schedule } of all)
    if (schedule.type === "recurring") await insist(clients, { method: "DELETE", path: `${path}/${id}` });
}

/** Once nothing fails any more, waits until all that was scheduled is due. */
export async function awaitSchedules({ oracle, scheduler }: Clients): Promise<void> {
  const last = Math.max(0, ...oracle.schedules.planned.map(({ dueAt }) => dueAt));
  if (last > 0) await scheduler.wait("scheduled messages fall due", Math.max(0, last - wallMs(scheduler)) + LATE_MS);
}
