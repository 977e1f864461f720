import { isRecord } from "../../../core/json.ts";

type Loose = Readonly<Record<string, unknown>>;

/** Whether it is a file of the older format: one agent, with all that is its own within it. */
export function isFlatFile(json: Loose): boolean {
  return "agent_type" in json && Array.isArray(json["core_memory"]) && Array.isArray(json["messages"]);
}

/** The same agent in the current format, not checked yet. */
export function fromFlatFile(json: Loose): Loose {
  const {
    core_memory,
    messages,
    tools,
    in_context_message_indices: indices,
    tags,
    metadata,
    metadata_,
    ...rest
  } = json;
  const { multi_agent_group: _, version: __, tool_exec_environment_variables: variables, ...agent } = rest;
  const blocks = numbered("block", core_memory).map(({ metadata_: described, ...block }) => {
    return { ...block, metadata: block["metadata"] ?? described };
  });
  const listed = numbered("message", messages).map((message) => ({
    ...message,
    content: message["content"] ?? message["text"],
  }));
  const inContext = (Array.isArray(indices) ? indices : []).map((index) => `message-${String(index)}`);
  return {
    agents: [
      {
        ...agent,
        id: "agent-0",
        metadata: metadata ?? metadata_,
        tags: (Array.isArray(tags) ? tags : []).map((tag: unknown) => (isRecord(tag) ? tag["tag"] : tag)),
        secrets: secretsOf(variables),
        tool_ids: numbered("tool", tools).map(({ id }) => id),
        block_ids: blocks.map(({ id }) => id),
        in_context_message_ids: inContext,
        messages: listed,
      },
    ],
    blocks,
    tools: numbered("tool", tools),
  };
}

/** The things of a list with the names that they would have in a file of the current format. */
function numbered(kind: string, list: unknown): readonly (Loose & { readonly id: string })[] {
  if (!Array.isArray(list)) return [];
  return list.map((thing: unknown, at) => ({ ...(isRecord(thing) ? thing : {}), id: `${kind}-${at}` }));
}

function secretsOf(variables: unknown): Loose {
  if (!Array.isArray(variables)) return isRecord(variables) ? variables : {};
  const pairs = variables.filter(isRecord).map(({ key, value }) => [String(key), value ?? ""]);
  return Object.fromEntries(pairs);
}
