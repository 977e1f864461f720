import type { AgentId } from "../../core/id.ts";
import { isRecord, type JsonObject } from "../../core/json.ts";
import type { Tool } from "../../tools/tool.ts";
import type { Agent } from "../agent.ts";
import type { Readers } from "../ports/ports.ts";

/** Variables of a tool's environment. */
export type ToolEnvironment = Readonly<Record<string, string>>;

/** What tools find there beside their source. */
export interface ToolSupplies {
  readonly variables: ToolEnvironment;
  /** Packages of pip. */
  readonly pipRequirements: readonly JsonObject[];
}

/**
 * What every tool of an agent is given: the variables of its organisation's sandbox, over them the agent's secrets, and
 * the packages of that sandbox.
 */
export async function suppliesOf(
  { sandboxes, secrets }: Pick<Readers, "sandboxes" | "secrets">,
  agentId: AgentId | null,
): Promise<ToolSupplies> {
  const local = await sandboxes.ofType("local");
  const owners = [local?.id, agentId].flatMap((id) => id ?? []);
  const packages = local?.config["pip_requirements"] ?? null;
  return {
    variables: (await secrets.open(owners)).values,
    pipRequirements: Array.isArray(packages) ? packages.filter((one): one is JsonObject => isRecord(one)) : [],
  };
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
