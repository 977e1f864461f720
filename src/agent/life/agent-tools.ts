import { type Caller, may } from "../../access/may.ts";
import type { AgentId, ToolId } from "../../core/id.ts";
import { cut } from "../../core/text.ts";
import type { Tool } from "../../tools/tool.ts";
import type { ToolRule } from "../../tools/tool-rule.ts";
import type { Agent } from "../agent.ts";
import { mustFind, mustSee, required } from "../find.ts";
import type { Repositories } from "../ports/ports.ts";
import { recompileAgent } from "../prompt/recompile.ts";
import type { AgentWorkshop } from "./create-agent.ts";
import { saveEdited } from "./edited-agent.ts";
import { tellOfTools } from "./tell-of-tools.ts";

/** A tool of an agent, or one that it is to have. */
export interface AgentTool {
  readonly agentId: AgentId;
  readonly toolId: ToolId;
}

/** Gives an agent a tool, and the rule that its calls wait for a person where the tool wants that. */
export async function attachTool(
  workshop: AgentWorkshop,
  caller: Caller,
  { agentId, toolId }: AgentTool,
): Promise<Agent> {
  const words = `Tool with id=${toolId} not found in organization=${caller.organizationId}`;
  const actor = may(caller, "agents:write", { agentId });
  await mustSee(workshop.store, actor, ({ tools }) => mustFind(tools, toolId, words));
  return changeTools(workshop, caller, {
    agentId,
    async change({ tools }, { toolRules }) {
      const tool = await mustFind(tools, toolId, words);
      await tools.attach(agentId, toolId);
      const asks = tool.defaultRequiresApproval === true;
      return { toolRules: asks ? withApproval(toolRules, tool.name, true) : toolRules, attached: [tool] };
    },
  });
}

/** Takes a tool away from an agent. Rules that name it stay. */
export function detachTool(workshop: AgentWorkshop, caller: Caller, { agentId, toolId }: AgentTool): Promise<Agent> {
  return changeTools(workshop, caller, {
    agentId,
    async change({ tools }, { toolRules }) {
      await tools.detach(agentId, toolId);
      return { toolRules, attached: [] };
    },
  });
}

/** Makes the calls of an agent's tool wait for a person, or no longer. */
export function setApproval(
  workshop: AgentWorkshop,
  caller: Caller,
  { agentId, toolName, requires }: { readonly agentId: AgentId; readonly toolName: string; readonly requires: boolean },
): Promise<Agent> {
  return changeTools(workshop, caller, {
    agentId,
    async change({ tools }, { toolRules }) {
      const tool = (await tools.listForAgent(agentId)).find(({ name }) => name === toolName);
      required(tool, `Tool with name '${cut(toolName, 100)}' is not attached to agent ${agentId}`);
      return { toolRules: withApproval(toolRules, toolName, requires), attached: [] };
    },
  });
}

/** The rules that an agent has from now on, and the tools that it has got. */
interface Change {
  readonly toolRules: readonly ToolRule[];
  readonly attached: readonly Tool[];
}

interface ToolsChange {
  readonly agentId: AgentId;
  readonly change: (repositories: Repositories, agent: Agent) => Promise<Change>;
}

/**
 * Changes tools and rules in one transaction. The prompt is compiled again only when the rules changed, as it does not
 * show the tools.
 */
async function changeTools(workshop: AgentWorkshop, caller: Caller, wanted: ToolsChange): Promise<Agent> {
  const actor = may(caller, "agents:write", { agentId: wanted.agentId });
  const { agent, attached } = await workshop.store.write(actor, async (repositories) => {
    const current = await mustFind(repositories.agents, wanted.agentId);
    const { toolRules, attached } = await wanted.change(repositories, current);
    const changed = await saveEdited(repositories, { ...current, toolRules }, { actor, clock: workshop.clock });
    if (toolRules !== current.toolRules) await recompileAgent(repositories, changed, workshop);
    return { agent: changed, attached };
  });
  tellOfTools(workshop, agent, attached);
  return agent;
}

function withApproval(rules: readonly ToolRule[], toolName: string, requires: boolean): readonly ToolRule[] {
  const others = rules.filter((rule) => rule.type !== "requires_approval" || rule.toolName !== toolName);
  return requires ? [...others, { type: "requires_approval", toolName }] : others;
}
