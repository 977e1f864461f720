import { type Caller, may, mayEverywhere } from "../../access/may.ts";
import { mustFind, required } from "../../agent/find.ts";
import { draftedTool, type ToolDraft } from "../../agent/life/custom-tool.ts";
import type { Store } from "../../agent/ports/ports.ts";
import { agentsShowing, recompileAgents } from "../../agent/prompt/recompile.ts";
import { callEnvironment, suppliesOf } from "../../agent/secrets/environment.ts";
import { requireSecrets, type SecretValues } from "../../agent/secrets/owned-secrets.ts";
import type { AgentId } from "../../core/id.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { cut } from "../../core/text.ts";
import type { TimeFormat } from "../../core/time-format.ts";
import type { World } from "../../core/world.ts";
import { type BuiltinTool, isOutside, type ToolResult } from "../../tools/builtin.ts";
import { BUILTIN_TOOLS, whyNotRun } from "../../tools/catalog.ts";
import { type AgentView, type OutsideAnswer, runsOutside, type ToolRuntime } from "../../tools/runtime.ts";
import { type Tool, withPackages } from "../../tools/tool.ts";
import { errorLine, limitMessage, limitText } from "../../tools/tool-answer.ts";
import { coreOf, keepBlocks } from "../step/round-answers.ts";
import { callPatiently, limitsOf } from "./patient-call.ts";
import { type ToolOwner, toolContext } from "./tool-context.ts";

/** Characters of a name that a refusal repeats. */
const NAME_CHARS_SHOWN = 100;

/** What tools are called with. */
export interface HandOptions extends Pick<World, "clock" | "random"> {
  readonly store: Store;
  readonly toolRuntime: ToolRuntime | null;
  readonly times: TimeFormat;
}

