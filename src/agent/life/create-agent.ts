import { type Caller, mayEverywhere, requireModels } from "../../access/may.ts";
import { madeBy } from "../../core/authorship.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, type BlockId, type FolderId, type IdentityId, newId, type ToolId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Random } from "../../core/random.ts";
import { cut } from "../../core/text.ts";
import { isTimeZone, type TimeFormat } from "../../core/time-format.ts";
import { askedHandle } from "../../llm/catalog.ts";
import type { EmbeddingConfig, LlmConfig } from "../../llm/config.ts";
import type { ResponseFormat } from "../../llm/model.ts";
import type { Models } from "../../llm/models.ts";
import type { ToolRuntime } from "../../tools/runtime.ts";
import type { Tool } from "../../tools/tool.ts";
import type { ToolRule } from "../../tools/tool-rule.ts";
import { type BlockDraft, newBlock } from "../../umi/core/new-block.ts";
import type { Agent, AgentType, CompactionSettings, MemorySettings } from "../agent.ts";
import { baseToolsOf, fileLimitsFor, MULTI_AGENT_TOOLS, mayHaveCompanion, toolRulesFor } from "../agent-type.ts";
import { attachFolders } from "../files/attached-folders.ts";
import { mustFind } from "../find.ts";
import { newGroup, VOICE_BUFFER } from "../group.ts";
import type { InputMessage } from "../new-message.ts";
import type { Readers, Repositories, Store } from "../ports/ports.ts";
import { defaultCompactionPrompt, defaultSystemPrompt, MEMORY_PERSONA } from "../prompt/prompts.ts";
import { compilePrompt } from "../prompt/recompile.ts";
import type { CountTokens } from "../prompt/tokens.ts";
import { replaceAgentSecrets, requireSecrets, type SecretValues } from "../secrets/owned-secrets.ts";
import { friendlyName } from "./friendly-name.ts";
import { firstMessages } from "./initial-messages.ts";
import { chooseEmbedding, chooseModel, defaultSummariser, type ModelWish, requireFallbacks } from "./model-choice.ts";
import { tellOfTools } from "./tell-of-tools.ts";

/** What creating and changing agents needs. */
export interface AgentWorkshop {
  readonly store: Store;
  readonly models: Models;
  readonly clock: Clock;
  readonly random: Random;
  readonly times: TimeFormat;
  readonly countTokens: CountTokens;
  /** The handle of the embedding model that those get who name none; null leaves them without. */
  readonly defaultEmbedding: string | null;
  /** Where tools run that are not built in; null where there is no such place. */
  readonly toolRuntime: ToolRuntime | null;
  /** Told what a person should know, and every failure that a client is only shown as a 500. */
  readonly log: (message: string, error?: unknown) => void;
}

/** What a request says about compaction; what is absent keeps its present value or the default. */
export type CompactionWish = Partial<CompactionSettings>;

/** A new agent as somebody asks for it. Absent fields get the defaults of the agent's type. */
export interface AgentDraft {
  readonly name?: string;
  readonly description?: string;
  readonly agentType: AgentType;
  readonly system?: string;
  readonly model: ModelWish;
  readonly embedding?: string;
  readonly embeddingConfig?: EmbeddingConfig;
  readonly embeddingChunkSize?: number;
  readonly blocks: readonly BlockDraft[];
  readonly blockIds: readonly BlockId[];
  readonly identityIds?: readonly IdentityId[];
  readonly folderIds?: readonly FolderId[];
  readonly toolNames: readonly string[];
  readonly toolIds: readonly ToolId[];
  readonly includeBaseTools: boolean;
  readonly includeMultiAgentTools: boolean;
  readonly includeBaseToolRules: boolean | null;
  readonly toolRules: readonly ToolRule[];
  readonly tags: readonly string[];
  /** What only its tools may see. */
  readonly secrets?: SecretValues;
  readonly initialMessages: readonly InputMessage[] | null;
  readonly compaction: CompactionWish;
  readonly memorySettings?: MemorySettings;
  readonly fallbackModels?: readonly string[];
  readonly responseFormat?: ResponseFormat;
  readonly metadata?: JsonObject;
  readonly messageBufferAutoclear: boolean;
  readonly enableSleeptime?: boolean;
  readonly timezone?: string;
  readonly maxFilesOpen?: number;
  readonly perFileViewWindowCharLimit?: number;
  readonly hidden?: boolean;
  readonly projectId?: string;
  readonly templateId?: string;
  readonly baseTemplateId?: string;
  readonly deploymentId?: string;
  readonly entityId?: string;
}

