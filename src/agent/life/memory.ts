import { type Caller, may, mayEverywhere } from "../../access/may.ts";
import type { Scope } from "../../access/role.ts";
import { Failure } from "../../core/failure.ts";
import type { Actor, AgentId } from "../../core/id.ts";
import type { Learned } from "../../umi/facts/fact-memory.ts";
import { type About, Memory, type Remembered } from "../../umi/memory.ts";
import { spaceOf } from "../../umi/scope.ts";
import { mustFind } from "../find.ts";
import type { Readers, Repositories } from "../ports/ports.ts";
import type { AgentWorkshop } from "./create-agent.ts";

/** How facts call a user whose messages have no name. */
export const USER = "The user";

/** Whose memory is meant: an agent's, or one user's in the organisation; the organisation's own where the name is empty. */
export type MemoryPlace = { readonly agentId: AgentId } | { readonly user: string };

/** The name of a memory's space; throws a `not_found` Failure for an agent that does not exist. */
export async function spaceAt({ agents }: Pick<Readers, "agents">, place: MemoryPlace): Promise<string> {
  return "user" in place ? `memory:${spaceOf(place)}` : (await mustFind(agents, place.agentId)).id;
}

/** A memory over these stores, with the Failure of {@link spaceAt}. */
export async function memoryAt<Stores extends Readers>(
  sources: Pick<AgentWorkshop, "clock" | "random">,
  repositories: Stores,
  place: MemoryPlace,
): Promise<Memory<Stores>> {
  return memoryIn(await spaceAt(repositories, place), { sources, repositories, place });
}

/** A change of a memory, and what it takes to be allowed. */
export interface MemoryChange<T> {
  readonly place: MemoryPlace;
  readonly scope: "memory:write" | "memory:forget";
  readonly change: (memory: Memory) => Promise<T>;
}

/**
 * As `may`, for a memory. Who speaks for one identity has the memory of the user that is called as it is; nobody else who is
 * narrowed to agents reaches what belongs to none.
 */
export function mayIn(caller: Caller, scope: Scope, place: MemoryPlace): Actor {
  if ("agentId" in place) return may(caller, scope, place);
  if (caller.identityId === null) return mayEverywhere(caller, scope);
  if (place.user !== caller.identityId)
    throw new Failure("forbidden", `This key speaks for ${caller.identityId}; say ?user=${caller.identityId}`);
  return may(caller, scope);
}

/** Changes a memory, all of it or nothing. */
export function changeMemory<T>(
  workshop: AgentWorkshop,
  caller: Caller,
  { place, scope, change }: MemoryChange<T>,
): Promise<T> {
  const actor = mayIn(caller, scope, place);
  return workshop.store.write(actor, async (repositories) => change(await memoryAt(workshop, repositories, place)));
}

/** Keeps a text and the facts that it states. */
export function remember(
  workshop: AgentWorkshop,
  caller: Caller,
  { place, text, about }: { readonly place: MemoryPlace; readonly text: string; readonly about: About },
): Promise<Remembered> {
  const actor = mayIn(caller, "memory:write", place);
  return workshop.store.write(actor, async (repositories) => {
    const space = await spaceAt(repositories, place);
    const kept = await memoryIn(space, { sources: workshop, repositories, place }).remember(text, about);
    await oweJudging(repositories, space, kept.learned);
    return kept;
  });
}

/** Has a model judge later what was learned, where rules could not say what becomes of facts that were known before. */
export async function oweJudging(
  { backlog }: Pick<Repositories, "backlog">,
  space: string,
  learned: readonly Learned[],
): Promise<void> {
  if (learned.some(({ evolution }) => evolution.uncertain.length > 0)) await backlog.owe(space, "judge");
}

interface MemoryMeans<Stores> {
  readonly sources: Pick<AgentWorkshop, "clock" | "random">;
  readonly repositories: Stores;
  readonly place: MemoryPlace;
}

function memoryIn<Stores extends Readers>(
  space: string,
  { sources: { clock, random }, repositories, place }: MemoryMeans<Stores>,
): Memory<Stores> {
  const owner = "user" in place ? place.user : USER;
  return new Memory({ clock, random, space, owner, stores: repositories });
}