/** What a tool answered. A call that went wrong is an answer, too. */
export interface HandAnswer {
  readonly status: "success" | "error";
  readonly message: string | JsonObject;
  /** What a tool returned that went well, not as text where it is no text. */
  readonly value: Json;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

/** A call by hand. */
export interface HandCall {
  readonly args: Readonly<Record<string, unknown>>;
  /** Aborts when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** A call of a source by hand. */
export interface SourceCall extends HandCall {
  readonly draft: ToolDraft;
  /** Which function of the source to run; null is the one that the source is described by. */
  readonly name: string | null;
  readonly variables: SecretValues;
}

/** Runs a source that is not kept, for no agent. Throws a Failure where there is no tool in it, or it is no caller's to run. */
export async function runSource(
  options: HandOptions,
  caller: Caller,
  { draft, name, variables, ...call }: SourceCall,
): Promise<HandAnswer> {
  const actor = mayEverywhere(caller, "tools:write");
  requireSecrets("env_vars", variables);
  const supplies = await suppliesOf(options.store.reader(actor), null);
  const drafted = draftedTool(options, actor, draft);
  const tool = withPackages(name === null ? drafted : { ...drafted, name }, supplies);
  const environment = callEnvironment({ ...supplies.variables, ...variables }, null, tool);
  return told(tool, await outside(options, { actor, agent: null, tool, environment, ...call }));
}

/** Runs a tool of an agent as the agent would, its secrets included; what it does to the agent's memory is kept. */
export async function runToolOf(
  options: HandOptions,
  caller: Caller,
  { agentId, name, ...call }: HandCall & { readonly agentId: AgentId; readonly name: string },
): Promise<HandAnswer> {
  const actor = may(caller, "tools:write", { agentId });
  const { store, clock, random } = options;
  const reader = store.reader(actor);
  const agent = await mustFind(reader.agents, agentId);
  const tools = await reader.tools.listForAgent(agentId);
  const tool = required(
    tools.find((one) => one.name === name),
    `Tool '${cut(name, NAME_CHARS_SHOWN)}' not found or not attached to agent '${agentId}'`,
  );
  const made = { isolatedBlockIds: [], queryVectors: new Map(), threadId: agentId };
  const owner: ToolOwner = { agent, actor, clock, random, ...made };
  const builtin = BUILTIN_TOOLS.get(name);
  if (builtin !== undefined && !isOutside(builtin))
    return runBuiltin(options, owner, { builtin, tool, args: call.args });
  const supplies = await suppliesOf(reader, agentId);
  const environment = callEnvironment(supplies.variables, agent, tool);
  const shown = await reader.blocks.listForAgent(agentId);
  const blocks = shown.map(({ label, value, limit }) => ({ label, value, limit }));
  const view = { id: agent.id, name: agent.name, timezone: agent.timezone, blocks };
  const given = { actor, agent: view, tool: withPackages(tool, supplies), environment, ...call };
  const answer = await outside(options, given);
  if (answer.status === "unknown" || Object.keys(answer.blocks).length === 0) return told(tool, answer);
  const kept = await changing(options, owner, (repositories) =>
    repositories.attempt(() => keepBlocks(coreOf(owner, repositories, new Map()), shown, answer.blocks)),
  );
  const text = kept.ok ? answer.text : `${answer.text}\n\nWhat it changed in memory was not kept: ${messageOf(kept)}`;
  return told(tool, { ...answer, text, status: kept.ok ? answer.status : "error" });
}

async function runBuiltin(
  options: HandOptions,
  owner: ToolOwner,
  { builtin, tool, args }: { readonly builtin: BuiltinTool; readonly tool: Tool; readonly args: HandCall["args"] },
): Promise<HandAnswer> {
  const result = await changing(options, owner, (repositories) => {
    const context = toolContext(owner, repositories, { changes: new Map(), exceptRunId: null });
    return repositories.attempt(() => builtin.call(args, context));
  });
  if (!result.ok) return failed(tool, result.message);
  const message = limitMessage(result.message, tool.returnCharLimit);
  return { status: "success", message, value: message, stdout: [], stderr: [] };
}

/** Does something to an agent's memory in one transaction, and brings the prompts up to date that show it. */
async function changing(
  { store, clock, times }: HandOptions,
  { agent, actor }: ToolOwner,
  work: (repositories: Parameters<Parameters<Store["write"]>[1]>[0]) => Promise<ToolResult>,
): Promise<ToolResult> {
  return store.write(actor, async (repositories) => {
    const result = await work(repositories);
    if (!result.ok || !result.promptChanged) return result;
    const blocks = await repositories.blocks.listForAgent(agent.id);
    const archiveId = await repositories.passages.archiveOf(agent.id);
    const others = await agentsShowing(repositories, { blockIds: blocks.map(({ id }) => id), archiveId });
    await recompileAgents(repositories, [...new Set([agent.id, ...others])], { clock, times });
    return result;
  });
}

async function outside(
  { toolRuntime, random, clock }: HandOptions,
  {
    signal,
    ...call
  }: HandCall &
    Pick<Parameters<ToolRuntime["call"]>[0], "actor" | "tool" | "environment"> & { readonly agent: AgentView | null },
): Promise<OutsideAnswer> {
  const { tool } = call;
  if (toolRuntime === null || !runsOutside(toolRuntime, tool)) {
    const text = whyNotRun(tool.name, false) ?? "it has no code that could be run";
    return { status: "error", text: `'${tool.name}' cannot be run here: ${text}`, stdout: [], stderr: [], blocks: {} };
  }
  const builtin = BUILTIN_TOOLS.get(tool.name);
  const timeoutMs = builtin !== undefined && isOutside(builtin) ? (builtin.timeoutMs ?? null) : null;
  return callPatiently({ clock, signal }, toolRuntime, {
    ...call,
    runId: null,
    callId: `call-${random.uuid()}`,
    limits: limitsOf(timeoutMs),
    wantsValue: true,
  });
}

function told(tool: Tool, answer: OutsideAnswer): HandAnswer {
  if (answer.status === "unknown")
    return failed(tool, `The call of '${tool.name}' was cut off: ${answer.reason}. Whether it took effect is unknown`);
  const { status, text, stdout, stderr } = answer;
  const message = limitText(text, tool.returnCharLimit);
  const lines = (all: readonly string[]) => all.map((line) => limitText(line, tool.returnCharLimit));
  if (status === "error" && stderr.length === 0) return { ...failed(tool, message), stdout: lines(stdout) };
  // What is cut off is text, whatever it was.
  const value = answer.value === undefined || message !== text ? message : answer.value;
  return { status, message, value, stdout: lines(stdout), stderr: lines(stderr) };
}

function failed({ name }: Tool, message: string): HandAnswer {
  return { status: "error", message, value: null, stdout: [], stderr: [errorLine(name, message)] };
}

function messageOf({ message }: ToolResult): string {
  return typeof message === "string" ? message : JSON.stringify(message);
}
