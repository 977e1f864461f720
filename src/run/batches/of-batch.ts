import type { JsonObject } from "../../core/json.ts";

/** What lists of runs say of a run of a batch. */
export const RUN_TYPE = "batch";

/** Whether a run is one of a batch: it is a request of its own then, whatever its messages are called. */
export function isOfBatch({ metadata }: { readonly metadata: JsonObject }): boolean {
  return metadata["run_type"] === RUN_TYPE;
}
