// Hot: every message reads its agent and notes how its run ended. That takes 3 and 4 µs, and 44 and 19 µs where it is built
// (Bun 1.4.5).

import type { Agent } from "../../agent/agent.ts";
import type { StopReason } from "../../agent/run.ts";
import type { AgentId } from "../../core/id.ts";
import { charsOf } from "../base/bounded-cache.ts";
import type { FieldsOf } from "../base/columns.ts";
import { isInReach } from "../base/is-ours.ts";
import type { Session } from "../base/session.ts";
import { AGENTS } from "./tables.ts";

const FIND = `select ${AGENTS.selected()} from agents where id = $1 and organization_id = $2`;
// Only when it changes: the row holds the agent's prompt, and writing it again after every message would cost more
// than the message itself.
const NOTE_RUN = `update agents set last_stop_reason = $1
  where id = $2 and organization_id = $3 and (last_stop_reason is null or last_stop_reason <> $1)`;

/** See `AgentStore.find`. */
export async function findAgent(session: Session, id: AgentId): Promise<Agent | undefined> {
  const { sql, organizationId, agentCache } = session;
  if (!isInReach(session, id)) return undefined;
  const known = agentCache.agent(id, organizationId);
  if (known !== undefined) return known;
  const place = agentCache.place("agent", id, organizationId);
  const { rows } = await sql.execute<FieldsOf<typeof AGENTS>>(FIND, [id, organizationId]);
  if (rows[0] === undefined) return undefined;
  const chars = charsOf(Object.values(rows[0]));
  const agent = AGENTS.read(rows[0]);
  agentCache.keep(place, { agent }, chars);
  return agent;
}

/** See `AgentStore.noteRun`. */
export async function noteRun(session: Session, id: AgentId, stopReason: StopReason): Promise<void> {
  const { sql, organizationId, agentCache } = session;
  if (agentCache.agent(id, organizationId)?.lastStopReason === stopReason) return;
  const { changes } = await sql.execute(NOTE_RUN, [stopReason, id, organizationId]);
  if (changes > 0) agentCache.change(id);
}
