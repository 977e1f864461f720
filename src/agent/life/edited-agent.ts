import { changedBy } from "../../core/authorship.ts";
import type { Clock } from "../../core/clock.ts";
import type { Actor } from "../../core/id.ts";
import type { Agent } from "../agent.ts";
import type { Repositories } from "../ports/ports.ts";

/** What can be done with what hangs on an agent or a block. Either done twice is done once. */
export const LINK_ACTIONS = ["attach", "detach"] as const;

/** One of {@link LINK_ACTIONS}. */
export type LinkAction = (typeof LINK_ACTIONS)[number];

/** Stores the agent as this person has left it now, and gives it. */
export async function saveEdited(
  { agents }: Pick<Repositories, "agents">,
  agent: Agent,
  { actor, clock }: { readonly actor: Actor; readonly clock: Clock },
): Promise<Agent> {
  const edited = { ...agent, ...changedBy(actor, clock.now()) };
  await agents.save(edited);
  return edited;
}
