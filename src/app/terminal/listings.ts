import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import { isRecord } from "../../core/json.ts";
import { nearest } from "../../core/nearest.ts";
import { whyNotRun } from "../../tools/catalog.ts";
import { findAgent, listModels } from "./agents.ts";
import { ask, type Connection } from "./connection.ts";
import { AgentShape, type AgentView, BlockShape, FactShape, ToolShape, type ToolView } from "./shapes.ts";

/** Something listed or shown: for a person as rows, for a program as it came. */
export interface Listing {
  readonly rows: readonly (readonly string[])[];
  /** What is said after the rows, or instead of them. */
  readonly remark?: string;
  readonly json: unknown;
}

/** Entries of a list that are shown when nobody says how many. */
export const LIMIT_DEFAULT = 50;
/** Names that are compared when one is not found. */
const NAMES_MAX = 200;

/** The newest agents. */
export async function agentsListing(connection: Connection, limit: number): Promise<Listing> {
  const agents = await ask(connection, { path: `/v1/agents/?limit=${limit}`, shape: z.array(AgentShape) });
  const count = await ask(connection, { path: "/v1/agents/count", shape: z.number() });
  return {
    rows: agents.map((agent) => [agent.name, agent.model ?? "no model", agent.id]),
    json: agents,
    ...remark(count === 0 ? "There are no agents yet. 'selkie chat' makes one." : more(count - agents.length)),
  };
}

/** One agent. */
export async function agentListing(connection: Connection, wanted: string): Promise<Listing> {
  const { id } = await requireAgent(connection, wanted);
  const include = ["blocks", "tools", "tags"].map((name) => `include=agent.${name}`).join("&");
  const agent = await ask(connection, { path: `/v1/agents/${id}?${include}`, shape: AgentShape });
  const names = (list: unknown, key: string) =>
    Array.isArray(list) ? list.map((entry) => (isRecord(entry) ? String(entry[key]) : String(entry))).join(", ") : "";
  const memory = isRecord(agent["memory_settings"]) ? agent["memory_settings"] : {};
  const rows = [
    ["name", agent.name],
    ["id", agent.id],
    ["model", agent.model ?? "no model"],
    ["made", String(agent["created_at"] ?? "")],
    ["description", typeof agent["description"] === "string" ? agent["description"] : ""],
    ["blocks", names(agent["blocks"], "label")],
    ["tools", names(agent["tools"], "name")],
    ["cannot run", toolsWithoutUse(await toolsOf(connection, agent))],
    ["tags", names(agent["tags"], "")],
    ["learns", memory["learn"] === true ? "yes" : "no"],
    ["recalls", memory["recall"] === true ? "yes" : "no"],
  ];
  return { rows: rows.filter(([, value]) => value !== ""), json: agent };
}

/** The models that the server offers. */
export async function modelsListing(connection: Connection, limit: number): Promise<Listing> {
  const models = await listModels(connection);
  const shown = models.slice(0, limit);
  const hasProvider = models.some(({ handle }) => !handle.startsWith("selkie/"));
  return {
    rows: shown.map((model) => [model.handle, windowOf(model.max_context_window)]),
    json: shown,
    ...remark(hasProvider ? more(models.length - shown.length) : NO_PROVIDER),
  };
}

const NO_PROVIDER =
  "No provider answers. Set OPENAI_API_KEY, ANTHROPIC_API_KEY, OLLAMA_BASE_URL or another for the server; 'selkie doctor' says what is wrong.";

/** One model. */
export async function modelListing(connection: Connection, wanted: string): Promise<Listing> {
  const models = await listModels(connection);
  const found = models.find(({ handle }) => handle === wanted);
  if (found === undefined) {
    const close = nearest(
      wanted,
      models.map(({ handle }) => handle),
    );
    throw new Failure(
      "not_found",
      `There is no model '${wanted}'. ${close === undefined ? "'selkie models' lists what there is" : `Is it '${close}'?`}`,
    );
  }
  const rows = [
    ["handle", found.handle],
    ["provider", found.provider_type ?? ""],
    ["window", windowOf(found.max_context_window)],
  ];
  return { rows: rows.filter(([, value]) => value !== ""), json: found };
}

/** The blocks of an agent, or of all. */
export async function blocksListing(
  connection: Connection,
  agent: AgentView | undefined,
  limit: number,
): Promise<Listing> {
  const path = agent === undefined ? "/v1/blocks/" : `/v1/agents/${agent.id}/core-memory/blocks`;
  const found = await ask(connection, { path: `${path}?limit=${limit + 1}`, shape: z.array(BlockShape) });
  const blocks = found.slice(0, limit);
  const empty = agent === undefined ? "There are no memory blocks yet." : `${agent.name} has no memory blocks.`;
  return {
    rows: blocks.map((block) => [
      block.label,
      ...(agent === undefined ? [block.id] : []),
      block.value.trim() === "" ? "(empty)" : block.value,
    ]),
    json: blocks,
    ...remark(blocks.length === 0 ? empty : moreThan(found, limit)),
  };
}

