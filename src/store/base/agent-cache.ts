import type { Limit } from "../../access/limit.ts";
import type { Agent } from "../../agent/agent.ts";
import type { AgentId, OrganizationId } from "../../core/id.ts";
import type { Tool } from "../../tools/tool.ts";
import { createBoundedCache } from "./bounded-cache.ts";

const LIMITS = { itemsMax: 2_000, charsMax: 4_000_000, itemCharsMax: 100_000 };

/** The limits of an organisation by whom they are set for; "many" where there are too many to be kept. */
export type LimitsBySubject = ReadonlyMap<string, readonly Limit[]> | "many";

/** What is kept of an agent: its row, or its tools; and of an organisation its limits. */
interface Kept {
  readonly organizationId: string;
  readonly agent?: Agent;
  readonly tools?: readonly Tool[];
  readonly limits?: LimitsBySubject;
}

const WHATS = ["agent", "tools", "limits"] as const;
type What = (typeof WHATS)[number];
type Whose = AgentId | OrganizationId;

/** Where something belongs that is about to be read. */
export interface CachePlace {
  readonly what: What;
  readonly id: Whose;
  readonly organizationId: string;
  /** How often anything had changed before it was read: what was read before a change is not kept after it. */
  readonly changes: number;
}

/**
 * Agents and their tools as they are committed, and what limits each organisation has, read lately: every message needs
 * all three. The one server that has the right
 * to write changes them nowhere but where it says so here. What a transaction has changed nobody gets from here until it
 * has ended, and then it is read anew.
 */
export interface AgentCache {
  agent(id: AgentId, organizationId: string): Agent | undefined;
  tools(id: AgentId, organizationId: string): readonly Tool[] | undefined;
  limits(organizationId: OrganizationId): LimitsBySubject | undefined;
  /** Call before reading what is to be kept. */
  place(what: What, id: Whose, organizationId: string): CachePlace;
  keep(place: CachePlace, value: Pick<Kept, What>, chars: number): void;
  /** Call when a transaction changes an agent, the limits of an organisation, or what may be of many (`all`): tools. */
  change(id: Whose | "all"): void;
  /** Call when a transaction has ended, whichever way, before anybody can read what it left. */
  ended(): void;
  /** Forgets everything; it is read again. */
  clear(): void;
}

/** An empty {@link AgentCache}. */
export function createAgentCache(): AgentCache {
  const kept = createBoundedCache<string, Kept>(LIMITS);
  const changing = new Set<Whose | "all">();
  let changes = 0;

  const isChanging = (id: Whose) => changing.size > 0 && (changing.has("all") || changing.has(id));
  const found = (what: What, id: Whose, organizationId: string) => {
    const one = isChanging(id) ? undefined : kept.get(`${what} ${id}`);
    return one?.organizationId === organizationId ? one : undefined;
  };
  return {
    agent: (id, organizationId) => found("agent", id, organizationId)?.agent,
    tools: (id, organizationId) => found("tools", id, organizationId)?.tools,
    limits: (id) => found("limits", id, id)?.limits,
    place: (what, id, organizationId) => ({ what, id, organizationId, changes }),
    keep(place, value, chars) {
      if (place.changes !== changes || isChanging(place.id)) return;
      kept.set(`${place.what} ${place.id}`, { organizationId: place.organizationId, ...value }, chars);
    },
    change(id) {
      changing.add(id);
    },
    ended() {
      if (changing.size === 0) return;
      changes++;
      if (changing.has("all")) kept.clear();
      for (const id of changing) for (const what of WHATS) kept.delete(`${what} ${id}`);
      changing.clear();
    },
    clear: kept.clear,
  };
}
