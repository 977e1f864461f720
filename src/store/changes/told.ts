import type { AuditNote } from "../../agent/ports/audit.ts";
import type { Change, ChangeKind, Changing } from "../../agent/ports/changes.ts";
import type { AgentId } from "../../core/id.ts";
import { changedFields } from "./changed-fields.ts";
import type { Told } from "./noted.ts";

/** A change of a thing, and of the agent that it is about. */
export function change(kind: ChangeKind, id: string, agentId?: AgentId | null): Change {
  return { kind, id, agentId: agentId ?? null };
}

/** An agent has changed. */
export function agentChanged(id: AgentId): Change {
  return change("agent.changed", id, id);
}

/** One change, which nobody has to be asked about. */
export function tell(kind: ChangeKind, id: string, agentId?: AgentId | null): Told {
  return { changes: [change(kind, id, agentId)] };
}

/** What the log of actions says of something that was done. */
export function noteOf(action: string, resourceKind: string, resourceId: string | null): AuditNote {
  return { action, resourceKind, resourceId, outcome: "done", change: {} };
}

/** Something was made: both told and checked. */
export function made(what: Changing, id: string, agentId?: AgentId): Told {
  return { ...tell(`${what}.created`, id, agentId), audit: noteOf(`${what}.created`, what, id) };
}

/** Something is not there any more: both told and checked. */
export function gone(what: Changing, id: string, agentId?: AgentId): Told {
  return { ...tell(`${what}.deleted`, id, agentId), audit: noteOf(`${what}.deleted`, what, id) };
}

/** What stands in the place of what was there: which fields have changed, and nothing of what they hold. */
export function saved(
  what: Changing,
  next: { readonly id: string },
  before: { readonly id: string } | undefined,
): Told {
  const id = before?.id ?? next.id;
  const kind = before === undefined ? (`${what}.created` as const) : (`${what}.changed` as const);
  const fields = before === undefined ? {} : changedFields(before, { ...next, id });
  return { ...tell(kind, id), audit: { ...noteOf(kind, what, id), change: { fields } } };
}

/** What also gave a field another value that is told to nobody. */
export function withField(told: Told, field: string): Told {
  const { audit } = told;
  if (audit === undefined) return told;
  return {
    ...told,
    audit: { ...audit, change: { fields: { ...changedFields({}, { [field]: true }), ...fieldsOf(audit) } } },
  };
}

function fieldsOf({ change: { fields } }: AuditNote): object {
  return typeof fields === "object" && fields !== null ? fields : {};
}
