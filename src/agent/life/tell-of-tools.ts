import { whyNotRun } from "../../tools/catalog.ts";
import { runsOutside, type ToolRuntime } from "../../tools/runtime.ts";
import type { Tool } from "../../tools/tool.ts";
import { requiresApproval } from "../../tools/tool-rules.ts";
import type { Agent } from "../agent.ts";

/** Tools that one line names. */
const NAMED_MAX = 20;

/**
 * Says in the log which of these tools of an agent cannot run here, and why: otherwise nobody hears of it before a model
 * calls one. Those that wait for an approval are left out, as a client may answer them itself.
 */
export function tellOfTools(
  { log, toolRuntime }: { readonly log: (message: string) => void; readonly toolRuntime: ToolRuntime | null },
  agent: Agent,
  tools: readonly Tool[],
): void {
  const idle = tools.flatMap((tool) => {
    const why = whyNotRun(tool.name, runsOutside(toolRuntime, tool));
    return why === undefined || requiresApproval(agent.toolRules, tool.name) ? [] : [`${tool.name} (${why})`];
  });
  if (idle.length === 0) return;
  const more = idle.length > NAMED_MAX ? ` and ${idle.length - NAMED_MAX} more` : "";
  const named = idle.slice(0, NAMED_MAX).join(", ");
  log(`Agent ${agent.id} has tools that this server cannot run: ${named}${more}`);
}
