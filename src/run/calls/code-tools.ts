import type { Store } from "../../agent/ports/ports.ts";
import type { CodeTools } from "../../tools/code/code-tools.ts";
import { requiresApproval } from "../../tools/tool-rules.ts";

/** The tools of agents, as code that they run may call them. */
export function codeToolsOf(store: Pick<Store, "reader">): CodeTools {
  return async ({ actor, agent }) => {
    if (agent === null) return [];
    const reader = store.reader(actor);
    const rules = (await reader.agents.find(agent.id))?.toolRules ?? [];
    const tools = await reader.tools.listForAgent(agent.id);
    return tools.map((tool) => ({ tool, needsApproval: requiresApproval(rules, tool.name) }));
  };
}
