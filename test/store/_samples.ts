import type { Agent } from "../../src/agent/agent.ts";
import type { Conversation } from "../../src/agent/conversation.ts";
import type { Message, MessageRole } from "../../src/agent/message.ts";
import { newMessage } from "../../src/agent/new-message.ts";
import type { Run, Step } from "../../src/agent/run.ts";
import { type AgentId, type ArchiveId, DEFAULT_ACTOR, newId, type RunId } from "../../src/core/id.ts";
import type { Tool } from "../../src/tools/tool.ts";
import type { Archive } from "../../src/umi/archive/archive.ts";
import type { Passage } from "../../src/umi/archive/passage.ts";
import type { Block } from "../../src/umi/core/block.ts";
import { newBlock } from "../../src/umi/core/new-block.ts";
import type { Entity } from "../../src/umi/facts/kept/entity.ts";
import type { Fact } from "../../src/umi/facts/kept/fact.ts";
import type { NewEntry } from "../../src/umi/index/entry.ts";
import { world } from "../_harness/dialects.ts";

const { clock, random } = world;

/** When something is made: each time later than before. */
function dates() {
  const now = clock.now();
  return { createdAt: now, updatedAt: now, createdById: null };
}

/** A block. */
export function block(label: string, change: Partial<Block> = {}): Block {
  return { ...newBlock(world, DEFAULT_ACTOR, { label, value: `About ${label}` }), ...change };
}

/** An agent. */
export function agent(change: Partial<Agent> = {}): Agent {
  return {
    id: newId("agent", random),
    name: "Ada",
    description: null,
    agentType: "letta_v1_agent",
    system: "You are Ada",
    toolRules: [],
    llmConfig: { model: "m", modelEndpointType: "openai", contextWindow: 1000 } as unknown as Agent["llmConfig"],
    embeddingConfig: null,
    compactionSettings: {
      model: null,
      modelSettings: null,
      prompt: null,
      promptAcknowledgement: false,
      clipChars: null,
      mode: "all",
      slidingWindowPercentage: 0.3,
    },
    fallbackModels: null,
    memorySettings: null,
    responseFormat: null,
    metadata: { quote: 'a "word" and a \\' },
    messageBufferAutoclear: false,
    enableSleeptime: null,
    timezone: "UTC",
    maxFilesOpen: null,
    perFileViewWindowCharLimit: null,
    hidden: null,
    projectId: null,
    templateId: null,
    baseTemplateId: null,
    deploymentId: null,
    entityId: null,
    lastRunCompletion: null,
    lastRunDurationMs: null,
    lastStopReason: null,
    lastUpdatedById: null,
    ...dates(),
    ...change,
  };
}

/** A tool of somebody's own. */
export function tool(name: string, change: Partial<Tool> = {}): Tool {
  return {
    id: newId("tool", random),
    name,
    toolType: "custom",
    description: "Does it",
    sourceType: "python",
    sourceCode: "def it(): pass",
    jsonSchema: null,
    argsJsonSchema: null,
    tags: [],
    returnCharLimit: 1000,
    pipRequirements: null,
    npmRequirements: null,
    defaultRequiresApproval: null,
    enableParallelExecution: false,
    metadata: {},
    projectId: null,
    lastUpdatedById: null,
    ...dates(),
    ...change,
  };
}

/** A conversation of an agent. */
export function conversation(agentId: AgentId, change: Partial<Conversation> = {}): Conversation {
  return {
    id: newId("conv", random),
    agentId,
    summary: null,
    isolatedBlockIds: [],
    model: null,
    modelSettings: null,
    lastMessageAt: null,
    ...dates(),
    ...change,
  };
}

/** A message that says `text`. */
export function message(agentId: AgentId, role: MessageRole, text: string, change: Partial<Message> = {}): Message {
  const place = { agentId, conversationId: null, runId: null, stepId: null, model: null };
  return { ...newMessage(world, place, { role, content: [{ type: "text", text }] }), ...change };
}

/** A run that is at work. */
export function run(agentId: AgentId, change: Partial<Run> = {}): Run {
  return {
    id: newId("run", random),
    agentId,
    conversationId: null,
    status: "running",
    stopReason: null,
    background: false,
    requestConfig: null,
    metadata: {},
    callbackUrl: null,
    createdAt: clock.now(),
    completedAt: null,
    ttftNs: null,
    totalDurationNs: null,
    callbackSentAt: null,
    callbackStatusCode: null,
    callbackError: null,
    approvalDueAt: null,
    parentRunId: null,
    rootRunId: null,
    depth: 0,
    ...change,
  };
}

/** A step of a run. */
export function step(agentId: AgentId, runId: RunId, change: Partial<Step> = {}): Step {
  return {
    id: newId("step", random),
    runId,
    agentId,
    providerName: "openai",
    providerCategory: "base",
    model: "m",
    modelHandle: "openai/m",
    modelEndpoint: null,
    contextWindowLimit: 1000,
    usage: null,
    stopReason: "end_turn",
    status: "success",
    errorType: null,
    errorData: null,
    feedback: null,
    tags: [],
    projectId: null,
    transactionId: null,
    createdAt: clock.now(),
    stepNs: 5_000_000_000,
    llmRequestNs: 12.5,
    ...change,
  };
}

/** An archive without embeddings. */
export function archive(name: string, change: Partial<Archive> = {}): Archive {
  return {
    id: newId("archive", random),
    name,
    description: null,
    embeddingConfig: null,
    metadata: null,
    ...dates(),
    ...change,
  };
}

/** A passage of an archive. */
export function passage(archiveId: ArchiveId, text: string, change: Partial<Passage> = {}): Passage {
  return { id: newId("passage", random), archiveId, text, tags: null, metadata: {}, ...dates(), ...change };
}

/** A text to be recalled. */
export function entry(id: string, text: string, change: Partial<NewEntry> = {}): NewEntry {
  return { id, session: "s", speaker: "", role: "user", text, at: clock.now(), tags: [], ...change };
}

/** A fact that holds from now on. */
export function fact(space: string, text: string, change: Partial<Fact> = {}): Fact {
  const now = clock.now();
  return {
    id: newId("fact", random),
    space,
    text,
    subjectId: null,
    relation: "",
    value: text,
    objectId: null,
    isDenied: false,
    confidence: 1,
    validFrom: now,
    saidAt: now,
    learnedAt: now,
    eventTime: null,
    sourceTurnIds: [],
    derivedFrom: [],
    closing: null,
    ...change,
  };
}

/** Somebody that facts are about. */
export function entity(space: string, name: string, change: Partial<Entity> = {}): Entity {
  const id = newId("entity", random);
  return { id, space, type: "person", name, mergedInto: null, createdAt: clock.now(), ...change };
}
