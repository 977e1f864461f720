import type { Repositories, RunFilter } from "../agent/ports.ts";
import type { Runner } from "../agent/runner.ts";
import { Failure } from "../core/failure.ts";
import { parseId } from "../core/id.ts";

/** Runs that one cancel request reaches when it names none. */
const CANCELLED_MAX = 100;

/** Cancels the runs named, or every run at work that the filter finds. Tells what became of each. */
export async function cancelRuns(
  { runner }: { readonly runner: Runner },
  reader: Repositories,
  filter: RunFilter,
  named: readonly string[] | null,
): Promise<Record<string, string>> {
  const page = { limit: CANCELLED_MAX, order: "desc" } as const;
  const active = await reader.runs.list({ ...filter, statuses: ["created", "running"] }, page);
  const texts: readonly string[] = named ?? active.map((run) => run.id);
  if (texts.length === 0) throw new Failure("conflict", "CONFLICT: No active runs found to cancel");
  const entries = texts.map((text) => {
    const id = parseId("run", text);
    const isOurs = id !== undefined && active.some((run) => run.id === id);
    return [text, isOurs && runner.cancel(id) ? "cancelled" : "failed"];
  });
  return Object.fromEntries(entries);
}
