import { ASK_TOOL, type Route, TELL_TOOL, WRITER, WRITERS } from "../judge/letters/letter-book.ts";
import { MODEL_NAMES } from "../servers/providers.ts";
import { type Clients, fetched, pause } from "./clients.ts";

/** People who begin letters, how many each begins, and how far one goes at most. */
const PEOPLE = 2;
const LETTERS = 3;
const STEPS_MAX = 4;
const THINK_MS_MAX = 4_000;

interface Made {
  readonly id: string;
}

/** Has agents of their own write to each other, in circles too, while all else goes on. */
export async function exchangeLetters(clients: Clients): Promise<void> {
  const { options, oracle, network, random } = clients;
  for (let index = 0; index < WRITERS; index++) {
    const provider = options.providers[index % options.providers.length] ?? options.providers[0];
    const body = {
      model: `${provider}/${MODEL_NAMES[provider][0]}`,
      tools: [ASK_TOOL, TELL_TOOL],
      include_base_tools: false,
      memory_blocks: [{ label: "persona", value: `cn-${WRITER + index};` }],
    };
    const agent = await fetched<Made>(clients, { method: "POST", path: "/v1/agents/", body });
    if (agent === undefined) return;
    oracle.letters.addWriter(agent.id);
  }
  const write = async () => {
    for (let sent = 0; sent < LETTERS; sent++) {
      const to = random.pick(oracle.letters.writers as [string, ...string[]]);
      const steps = 1 + random.int(STEPS_MAX);
      const routes = Array.from(
        { length: steps },
        (): Route => ({ to: random.int(WRITERS), waits: random.chance(0.7) }),
      );
      const messages = [{ role: "user", content: oracle.letters.begin(routes) }];
      // Sent once: whoever hears nothing of it does not know whether it was heard.
      await network.call({ method: "POST", path: `/v1/agents/${to}/messages`, body: { messages, streaming: false } });
      await pause(clients, THINK_MS_MAX);
    }
  };
  await Promise.all(Array.from({ length: PEOPLE }, write));
}
