import type { Readers } from "../../agent/ports/ports.ts";
import type { Step } from "../../agent/run.ts";
import type { OrganizationId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { toWireStep } from "../wire/step.ts";

/** Steps as clients see them, each with its trace. */
export async function showSteps(
  { runs }: Pick<Readers, "runs">,
  organizationId: OrganizationId,
  steps: readonly Step[],
): Promise<readonly JsonObject[]> {
  const roots = await runs.rootsOf(steps.map(({ runId }) => runId));
  return steps.map((step) => toWireStep(step, { organizationId, rootRunId: roots.get(step.runId) ?? step.runId }));
}
