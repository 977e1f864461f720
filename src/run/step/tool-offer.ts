import { isRecord, type JsonObject } from "../../core/json.ts";
import type { ToolChoice, ToolSchema } from "../../llm/model.ts";
import type { Tool } from "../../tools/tool.ts";
import type { ToolRule } from "../../tools/tool-rule.ts";
import { allowedTools, forcedCall, isTerminal, requiresApproval, uncalledRequired } from "../../tools/tool-rules.ts";
import { HEARTBEAT, spokenSchema } from "./speech.ts";
import type { ToolOffer, Turn, TurnState } from "./turn-state.ts";

/** What the rules and the request leave of the agent's tools. It stays the same until a tool has answered. */
export function toolOffer(turn: Turn, state: TurnState): ToolOffer {
  const { calledTools, lastAnswer, lastOffer } = state;
  if (lastOffer?.calledTools === calledTools && lastOffer.lastAnswer === lastAnswer) return lastOffer.offer;
  const offer = newOffer(turn, { calledTools, lastAnswer });
  state.lastOffer = { calledTools, lastAnswer, offer };
  return offer;
}

/**
 * Asks the rules anew. They may take tools away, demand one, or end the turn, by what was called and answered so far.
 */
function newOffer(turn: Turn, { calledTools, lastAnswer }: Pick<TurnState, "calledTools" | "lastAnswer">): ToolOffer {
  const asked = askedTool(turn);
  if (asked !== undefined) {
    const schema = spokenSchema(schemaOf(asked), turn.speech, true);
    return { schemas: [schema], allowed: [asked.name], choice: { tool: asked.name } };
  }
  const schemas = allSchemas(turn);
  const rules = turn.agent.toolRules;
  const names = schemas.map((schema) => schema.name);
  const called = { history: calledTools, lastResult: lastAnswer };
  const allowed = allowedTools(rules, called, names);
  const offered = schemas.filter((schema) => allowed.includes(schema.name));
  const spoken = offered.map((schema) => spokenSchema(schema, turn.speech, isTerminal(rules, schema.name)));
  const forced = forcedCall(rules, called, names);
  return {
    schemas: spoken,
    allowed,
    choice: choiceOf(spoken, turn.speech.isByTool && forced === "auto" ? "required" : forced),
  };
}

/** The one tool that the run is for, whatever the agent's own rules say: who leads a group is asked nothing but who speaks. */
export function askedTool({ round }: Pick<Turn, "round">): Tool | undefined {
  return round?.place.part === "group_choice" ? round.tool?.row : undefined;
}

/** Whether the agent or the client has this tool, be it allowed now or not. */
export function hasTool(turn: Turn, toolName: string): boolean {
  return isClientTool(turn, toolName) || turn.tools.some((tool) => tool.name === toolName);
}

/** The tools that rules demand and this run has yet to call. */
export function missingTools(turn: Turn, calledTools: readonly string[]): readonly string[] {
  if (askedTool(turn) !== undefined) return [];
  const names = allSchemas(turn).map((schema) => schema.name);
  return uncalledRequired(turn.agent.toolRules, calledTools, names);
}

/** Whether rules look at the order of calls, so that each must be answered before it is known whether the next may run. */
export function hasOrder(rules: readonly ToolRule[]): boolean {
  return rules.some((rule) => rule.type !== "requires_approval");
}

/** Whether a call of this tool waits for a person or the client. */
export function asksApproval(turn: Turn, toolName: string): boolean {
  if (askedTool(turn) !== undefined) return false;
  return isClientTool(turn, toolName) || requiresApproval(turn.agent.toolRules, toolName);
}

/** Whether the client runs this tool itself. */
export function isClientTool(turn: Turn, toolName: string): boolean {
  return turn.options.clientTools.some((tool) => tool.name === toolName);
}

/** The agent's tools and the client's; a client's tool hides the agent's of the same name. */
function allSchemas(turn: Turn): readonly ToolSchema[] {
  const own = turn.tools.filter((tool) => !isClientTool(turn, tool.name)).map(schemaOf);
  return [...own, ...turn.options.clientTools];
}

/** A tool as a model sees it. */
export function schemaOf(tool: Tool): ToolSchema {
  const schema = tool.jsonSchema ?? {};
  const parameters = schema["parameters"];
  return {
    name: tool.name,
    description: String(schema["description"] ?? tool.description ?? ""),
    parameters: isRecord(parameters) ? withoutHeartbeat(parameters) : { type: "object", properties: {}, required: [] },
  };
}

/** How a run goes on is the agent's to ask, not the tool's: a schema that holds it, as Letta's of MCP tools do, is shown without. */
function withoutHeartbeat(parameters: JsonObject): JsonObject {
  const { properties, required } = parameters;
  if (!isRecord(properties) || !(HEARTBEAT in properties)) return parameters;
  const { [HEARTBEAT]: _, ...own } = properties;
  const left = Array.isArray(required) ? { required: required.filter((name) => name !== HEARTBEAT) } : {};
  return { ...parameters, properties: own, ...left };
}

/**
 * The choice in words that all providers take: none where there are no tools, and by its name the only one that may
 * come.
 */
function choiceOf(schemas: readonly ToolSchema[], choice: ToolChoice): ToolChoice {
  const [only] = schemas;
  if (only === undefined) return "none";
  return choice === "required" && schemas.length === 1 ? { tool: only.name } : choice;
}
