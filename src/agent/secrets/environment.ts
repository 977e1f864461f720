import type { AgentId } from "../../core/id.ts";
import type { Tool } from "../../tools/tool.ts";
import type { Agent } from "../agent.ts";
import type { Readers } from "../ports/ports.ts";

/** Variables of a tool's environment. */
export type ToolEnvironment = Readonly<Record<string, string>>;

/** What every tool of an agent is given: the variables of its organisation's sandbox, and over them the agent's secrets. */
export async function agentEnvironment(
  { sandboxes, secrets }: Pick<Readers, "sandboxes" | "secrets">,
  agentId: AgentId | null,
): Promise<ToolEnvironment> {
  const local = await sandboxes.ofType("local");
  const owners = [local?.id, agentId].flatMap((id) => id ?? []);
  return (await secrets.open(owners)).values;
}

/** The whole environment of one call. What the server says of the agent and the tool goes over every other variable. */
export function callEnvironment(
  given: ToolEnvironment,
  agent: Pick<Agent, "id" | "projectId"> | null,
  tool: Pick<Tool, "id">,
): ToolEnvironment {
  const project = agent?.projectId ?? null;
  return {
    ...given,
    ...(agent === null ? {} : { LETTA_AGENT_ID: agent.id }),
    ...(project === null ? {} : { LETTA_PROJECT_ID: project, PROJECT_ID: project }),
    LETTA_TOOL_ID: tool.id,
  };
}
