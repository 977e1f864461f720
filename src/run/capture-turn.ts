import { type Caller, may } from "../access/may.ts";
import { mustFind, mustSee } from "../agent/find.ts";
import type { Message } from "../agent/message.ts";
import { newMessage } from "../agent/new-message.ts";
import type { Store } from "../agent/ports/ports.ts";
import { PLAIN_OPTIONS } from "../agent/turn-options.ts";
import type { Clock } from "../core/clock.ts";
import type { AgentId, RunId } from "../core/id.ts";
import type { Random } from "../core/random.ts";
import type { TimeFormat } from "../core/time-format.ts";
import type { Runner } from "./runner.ts";
import { countTurn } from "./step/sleeptime.ts";

/** What capturing needs. */
export interface CaptureOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly times: TimeFormat;
  readonly runner: Pick<Runner, "wake">;
}

/** A turn that went past this server, between a person and a model. */
export interface CapturedTurn {
  readonly agentId: AgentId;
  /** The name of the model that answered. */
  readonly model: string;
  readonly asked: readonly string[];
  readonly answer: string;
}

/** What was stored of a turn, and the runs in which companions will read of it. */
export interface Captured {
  readonly messages: number;
  readonly runIds: readonly RunId[];
}

/**
 * Keeps what was said elsewhere in an agent's name: in its history and its searches, and read by its companions like any
 * turn. The context stays as it is, as in Letta.
 */
export async function captureTurn(options: CaptureOptions, caller: Caller, turn: CapturedTurn): Promise<Captured> {
  const { agentId } = turn;
  const actor = may(caller, "agents:talk", { agentId });
  await mustSee(options.store, actor, ({ agents }) => mustFind(agents, agentId));
  const captured = await options.store.write(actor, async (repositories): Promise<Captured> => {
    const agent = await mustFind(repositories.agents, agentId);
    const said = rowsOf(options, turn);
    const [context = []] = (await repositories.messages.contextIds([agentId])).values();
    await repositories.messages.append(agentId, said);
    await repositories.messages.keepInContext(agentId, context);
    const ended = { ...options, agent, options: PLAIN_OPTIONS, timeFormat: options.times };
    return { messages: said.length, runIds: (await countTurn(ended, repositories)) ?? [] };
  });
  if (captured.runIds.length > 0) options.runner.wake();
  return captured;
}

function rowsOf(sources: CaptureOptions, { agentId, model, asked, answer }: CapturedTurn): readonly Message[] {
  const place = { agentId, conversationId: null, runId: null, stepId: null, model: null };
  const row = (role: "user" | "assistant", text: string) =>
    newMessage(
      sources,
      { ...place, model: role === "user" ? null : model },
      { role, content: [{ type: "text", text }] },
    );
  return [...asked.map((text) => row("user", text)), row("assistant", answer)];
}
