import type { TurnError } from "../../agent/events.ts";
import type { Message } from "../../agent/message.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import type { Run, Step } from "../../agent/run.ts";
import type { RunId } from "../../core/id.ts";
import { isRecord } from "../../core/json.ts";

/** Steps and messages of one run that are read back. */
export const RESUMED = { limit: 1_000, order: "asc" } as const;

/** The steps that a run has taken, the first of them first. */
export function stepsOf({ steps }: Pick<Readers, "steps">, runId: RunId): Promise<readonly Step[]> {
  return steps.list({ runId }, RESUMED);
}

/** What went wrong in a run, from its own row; null when nothing did. */
export function errorOf({ metadata }: Run): TurnError | null {
  const error = metadata["error"];
  if (!isRecord(error)) return null;
  return { type: String(error["error_type"]), message: String(error["message"]), detail: String(error["detail"]) };
}

/** What a run said, of all its messages: what was sent to it has an otid, and so would have the answers it got. */
export function producedOf(messages: readonly Message[]): readonly Message[] {
  return messages.filter(
    ({ otid, role, approvals }) => otid === null && approvals.length === 0 && role !== "user" && role !== "system",
  );
}
