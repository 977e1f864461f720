import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { Failure } from "../../core/failure.ts";
import { ask } from "../terminal/connection.ts";
import { type Mark, markOf, withMark } from "./mark.ts";
import { type Change, differences, type Fleet, idOf } from "./plan.ts";
import { blocksOf } from "./plan-blocks.ts";
import { planSchedules } from "./plan-schedules.ts";
import { removal } from "./removal.ts";
import { type DeclaredAgent, variableOf } from "./shape.ts";
import { AgentView, agentsNamed, allAgents } from "./views.ts";

/** What the API shows of a secret, and leaves as it is where it is sent back. */
const HIDDEN_VALUE = "********";
const SYSTEM_BYTES_MAX = 1024 * 1024;
/** Kinds of things that an agent is given, by where its links are made. */
const LINKED = { block: "core-memory/blocks", tool: "tools", folder: "folders" } as const;

/** The agents of the file that are there, by name. */
export async function knownAgents({ connection, file }: Fleet): Promise<ReadonlyMap<string, AgentView>> {
  const known = new Map<string, AgentView>();
  for (const name of Object.keys(file.declaration.agents)) {
    const [agent, other] = await agentsNamed(connection, name);
    if (other !== undefined)
      throw file.wrong(["agents", name], "is the name of several agents; give all but one another name");
    if (agent !== undefined) known.set(name, agent);
  }
  return known;
}

/** Compares agents with those that are there. */
export async function planAgents(fleet: Fleet, known: ReadonlyMap<string, AgentView>): Promise<readonly Change[]> {
  const { file, prunes, connection } = fleet;
  const changes: Change[] = [];
  for (const [name, agent] of Object.entries(file.declaration.agents)) {
    const before = known.get(name);
    const secrets = secretsOf(fleet, name, agent);
    const plan = { name, agent, fields: fieldsOf(fleet, name, agent), secrets };
    if (before === undefined) changes.push(creation(fleet, plan));
    else changes.push(...changeOf(fleet, plan, before));
    changes.push(...(await planSchedules(fleet, { name, agent, before })));
  }
  if (!prunes) return changes;
  const gone = (await allAgents(connection)).filter(
    ({ name, metadata }) => markOf(metadata).fleet === file.fleet && !Object.hasOwn(file.declaration.agents, name),
  );
  return [...changes, ...gone.map(({ name, id }) => removal(connection, `agent ${name}`, `/v1/agents/${id}`))];
}

interface AgentPlan {
  readonly name: string;
  readonly agent: DeclaredAgent;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, string>>;
}

/** What the API calls by the same names. */
function fieldsOf({ file }: Fleet, name: string, agent: DeclaredAgent): AgentPlan["fields"] {
  const { blocks: _1, tools: _2, folders: _3, secrets: _4, schedules: _5, tags: _6, metadata: _7, ...rest } = agent;
  const { system, system_file, include_base_tools: _8, ...fields } = rest;
  if (system_file === undefined) return { ...fields, system };
  const place = ["agents", name, "system_file"];
  if (system !== undefined) throw file.wrong(place, "stands beside system; one of them is enough");
  const path = resolve(file.folder, system_file);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() !== true || stat.size > SYSTEM_BYTES_MAX)
    throw file.wrong(place, `names ${system_file}, which is no file beside it of ${SYSTEM_BYTES_MAX} bytes at most`);
  return { ...fields, system: readFileSync(path, "utf8") };
}

function secretsOf({ file, environment }: Fleet, name: string, { secrets }: DeclaredAgent): AgentPlan["secrets"] {
  return Object.fromEntries(
    Object.entries(secrets).map(([key, reference]) => {
      const value = environment[variableOf(reference)];
      if (value !== undefined && value !== "") return [key, value];
      throw file.wrong(["agents", name, "secrets", key], `names ${reference}, which is not set in the environment`);
    }),
  );
}