/** An agent about which nobody has asked for anything in particular. */
const PLAIN_DRAFT: Omit<AgentDraft, "agentType" | "blocks" | "blockIds"> = {
  model: {},
  toolNames: [],
  toolIds: [],
  includeBaseTools: true,
  includeMultiAgentTools: false,
  includeBaseToolRules: null,
  toolRules: [],
  tags: [],
  initialMessages: null,
  compaction: {},
  messageBufferAutoclear: false,
};

/** The tag by which one agent marks another as its subordinate; such agents stay out of lists. */
const SUBORDINATE_TAG = "role:subagent";
/** Characters that a summary may have; Letta's default. */
const CLIP_CHARS_DEFAULT = 50_000;
/** Part of the messages that a sliding window lets go first. */
const WINDOW_SHARE_DEFAULT = 0.3;
/** Turns of an agent between two looks of its companion. */
const TURNS_PER_LOOK = 5;
const NAME_PATTERN = /^[\p{L}\p{M}\p{N}_ '-]*$/u;

/** Creates an agent with its blocks, tools, tags and first messages: all of it, or nothing. */
export async function createAgent(workshop: AgentWorkshop, caller: Caller, draft: AgentDraft): Promise<Agent> {
  const actor = mayEverywhere(caller, "agents:write");
  const fresh = await draftedAgent(workshop, caller, draft);
  const agent = await workshop.store.write(actor, async (repositories) => {
    const settled = await settleAgent(workshop, repositories, { actor, draft, agent: fresh });
    if (settled.enableSleeptime === true) await addCompanion(workshop, repositories, { actor, agent: settled });
    return settled;
  });
  tellOfTools(workshop, agent, await workshop.store.reader(actor).tools.listForAgent(agent.id));
  return agent;
}

/**
 * The agent that a draft asks for, of whom nothing is stored yet; {@link settleAgent} does that. May ask a provider, so never inside
 * a transaction. Throws a Failure for what no agent may be.
 */
export async function draftedAgent(workshop: AgentWorkshop, caller: Caller, draft: AgentDraft): Promise<Agent> {
  const actor = mayEverywhere(caller, "agents:write");
  checkDraft(draft);
  const llmConfig = await chooseModel(workshop.models.of(actor), draft.model, draft.agentType);
  const { fallbackModels = [], compaction, memorySettings } = draft;
  requireModels(caller, [askedHandle(llmConfig), compaction.model, memorySettings?.model, ...fallbackModels]);
  await requireFallbacks(workshop.models.of(actor), fallbackModels);
  const embeddingConfig = await embeddingOf(workshop, actor, draft);
  return newAgent(workshop, actor, draft, { llmConfig, embeddingConfig });
}

/** Whether agents may be called that. */
export function isAgentName(name: string): boolean {
  return NAME_PATTERN.test(name);
}

/** Throws unless it is a name that agents may have. */
export function requireAgentName(name: string): void {
  if (!isAgentName(name))
    throw new Failure(
      "invalid",
      `name: only letters, digits, spaces, hyphens, underscores and apostrophes are allowed, got '${cut(name, 100)}'`,
    );
}

/** Throws unless the runtime knows the time zone. */
export function requireTimeZone(zone: string): void {
  if (!isTimeZone(zone)) throw new Failure("invalid", `timezone: no IANA time zone is called '${cut(zone, 100)}'`);
}

/** The whole settings that a wish comes to on top of others; a new mode brings its own prompt. */
export function mergedCompaction(current: CompactionSettings, wish: CompactionWish): CompactionSettings {
  const mode = wish.mode ?? current.mode;
  const prompt = mode === current.mode ? current.prompt : defaultCompactionPrompt(mode);
  return { ...current, prompt, ...wish };
}

function checkDraft(draft: AgentDraft): void {
  if (draft.name !== undefined) requireAgentName(draft.name);
  if (draft.timezone !== undefined) requireTimeZone(draft.timezone);
  if (draft.secrets !== undefined) requireSecrets("secrets", draft.secrets);
  if (draft.agentType === "voice_convo_agent" && draft.enableSleeptime !== true)
    throw new Failure("invalid", "enable_sleeptime: must be true for an agent of type voice_convo_agent");
}

async function embeddingOf(workshop: AgentWorkshop, actor: Actor, draft: AgentDraft): Promise<EmbeddingConfig | null> {
  if (draft.embeddingConfig !== undefined) return draft.embeddingConfig;
  const handle = draft.embedding ?? workshop.defaultEmbedding;
  if (handle === null) return null;
  const config = await chooseEmbedding(workshop.models, handle, actor);
  return { ...config, embeddingChunkSize: draft.embeddingChunkSize ?? config.embeddingChunkSize };
}

interface ModelConfigs {
  readonly llmConfig: LlmConfig;
  readonly embeddingConfig: EmbeddingConfig | null;
}

/** The agent as its draft and its type have it. Its rules come when its tools are known, inside the transaction. */
function newAgent({ clock, random }: AgentWorkshop, actor: Actor, draft: AgentDraft, configs: ModelConfigs): Agent {
  const now = clock.now();
  const limits = fileLimitsFor(configs.llmConfig.contextWindow);
  return {
    id: newId("agent", random),
    name: draft.name ?? friendlyName(random),
    description: draft.description ?? null,
    agentType: draft.agentType,
    system: draft.system ?? defaultSystemPrompt(draft.agentType),
    toolRules: [],
    ...configs,
    compactionSettings: newCompaction(configs.llmConfig, draft.compaction),
    fallbackModels: draft.fallbackModels ?? null,
    memorySettings: draft.memorySettings ?? null,
    responseFormat: draft.responseFormat ?? null,
    metadata: draft.metadata ?? null,
    messageBufferAutoclear: draft.messageBufferAutoclear || draft.agentType === "workflow_agent",
    enableSleeptime: draft.enableSleeptime ?? null,
    timezone: draft.timezone ?? "UTC",
    maxFilesOpen: draft.maxFilesOpen ?? limits.maxFilesOpen,
    perFileViewWindowCharLimit: draft.perFileViewWindowCharLimit ?? limits.perFileViewWindowCharLimit,
    hidden: draft.tags.includes(SUBORDINATE_TAG) ? true : (draft.hidden ?? null),
    ...originOf(draft),
    lastRunCompletion: null,
    lastRunDurationMs: null,
    lastStopReason: null,
    ...madeBy(actor, now),
  };
}

/** Where an agent comes from, in Letta's words. */
function originOf(draft: AgentDraft) {
  return {
    projectId: draft.projectId ?? null,
    templateId: draft.templateId ?? null,
    baseTemplateId: draft.baseTemplateId ?? null,
    deploymentId: draft.deploymentId ?? null,
    entityId: draft.entityId ?? null,
  };
}

/** Whole settings of a new agent: those that are wished for, and else what goes with its model. */
export function newCompaction(llmConfig: LlmConfig, wish: CompactionWish): CompactionSettings {
  const mode = wish.mode ?? "sliding_window";
  return {
    modelSettings: null,
    promptAcknowledgement: false,
    clipChars: CLIP_CHARS_DEFAULT,
    mode,
    slidingWindowPercentage: WINDOW_SHARE_DEFAULT,
    ...wish,
    model: wish.model ?? defaultSummariser(llmConfig),
    prompt: wish.prompt ?? defaultCompactionPrompt(mode),
  };
}

/** Puts a drafted agent into the store with all that the draft gives it, inside the caller's transaction. */
export async function settleAgent(
  workshop: AgentWorkshop,
  repositories: Repositories,
  { actor, draft, agent: unruled }: { readonly actor: Actor; readonly draft: AgentDraft; readonly agent: Agent },
): Promise<Agent> {
  const tools = await toolsFor(repositories, draft);
  const agent = { ...unruled, toolRules: rulesOf(draft, unruled, tools) };
  await repositories.agents.insert(agent);
  await repositories.agents.setTags(agent.id, draft.tags);
  for (const tool of tools) await repositories.tools.attach(agent.id, tool.id);
  for (const block of draft.blocks.map((one) => newBlock(workshop, actor, one))) {
    await repositories.blocks.insert(block);
    await repositories.blocks.attach(agent.id, block);
  }
  for (const id of new Set(draft.blockIds)) {
    await repositories.blocks.attach(agent.id, await mustFind(repositories.blocks, id));
  }
  for (const id of draft.identityIds ?? []) {
    await mustFind(repositories.identities, id);
    await repositories.identities.attachAgent(id, agent.id);
  }
  await attachFolders(repositories, { agent, ids: draft.folderIds ?? [] }, workshop);
  await replaceAgentSecrets(workshop, repositories, { actor, agentId: agent.id, values: draft.secrets });
  const { times } = workshop;
  const prompt = await compilePrompt(repositories, agent, { recompiledAt: agent.createdAt, inContext: 0, times });
  const toolNames = tools.map((tool) => tool.name);
  const messages = firstMessages(workshop, { agent, prompt, toolNames, given: draft.initialMessages });
  await repositories.messages.append(agent.id, messages);
  return agent;
}

/**
 * Gives the agent a companion that shares its blocks and looks after them from now on, and the group that says so.
 * Agents of a type without companions, and those that manage a group already, are left alone.
 */
export async function addCompanion(
  workshop: AgentWorkshop,
  repositories: Repositories,
  { actor, agent }: { readonly actor: Actor; readonly agent: Agent },
): Promise<void> {
  const { llmConfig, embeddingConfig } = agent;
  const isVoice = agent.agentType === "voice_convo_agent";
  const isManager = (await repositories.groups.managedBy([agent.id])).size > 0;
  if (isManager || !mayHaveCompanion(agent.agentType)) return;
  const shared = (await repositories.blocks.listForAgent(agent.id)).filter(
    ({ label }) => label !== MEMORY_PERSONA.label,
  );
  const draft: AgentDraft = {
    ...PLAIN_DRAFT,
    name: `${agent.name}-sleeptime`,
    agentType: isVoice ? "voice_sleeptime_agent" : "sleeptime_agent",
    toolRules: isVoice ? [{ type: "run_first", toolName: "store_memories", args: null }] : [],
    blocks: [MEMORY_PERSONA],
    blockIds: shared.map((block) => block.id),
    timezone: agent.timezone,
    ...(agent.projectId === null ? {} : { projectId: agent.projectId }),
  };
  const companion = newAgent(workshop, actor, draft, { llmConfig, embeddingConfig });
  await settleAgent(workshop, repositories, { actor, draft, agent: companion });
  const members = { managerAgentId: agent.id, agentIds: [companion.id], description: "" };
  const looks = isVoice
    ? ({ managerType: "voice_sleeptime", ...VOICE_BUFFER } as const)
    : ({ managerType: "sleeptime", sleeptimeAgentFrequency: TURNS_PER_LOOK } as const);
  const group = newGroup(newId("group", workshop.random), workshop.clock.now(), { ...members, ...looks });
  await repositories.groups.insert(group);
}

function rulesOf(draft: AgentDraft, agent: Agent, tools: readonly Tool[]): readonly ToolRule[] {
  const { agentType, includeBaseToolRules, toolRules } = draft;
  const hasCompanion = draft.enableSleeptime === true;
  return toolRulesFor(
    { agentType, model: agent.llmConfig.model, hasCompanion, given: toolRules, includeBaseToolRules },
    tools,
  );
}

/** The tools of a new agent, each once: its type's own, those asked for by name, those asked for by id. */
async function toolsFor({ tools }: Readers, draft: AgentDraft): Promise<readonly Tool[]> {
  const base = draft.includeBaseTools ? baseToolsOf(draft.agentType, draft.enableSleeptime === true) : [];
  const builtin = [...base, ...(draft.includeMultiAgentTools ? MULTI_AGENT_TOOLS : [])];
  const names = [...new Set([...builtin, ...draft.toolNames])];
  const byName = new Map((names.length === 0 ? [] : await tools.findByNames(names)).map((tool) => [tool.name, tool]));
  const found = names.map((name) => byName.get(name) ?? missingTool(name, builtin.includes(name)));
  for (const id of draft.toolIds) {
    const tool = await tools.find(id);
    if (tool === undefined) throw new Failure("refused", `No tool has the id '${id}'`);
    if (!found.some((known) => known.id === tool.id)) found.push(tool);
  }
  return found;
}

/**
 * A built-in tool can be missing when somebody removed it, and be put back. Any other name is a mistake of the request.
 */
function missingTool(name: string, isBuiltin: boolean): never {
  if (!isBuiltin) throw new Failure("refused", `No tool is called '${name}'`);
  throw new Failure(
    "unavailable",
    `The built-in tool '${name}' is missing; POST /v1/tools/add-base-tools puts it back`,
  );
}
