import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import { type BuiltinTool, defineTool, type OutsideBuiltin, objectSchema } from "../builtin.ts";
import { MESSAGING } from "./messaging.ts";

/** Says something to all agents of the group that the agent leads, and waits for what they answer. */
export const askGroup: OutsideBuiltin = {
  ...MESSAGING,
  name: "send_message_to_all_agents_in_group",
  description: "Say something to every agent of your group and collect what they answer.",
  parameters: objectSchema({ message: { type: "string", description: "What to say to them." } }, ["message"]),
};

/** Somebody who may be chosen. */
export interface Candidate {
  readonly id: string;
  readonly name: string;
}

const NEXT = "next_speaker_agent_id";

/** Names who speaks next; these agents are the choices, and the answer is the id of the one that was chosen. */
export function chooseNext(candidates: readonly Candidate[]): BuiltinTool {
  const ids = candidates.map(({ id }) => id);
  const named = candidates.map(({ id, name }) => `${id} is ${JSON.stringify(name)}`).join("; ");
  return defineTool({
    name: "choose_next_participant",
    toolType: "letta_multi_agent_core",
    description: "Choose the agent that is to speak next in the group.",
    parameters: objectSchema({ [NEXT]: { type: "string", enum: ids, description: `The id of the agent: ${named}.` } }, [
      NEXT,
    ]),
    arguments: z.object({ [NEXT]: z.string() }),
    async run(args) {
      const chosen = args[NEXT] ?? "";
      if (!ids.includes(chosen)) throw new Failure("invalid", `Choose one of ${ids.join(", ")}`);
      return chosen;
    },
  });
}