/** What the file gives an agent, by kind. */
function givenOf(fleet: Fleet, name: string, { tools, folders, tags, secrets }: DeclaredAgent): Mark["given"] {
  return {
    block: [...blocksOf(fleet, name).values()],
    tool: [...new Set(tools)],
    folder: [...new Set(folders)],
    tag: tags,
    secret: Object.keys(secrets),
  };
}

function creation(fleet: Fleet, { name, agent, fields, secrets }: AgentPlan): Change {
  const { connection, file, ids } = fleet;
  if (agent.model === undefined) throw file.wrong(["agents", name], "is not there yet, so it needs a model");
  const given = givenOf(fleet, name, agent);
  const make = async () => {
    const linked = (kind: string) => (given[kind] ?? []).map((one) => idOf(fleet, kind, one));
    const body = {
      name,
      ...fields,
      tags: agent.tags,
      ...(agent.include_base_tools === undefined ? {} : { include_base_tools: agent.include_base_tools }),
      metadata: withMark(agent.metadata, { fleet: file.fleet, name, set: {}, given }),
      secrets,
      block_ids: linked("block"),
      tool_ids: linked("tool"),
      folder_ids: linked("folder"),
    };
    const made = await ask(connection, { path: "/v1/agents/", method: "POST", body, shape: AgentView });
    ids.set(`agent ${name}`, made.id);
  };
  return { sign: "+", what: `agent ${name}`, details: [`model ${agent.model}`], make };
}

function changeOf(fleet: Fleet, plan: AgentPlan, before: AgentView): readonly Change[] {
  const { file, ids } = fleet;
  const { name, agent, fields } = plan;
  ids.set(`agent ${name}`, before.id);
  if (agent.agent_type !== undefined && agent.agent_type !== before.agent_type)
    throw file.wrong(["agents", name, "agent_type"], `cannot change; the agent is a ${before.agent_type}`);
  const current = { ...before, context_window_limit: before.llm_config?.context_window };
  const { fields: changed, details } = differences(current, { ...fields, metadata: agent.metadata });
  const mark = markOf(before.metadata);
  const links = linksOf(fleet, plan, { before, mark });
  const lists = listsOf(fleet, plan, { before, mark });
  const all = [...details, ...lists.details, ...links.map(({ detail }) => detail)];
  if (all.length === 0) return [];
  const given = {
    ...mark.given,
    ...(mark.fleet === file.fleet || links.length + lists.details.length > 0
      ? notedGiven(fleet, plan, { before, mark })
      : {}),
  };
  const make = async () => {
    const metadata = withMark({ ...before.metadata, ...agent.metadata }, { ...mark, given });
    // What is taken back must be noted until it is gone, and what is given before it is there.
    for (const { isNew, make: link } of links) if (!isNew) await link();
    const body = { ...changed, ...lists.fields, metadata };
    await ask(fleet.connection, { path: `/v1/agents/${before.id}`, method: "PATCH", body, shape: AgentView });
    for (const { isNew, make: link } of links) if (isNew) await link();
  };
  return [{ sign: "~", what: `agent ${name}`, details: all, make }];
}

interface KnownAgent {
  readonly before: AgentView;
  readonly mark: Mark;
}

/** What an agent has of each kind, by the names that a file has for it. */
function hasOf(fleet: Fleet, before: AgentView): Mark["given"] {
  const names = new Map([...fleet.ids].map(([key, id]) => [id, key.slice(key.indexOf(" ") + 1)]));
  const known = (things: readonly { readonly id: string }[]) => things.flatMap(({ id }) => names.get(id) ?? []);
  return {
    block: known(before.blocks),
    tool: before.tools.map(({ name }) => name),
    folder: before.sources.map(({ name }) => name),
    tag: before.tags,
    secret: before.secrets.map(({ key }) => key),
  };
}