/** One block of an agent. */
export async function blockListing(connection: Connection, agent: AgentView, label: string): Promise<Listing> {
  const blocks = await ask(connection, {
    path: `/v1/agents/${agent.id}/core-memory/blocks?limit=${NAMES_MAX}`,
    shape: z.array(BlockShape),
  });
  const block = blocks.find((candidate) => candidate.label === label || candidate.id === label);
  if (block === undefined) {
    const close =
      nearest(
        label,
        blocks.map((candidate) => candidate.label),
      ) ?? blocks[0]?.label;
    throw new Failure(
      "not_found",
      `${agent.name} has no block '${label}'.${close === undefined ? "" : ` Is it '${close}'?`}`,
    );
  }
  const room = block.limit == null ? "" : ` of ${block.limit}`;
  return { rows: [], remark: `${block.label} (${block.value.length}${room} characters)\n${block.value}`, json: block };
}

/** What is known to an agent. */
export async function factsListing(connection: Connection, agent: AgentView, limit: number): Promise<Listing> {
  const found = await ask(connection, {
    path: `/v1/agents/${agent.id}/memory/facts?current=true&limit=${limit + 1}`,
    shape: z.array(FactShape),
  });
  const facts = found.slice(0, limit);
  const empty = `${agent.name} knows no facts yet. Agents learn them where memory_settings say so, as those of 'selkie chat' do.`;
  return {
    rows: facts.map((fact) => [(fact.valid_from ?? "").slice(0, "2026-01-01".length), fact.text]),
    json: facts,
    ...remark(facts.length === 0 ? empty : moreThan(found, limit)),
  };
}

const RecalledShape = z.looseObject({
  facts: z.array(FactShape),
  turns: z.array(z.looseObject({ text: z.string(), at: z.string().nullish(), role: z.string().nullish() })),
});

/** What an agent remembers that bears on some words. */
export async function recallListing(connection: Connection, agent: AgentView, words: string): Promise<Listing> {
  const found = await ask(connection, {
    path: `/v1/agents/${agent.id}/memory/recall`,
    shape: RecalledShape,
    method: "POST",
    body: { query: words },
  });
  const rows = [
    ...found.facts.map((fact) => ["fact", fact.text]),
    ...found.turns.map((turn) => [turn.role === "assistant" ? "agent" : "said", turn.text]),
  ];
  return {
    rows,
    json: found,
    ...remark(rows.length === 0 ? `${agent.name} remembers nothing about that.` : undefined),
  };
}

/** The tools among these that the server cannot run, and why. */
function toolsWithoutUse(tools: readonly ToolView[]): string {
  const idle = tools.flatMap((tool) => {
    const why = whyIdle(tool);
    return why === undefined ? [] : [`${tool.name} (${why})`];
  });
  return idle.join(", ");
}

/** Why a tool cannot run on a server of this version that shows it so; undefined when it can. */
function whyIdle({ name, runs_outside }: ToolView): string | undefined {
  return whyNotRun(name, runs_outside === true);
}

function toolsOf(connection: Connection, { id }: AgentView): Promise<readonly ToolView[]> {
  return ask(connection, {
    path: `/v1/agents/${id}/tools?limit=${NAMES_MAX}&include=runs_outside`,
    shape: z.array(ToolShape),
  });
}

/** An agent's tools. */
export async function toolsListing(connection: Connection, agent: AgentView): Promise<Listing> {
  const tools = await toolsOf(connection, agent);
  const rules = await ask(connection, { path: `/v1/agents/${agent.id}`, shape: AgentShape }).then(
    (state) => state["tool_rules"],
  );
  const asking = (Array.isArray(rules) ? rules : [])
    .filter(isRecord)
    .filter((rule) => rule["type"] === "requires_approval");
  return {
    rows: tools.map((tool) => {
      const isAsking = asking.some((rule) => rule["tool_name"] === tool.name);
      const why = whyIdle(tool);
      const notes = [...(isAsking ? ["asks first"] : []), ...(why === undefined ? [] : [`cannot run: ${why}`])];
      return [tool.name, [...notes.map((note) => `(${note})`), firstLine(tool.description ?? "")].join(" ").trim()];
    }),
    json: tools,
    ...remark(tools.length === 0 ? `${agent.name} has no tools.` : undefined),
  };
}

/** The agent with this id or name; who is near when there is none. */
export async function requireAgent(connection: Connection, wanted: string | undefined): Promise<AgentView> {
  const found = await findAgent(connection, wanted);
  if (found !== undefined) return found;
  if (wanted === undefined) throw new Failure("not_found", "There are no agents yet. 'selkie chat' makes one");
  const others = await ask(connection, { path: `/v1/agents/?limit=${NAMES_MAX}`, shape: z.array(AgentShape) });
  const close = nearest(
    wanted,
    others.map(({ name }) => name),
  );
  throw new Failure(
    "not_found",
    `There is no agent called '${wanted}'. ${close === undefined ? "'selkie agents' lists them" : `Is it '${close}'?`}`,
  );
}

function windowOf(tokens: number | null | undefined): string {
  return tokens == null ? "" : `${tokens.toLocaleString("en-US")} tokens`;
}

function firstLine(text: string): string {
  return (
    text
      .split("\n")
      .find((line) => line.trim() !== "")
      ?.trim() ?? ""
  );
}

function more(count: number): string | undefined {
  return count > 0 ? `${count} more; --limit shows them.` : undefined;
}

/** Of these lists nobody knows how long they are: one entry more than is shown was asked for. */
function moreThan(found: readonly unknown[], limit: number): string | undefined {
  return found.length > limit ? `There are more; --limit ${limit * 2} shows them.` : undefined;
}

function remark(text: string | undefined): { readonly remark?: string } {
  return text === undefined ? {} : { remark: text };
}
