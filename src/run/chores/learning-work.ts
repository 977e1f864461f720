import type { Agent } from "../../agent/agent.ts";
import { oweJudging, USER } from "../../agent/life/memory.ts";
import type { Readers, Store } from "../../agent/ports/ports.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, parseId } from "../../core/id.ts";
import type { World } from "../../core/world.ts";
import type { Models } from "../../llm/models.ts";
import { learn } from "../../umi/facts/learning.ts";
import { createEntityExtractor } from "../../umi/facts/reading/entity-extractor.ts";
import type { SourceTurn } from "../../umi/facts/reading/extracted-fact.ts";
import type { Entry } from "../../umi/index/entry.ts";
import type { Budget } from "../budget/budget.ts";
import { type AskedModels, paidModels } from "../budget/paid-models.ts";
import { askOf } from "./ask-model.ts";
import type { WorkPiece } from "./backlog-work.ts";

/** Turns that are read at once: their facts are one transaction, for which others wait. */
const PIECE_TURNS_MAX = 32;

/** What reads turns for facts. */
export interface LearningWorkOptions {
  readonly store: Store;
  readonly models: Models;
  readonly budget: Budget;
  readonly world: Pick<World, "clock" | "random">;
  readonly log: (message: string, error?: unknown) => void;
}

/**
 * The work `learn`: reads what users said to an agent for facts, oldest first, and keeps what it finds together with how
 * far it came. What an agent says is not read: it says again what it was told, and would learn from itself.
 */
export function learningWork(options: LearningWorkOptions): WorkPiece {
  const { store, world, log } = options;
  return async ({ actor, space }, signal) => {
    const reader = store.reader(actor);
    const agent = await learnerOf(reader, space);
    if (agent === undefined) return { state: "done" };
    const entries = await reader.reading.next(space, PIECE_TURNS_MAX);
    if (entries.length === 0) return { state: "done" };
    const turns = entries.filter((entry) => entry.role === "user").map(toSource);
    const extractor = createEntityExtractor(await modelOf(options, { actor, agent }, signal));
    const { facts, left, unreadable } = await extractor.extract(turns, []);
    // Nothing is kept of a piece of which a part was not read: it is read again, whole.
    if (left.length > 0) throw new Failure("unavailable", "The model that reads for facts did not answer");
    if (unreadable.length > 0)
      log(
        `The model ${agent.memorySettings?.model} gave no answer that can be read, after three tries: agent ${space} learned nothing from ${unreadable.length} turns, ${unreadable[0]?.id} the first`,
      );
    await store.write(actor, async (repositories) => {
      if ((await learnerOf(repositories, space)) === undefined) return;
      const kept = await repositories.entries.find(
        space,
        entries.map((entry) => entry.id),
      );
      const through = kept.at(-1)?.number;
      // All of them are gone, perhaps with the numbers that they had.
      if (through === undefined) return;
      const learned = await learn(
        space,
        { facts, turns: kept.map(toSource) },
        {
          ...world,
          store: repositories.facts,
          entries: repositories.entries,
        },
      );
      await repositories.reading.advance(space, through);
      await oweJudging(repositories, space, learned);
    });
    return { state: entries.length < PIECE_TURNS_MAX ? "done" : "more" };
  };
}

/** The agent whose memory the space is, when it is one that learns. */
export async function learnerOf({ agents }: Pick<Readers, "agents">, space: string): Promise<Agent | undefined> {
  const id = parseId("agent", space);
  const agent = id === undefined ? undefined : await agents.find(id);
  return agent?.memorySettings?.learns === true ? agent : undefined;
}

/** The model that reads for facts, when the agent names one; without it rules read. */
async function modelOf(
  options: LearningWorkOptions,
  { actor, agent }: { readonly actor: Actor; readonly agent: Agent },
  signal: AbortSignal,
) {
  const handle = agent.memorySettings?.model ?? null;
  return handle === null ? {} : { ask: await askOf(memoryModels(options, actor, agent), handle, signal) };
}

/** The models that read and judge for an agent's memory, on behalf of whoever said what is read. */
export function memoryModels({ models, budget }: LearningWorkOptions, actor: Actor, { id }: Agent): AskedModels {
  return paidModels({ models, budget }, { actor, agentId: id, isBackground: true });
}

function toSource({ id, speaker, text, at }: Entry): SourceTurn {
  return { id, speaker: speaker === "" ? USER : speaker, text, at };
}
