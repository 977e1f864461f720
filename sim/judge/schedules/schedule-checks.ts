import { type Clients, mayBeLate, readPages } from "../../clients/clients.ts";
import { type WireMessage, wireText } from "../../clients/wire.ts";

const PAGE = 50;

interface ScheduledRun {
  readonly id: string;
  readonly metadata: { readonly schedule_id?: string; readonly scheduled_for?: string };
}

/** A due time has one run at most, whatever crashed; a message that was scheduled for certain has been sent in the end. */
export async function checkSchedules(clients: Clients): Promise<void> {
  const { oracle } = clients;
  const { agentId, planned } = oracle.schedules;
  if (agentId === undefined) return;
  const runs = await readPages<ScheduledRun>(clients, `/v1/runs/?agent_id=${agentId}&order=asc`, PAGE);
  const byDue = Map.groupBy(runs, ({ metadata }) => `${metadata.schedule_id} at ${metadata.scheduled_for}`);
  for (const [due, all] of byDue) {
    oracle.checked();
    if (all.length > 1) oracle.fail("S29 scheduled", `${due} has ${all.length} runs: ${all.map(({ id }) => id)}`);
  }
  const sent = new Set(runs.map(({ metadata }) => metadata.schedule_id));
  const messages = await readPages<WireMessage>(clients, `/v1/agents/${agentId}/messages?order=asc`, PAGE);
  const heard = messages.filter(({ message_type }) => message_type === "user_message").map(wireText);
  for (const { words, scheduleId } of planned) {
    oracle.checked();
    const times = heard.filter((text) => text === words).length;
    if (times > 1) oracle.fail("S29 scheduled", `'${words}' was scheduled once and heard ${times} times`);
    if (scheduleId !== undefined && !sent.has(scheduleId) && !mayBeLate(clients))
      oracle.fail("L3 scheduled", `${scheduleId} was to say '${words}', and has no run`);
  }
}