/** What was given by apply, now or before: what an agent had already it keeps, whatever is pruned. */
function notedGiven(fleet: Fleet, { name, agent }: AgentPlan, { before, mark }: KnownAgent): Mark["given"] {
  const has = hasOf(fleet, before);
  return Object.fromEntries(
    Object.entries(givenOf(fleet, name, agent)).map(([kind, wanted]) => {
      const earlier = mark.given[kind] ?? [];
      const fresh = wanted.filter((one) => earlier.includes(one) || has[kind]?.includes(one) !== true);
      const kept = fleet.prunes ? [] : earlier.filter((one) => !wanted.includes(one));
      return [kind, [...fresh, ...kept]];
    }),
  );
}

/** What was given before, and is not wanted any more. */
function takenBack(fleet: Fleet, kind: string, wanted: readonly string[], mark: Mark): readonly string[] {
  return fleet.prunes ? (mark.given[kind] ?? []).filter((one) => !wanted.includes(one)) : [];
}

/** Blocks, tools and folders that an agent gets or loses. */
function linksOf(fleet: Fleet, { name, agent }: AgentPlan, { before, mark }: KnownAgent) {
  const given = givenOf(fleet, name, agent);
  const has = hasOf(fleet, before);
  const labels = blocksOf(fleet, name);
  return Object.entries(LINKED).flatMap(([kind, place]) => {
    const wanted = given[kind] ?? [];
    const call = async (action: "attach" | "detach", id: string) => {
      const path = `/v1/agents/${before.id}/${place}/${action}/${id}`;
      const response = await fleet.connection.call(path, { method: "PATCH" });
      if (!response.ok && response.status !== 404)
        throw new Failure(
          "refused",
          `The ${kind} could not be ${action}ed to ${name}: the server answered ${response.status}: ${await response.text()}`,
        );
    };
    const fresh = wanted.filter((one) => has[kind]?.includes(one) !== true);
    const back = takenBack(fleet, kind, wanted, mark).filter(
      (one) => has[kind]?.includes(one) === true && fleet.ids.has(`${kind} ${one}`),
    );
    return [
      ...back.map((one) => ({
        isNew: false,
        detail: `- ${kind} ${one}`,
        make: () => call("detach", idOf(fleet, kind, one)),
      })),
      ...fresh.map((one) => ({
        isNew: true,
        detail: `+ ${kind} ${one}`,
        async make() {
          const label = [...labels].find(([, block]) => kind === "block" && block === one)?.[0];
          const other = before.blocks.find((block) => block.label === label);
          // An agent has one block of a label.
          if (other !== undefined) await call("detach", other.id);
          await call("attach", idOf(fleet, kind, one));
        },
      })),
    ];
  });
}

/** Tags and secrets, which are set as whole lists. */
function listsOf(fleet: Fleet, { agent, secrets }: AgentPlan, { before, mark }: KnownAgent) {
  const fields: Record<string, unknown> = {};
  const details: string[] = [];
  const newTags = agent.tags.filter((tag) => !before.tags.includes(tag));
  const oldTags = takenBack(fleet, "tag", agent.tags, mark).filter((tag) => before.tags.includes(tag));
  if (newTags.length + oldTags.length > 0)
    fields["tags"] = [...before.tags.filter((tag) => !oldTags.includes(tag)), ...newTags];
  details.push(...newTags.map((tag) => `+ tag ${tag}`), ...oldTags.map((tag) => `- tag ${tag}`));
  const held = before.secrets.map(({ key }) => key);
  const set = Object.keys(secrets).filter((key) => fleet.renewsSecrets || !held.includes(key));
  const oldSecrets = takenBack(fleet, "secret", Object.keys(secrets), mark).filter((key) => held.includes(key));
  if (set.length + oldSecrets.length > 0) {
    const kept = held.filter((key) => !oldSecrets.includes(key)).map((key) => [key, HIDDEN_VALUE]);
    fields["secrets"] = { ...Object.fromEntries(kept), ...Object.fromEntries(set.map((key) => [key, secrets[key]])) };
  }
  details.push(
    ...set.map((key) => `${held.includes(key) ? "~" : "+"} secret ${key}`),
    ...oldSecrets.map((key) => `- secret ${key}`),
  );
  return { fields, details };
}
