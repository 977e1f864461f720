import type { JsonObject } from "../../core/json.ts";
import { type OutsideBuiltin, objectSchema } from "../builtin.ts";

/** How long an agent may take to answer another. */
export const REPLY_MS_MAX = 600_000;

const message: JsonObject = { type: "string", description: "What to say. Who you are is added to it." };
const otherAgent: JsonObject = { type: "string", description: "Id of the agent to write to." };
const tags = (description: string): JsonObject => ({ type: "array", items: { type: "string" }, description });

/** What such tools have in common. A call names the run that it starts, so that the same call finds that run again and starts no other. */
export const MESSAGING = {
  toolType: "letta_multi_agent_core",
  enableParallelExecution: false,
  isIdempotent: true,
  timeoutMs: REPLY_MS_MAX,
  why: "its agents cannot reach one another",
} as const;

/** Writes to another agent and waits for what it answers. */
export const askAgent: OutsideBuiltin = {
  ...MESSAGING,
  name: "send_message_to_agent_and_wait_for_reply",
  description: "Write to another agent and wait for its answer. Use it to ask; to tell, there is no need to wait.",
  parameters: objectSchema({ message, other_agent_id: otherAgent }, ["message", "other_agent_id"]),
};

/** Writes to every agent that has certain tags, and waits for what they answer. */
export const askAgentsByTags: OutsideBuiltin = {
  ...MESSAGING,
  name: "send_message_to_agents_matching_tags",
  description: "Write to every agent with certain tags and collect the answers.",
  parameters: objectSchema(
    {
      message,
      match_all: tags("Tags that an agent must all have."),
      match_some: tags("Tags of which an agent must have one at least."),
    },
    ["message", "match_all", "match_some"],
  ),
};

/** Writes to another agent, which answers on its own time. */
export const tellAgent: OutsideBuiltin = {
  ...MESSAGING,
  name: "send_message_to_agent_async",
  description: "Tell another agent something without waiting for an answer.",
  parameters: objectSchema({ message, other_agent_id: otherAgent }, ["message", "other_agent_id"]),
};
