import { type Caller, may } from "../../access/may.ts";
import type { AgentId } from "../../core/id.ts";
import { mustFind } from "../find.ts";
import { type RecompileOptions, recompileAgent } from "../prompt/recompile.ts";
import type { AgentWorkshop } from "./create-agent.ts";

/** Whose prompt is compiled again, and how. */
export interface PromptWish extends Omit<RecompileOptions, "clock" | "times"> {
  readonly agentId: AgentId;
}

/** Compiles a conversation's prompt again because somebody asks for it, and gives its text. */
export function recompilePrompt(
  { store, clock, times }: Pick<AgentWorkshop, "store" | "clock" | "times">,
  caller: Caller,
  { agentId, ...wish }: PromptWish,
): Promise<string> {
  const actor = may(caller, "agents:write", { agentId });
  return store.write(actor, async (repositories) =>
    recompileAgent(repositories, await mustFind(repositories.agents, agentId), { clock, times, ...wish }),
  );
}
