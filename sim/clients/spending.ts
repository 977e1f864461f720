import { SPENDER, SPENDER_OUTPUT_MAX } from "../judge/budget-book.ts";
import { MODEL_NAMES } from "../servers/providers.ts";
import { type Clients, fetched, pause } from "./clients.ts";

/** Conversations that spend at the same time, and what each says. */
const CONVERSATIONS = 5;
const MESSAGES = 3;
/** Enough for some of it: what a call can come to at most fits a few times. */
const AMOUNT = 14_000;
/** Longer than any seed. */
const WINDOW_SECONDS = 31_622_400;
const THINK_MS_MAX = 2_000;

interface Made {
  readonly id: string;
}

/** Has an agent with a budget talk in several conversations at once, until that is spent. What it says nobody judges. */
export async function spend(clients: Clients): Promise<void> {
  const { options, oracle, network } = clients;
  const [provider] = options.providers;
  const agent = await fetched<Made>(clients, {
    method: "POST",
    path: "/v1/agents/",
    body: {
      model: `${provider}/${MODEL_NAMES[provider][0]}`,
      include_base_tools: false,
      memory_blocks: [{ label: "persona", value: `cn-${SPENDER};` }],
      model_settings: { provider_type: provider, max_output_tokens: SPENDER_OUTPUT_MAX },
    },
  });
  if (agent === undefined) return;
  const budget = { kind: "tokens", amount: AMOUNT, window: WINDOW_SECONDS };
  const body = { ...budget, subject_kind: "agent", subject_id: agent.id };
  // One whose answer was lost is there already.
  await fetched(clients, { method: "POST", path: "/v1/limits", body });
  oracle.budget.limited(agent.id, AMOUNT);
  const talk = async () => {
    const path = `/v1/conversations/?agent_id=${agent.id}`;
    const conversation = await fetched<Made>(clients, { method: "POST", path, body: {} });
    for (let sent = 0; conversation !== undefined && sent < MESSAGES; sent++) {
      const messages = [{ role: "user", content: `spend ${sent}` }];
      const request = { method: "POST", path: `/v1/conversations/${conversation.id}/messages` } as const;
      await network.call({ ...request, body: { messages, streaming: false } });
      await pause(clients, THINK_MS_MAX);
    }
  };
  await Promise.all(Array.from({ length: CONVERSATIONS }, talk));
}
