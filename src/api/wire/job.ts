import type { Run } from "../../agent/run.ts";
import type { JsonObject } from "../../core/json.ts";
import { toWireEnd } from "./run.ts";
import { isoTime, isoTimeOrNull } from "./time.ts";

/** A run in the shape of Letta's older, more general jobs. */
export function toWireJob(run: Run): JsonObject {
  return {
    created_by_id: null,
    last_updated_by_id: null,
    created_at: isoTime(run.createdAt),
    updated_at: isoTime(run.completedAt ?? run.createdAt),
    id: run.id,
    status: run.status,
    completed_at: isoTimeOrNull(run.completedAt),
    stop_reason: run.stopReason,
    metadata: run.metadata,
    job_type: "run",
    background: run.background,
    agent_id: run.agentId,
    ...toWireEnd(run),
  };
}
