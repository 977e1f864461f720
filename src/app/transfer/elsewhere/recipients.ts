import { systemFor } from "../../../access/may.ts";
import type { Agent } from "../../../agent/agent.ts";
import { newIdentity } from "../../../agent/identity.ts";
import { type AgentDraft, type AgentWorkshop, draftedAgent, settleAgent } from "../../../agent/life/create-agent.ts";
import type { Repositories } from "../../../agent/ports/ports.ts";
import { RECALL_CHARS_DEFAULT } from "../../../api/wire/agent-body.ts";
import { Failure } from "../../../core/failure.ts";
import { type Actor, type AgentId, parseId } from "../../../core/id.ts";
import { UnusableRow } from "../unusable-row.ts";
import { derivedId } from "./derived-id.ts";
import type { Elsewhere } from "./piece.ts";

/** Which agents an import fills. */
export interface RecipientWish {
  readonly workshop: AgentWorkshop;
  readonly actor: Actor;
  readonly format: Elsewhere;
  /** The name or id of the agent; that of the program when undefined. */
  readonly agent: string | undefined;
  /** The model of agents that are made; undefined takes the first that a provider offers. */
  readonly model: string | undefined;
  /** Whether what is said is read for facts. */
  readonly learns: boolean;
  /** Whether each user of the file gets an agent. */
  readonly isSplit: boolean;
}

/** An agent that an import filled. */
export interface FilledAgent {
  readonly agent: Agent;
  readonly wasMade: boolean;
  /** Whether nobody knew its user before. */
  readonly isNewUser: boolean;
}

/** Finds the agents of an import, and makes those that are not there, each when something comes for it. */
export interface Recipients {
  /** The agent of a user; null is of nobody in particular. */
  of(user: string | null): Promise<FilledAgent>;
  /** What a user is called from now on, where their agent is still to be made. */
  name(user: string, name: string): void;
  all(): readonly FilledAgent[];
}

/** Agents that one import fills. */
const AGENTS_MAX = 1_000;
const NAME_CHARS_MAX = 100;
const REHEARSAL = "selkie/rehearsal";
const NAMES: Readonly<Record<Elsewhere, string>> = { chatgpt: "ChatGPT", claude: "Claude", mem0: "mem0", zep: "Zep" };
const PERSONA = "I go on with what was said and known before I was here: I remember it, and say so when it matters.";

/** See {@link Recipients}. */
export function createRecipients(wish: RecipientWish): Recipients {
  const filled = new Map<string, FilledAgent>();
  const names = new Map<string, string>();
  return {
    async of(user) {
      const key = user === null ? "" : `user:${user}`;
      const known = filled.get(key);
      if (known !== undefined) return known;
      if (filled.size >= AGENTS_MAX) throw new UnusableRow(`an import fills ${AGENTS_MAX} agents at most`);
      const found = await recipient(wish, user, names.get(user ?? ""));
      filled.set(key, found);
      return found;
    },
    name(user, name) {
      if (names.size < AGENTS_MAX) names.set(user, name);
    },
    all: () => [...new Map([...filled.values()].map((one) => [one.agent.id, one])).values()],
  };
}

async function recipient(wish: RecipientWish, user: string | null, name: string | undefined): Promise<FilledAgent> {
  const { workshop, actor, format, isSplit } = wish;
  const base = wish.agent ?? NAMES[format];
  const ownId = isSplit && user !== null ? derivedId("agent", [actor.organizationId, format, base, user]) : undefined;
  const known =
    ownId === undefined ? await namedAgent(wish, base) : await workshop.store.reader(actor).agents.find(ownId);
  if (known !== undefined) {
    requireLearning(wish, known);
    const isNewUser = await workshop.store.write(actor, (repositories) =>
      identify(repositories, wish, { agentId: known.id, user, name }),
    );
    return { agent: known, wasMade: false, isNewUser };
  }
  const draft = await draftOf(wish, fitting(ownId === undefined ? base : `${base} ${user}`));
  const fresh = await draftedAgent(workshop, systemFor(actor), draft);
  return workshop.store.write(actor, async (repositories) => {
    const made = { ...fresh, ...(ownId === undefined ? {} : { id: ownId }) };
    const agent = await settleAgent(workshop, repositories, { actor, draft, agent: made });
    const isNewUser = await identify(repositories, wish, { agentId: agent.id, user, name });
    return { agent, wasMade: true, isNewUser };
  });
}

async function namedAgent({ workshop, actor }: RecipientWish, wanted: string): Promise<Agent | undefined> {
  const { agents } = workshop.store.reader(actor);
  const id = parseId("agent", wanted);
  if (id !== undefined) {
    const agent = await agents.find(id);
    if (agent === undefined) throw new Failure("refused", `--agent: there is no agent ${id}`);
    return agent;
  }
  const page = { limit: 2, order: "asc", orderBy: "created_at" } as const;
  const [agent, other] = await agents.list({ name: wanted, showHidden: true }, page);
  if (other !== undefined)
    throw new Failure(
      "refused",
      `--agent: several agents are called '${wanted}'; say which by its id, such as ${agent?.id}`,
    );
  return agent;
}

function requireLearning({ learns }: RecipientWish, { name, id, memorySettings }: Agent): void {
  if (learns && memorySettings?.learns !== true)
    throw new Failure(
      "refused",
      `--learn: the agent '${name}' does not learn. Have it do so first: PATCH /v1/agents/${id} with {"memory_settings": {"learn": true}}`,
    );
}

/** Notes whose agent it is, and says whether they are new here. Whoever is there already by that key is the same. */
async function identify(
  { identities }: Repositories,
  { workshop, actor, format }: RecipientWish,
  {
    agentId,
    user,
    name,
  }: { readonly agentId: AgentId; readonly user: string | null; readonly name: string | undefined },
): Promise<boolean> {
  if (user === null) return false;
  const known = await identities.findByKey(user, null);
  const properties = [{ key: "source", type: "string", value: format }] as const;
  const draft = { identifierKey: user, name: name ?? user, identityType: "user", properties } as const;
  const identity = known ?? newIdentity(workshop, actor, draft);
  if (known === undefined) await identities.insert(identity);
  await identities.attachAgent(identity.id, agentId);
  return known === undefined;
}

async function draftOf({ workshop, actor, model, learns }: RecipientWish, name: string): Promise<AgentDraft> {
  return {
    name,
    agentType: "letta_v1_agent",
    model: { handle: model ?? (await firstModel(workshop, actor)) },
    blocks: [
      { label: "persona", value: PERSONA },
      { label: "human", value: "" },
    ],
    blockIds: [],
    toolNames: [],
    toolIds: [],
    includeBaseTools: true,
    includeMultiAgentTools: false,
    includeBaseToolRules: null,
    toolRules: [],
    tags: [],
    initialMessages: [],
    compaction: {},
    memorySettings: { learns, model: null, recalls: true, recallCharsMax: RECALL_CHARS_DEFAULT },
    messageBufferAutoclear: false,
  };
}

async function firstModel({ models }: AgentWorkshop, actor: Actor): Promise<string> {
  const handles = (await models.of(actor).list()).map(({ config }) => config.handle);
  return handles.find((handle) => !handle.startsWith("selkie/")) ?? handles[0] ?? REHEARSAL;
}

/** A name that agents may have. */
function fitting(name: string): string {
  return name.replace(/[^\p{L}\p{M}\p{N}_ '-]+/gu, "_").slice(0, NAME_CHARS_MAX);
}
