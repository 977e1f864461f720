import { z } from "zod";
import { AGENT_TYPES } from "../../../agent/agent.ts";
import { defaultsOf, gapsIn } from "../../../agent/templates/gaps.ts";
import { type WholeVersion, WORKING } from "../../../agent/templates/template.ts";
import type { AgentBundle, BundledAgent, BundleKey } from "../../../agent/transfer/bundle.ts";
import type { KnownThings } from "../../../agent/transfer/import-session.ts";
import { BLOCK_CHARS_DEFAULT } from "../../../umi/core/block.ts";
import { answer, jsonObject, list } from "../answers/answer.ts";
import { toWireToolRule } from "../tool-rule.ts";

const variables = z.strictObject({
  version: z.string(),
  data: list(z.strictObject({ key: z.string(), type: z.string(), defaultValue: z.string().optional() })),
});
const flag = z.boolean().nullable();
const number = z.number().nullable();

const WireSnapshotAgent = answer("SnapshotAgent", {
  entityId: z.string(),
  name: z.string(),
  model: z.string(),
  systemPrompt: z.string(),
  toolIds: list(z.string()),
  sourceIds: list(z.string()),
  memoryVariables: variables,
  toolVariables: variables,
  tags: list(z.string()),
  identityIds: list(z.string()),
  toolRules: list(jsonObject),
  agentType: z.enum(AGENT_TYPES),
  properties: z.strictObject({
    enable_reasoner: flag,
    put_inner_thoughts_in_kwargs: flag,
    context_window_limit: number,
    max_tokens: number,
    max_reasoning_tokens: number,
    max_files_open: number,
    message_buffer_autoclear: flag,
    verbosity_level: z.string().nullable(),
    reasoning_effort: z.string().nullable(),
    per_file_view_window_char_limit: number,
    parallel_tool_calls: flag,
    temperature: number,
  }),
});

/** A version of a template in the words of V1's hosted product. */
export const WireSnapshot = answer("TemplateSnapshot", {
  agents: list(WireSnapshotAgent),
  blocks: list(
    z.strictObject({
      entityId: z.string(),
      label: z.string(),
      value: z.string(),
      limit: z.int(),
      description: z.string(),
      preserveOnMigration: z.boolean(),
      readOnly: z.boolean(),
    }),
  ),
  relationships: list(z.strictObject({ agentEntityId: z.string(), blockEntityId: z.string() })),
  configuration: z.record(z.string(), z.union([z.string(), z.number()])),
  type: z.string(),
  version: z.string(),
});

/** What a snapshot is made of. */
export interface SnapshotParts {
  readonly version: WholeVersion;
  readonly bundle: AgentBundle;
  /** Tools and folders that the organisation has; a snapshot names no others. */
  readonly known: KnownThings;
}

/** What {@link WireSnapshot} says of a version. */
export function toSnapshot({ version, bundle, known }: SnapshotParts): z.output<typeof WireSnapshot> {
  const [group] = bundle.groups;
  const draft = group?.draft;
  const configuration = {
    managerAgentEntityId: group?.managerKey,
    managerType: draft?.managerType,
    terminationToken: draft?.terminationToken,
    maxTurns: draft?.maxTurns,
    sleeptimeAgentFrequency: draft?.sleeptimeAgentFrequency,
    maxMessageBufferLength: draft?.maxMessageBufferLength,
    minMessageBufferLength: draft?.minMessageBufferLength,
  };
  return {
    agents: bundle.agents.map((agent) => toAgent(agent, { version, bundle, known })),
    blocks: bundle.blocks.map(({ key, draft: block }) => ({
      entityId: key,
      label: block.label,
      value: block.value ?? "",
      limit: block.limit ?? BLOCK_CHARS_DEFAULT,
      description: block.description ?? "",
      preserveOnMigration: block.preserveOnMigration ?? false,
      readOnly: block.readOnly ?? false,
    })),
    relationships: bundle.agents.flatMap(({ key, blockKeys }) =>
      blockKeys.map((blockEntityId) => ({ agentEntityId: key, blockEntityId })),
    ),
    configuration: Object.fromEntries(
      Object.entries(configuration).flatMap(([name, value]) => (value == null ? [] : [[name, value] as const])),
    ),
    type: draft?.managerType ?? "classic",
    version: version.number === WORKING ? "current" : String(version.number),
  };
}

function toAgent(
  { key, draft, ...names }: BundledAgent,
  { version, bundle, known }: SnapshotParts,
): z.output<typeof WireSnapshotAgent> {
  const { config } = draft.model;
  const blocks = bundle.blocks.filter((block) => names.blockKeys.includes(block.key));
  const defaults = defaultsOf(version.file);
  const gaps = gapsIn(blocks.map((block) => block.draft.value ?? ""));
  return {
    entityId: key,
    name: draft.name ?? key,
    model: draft.model.handle ?? config?.handle ?? config?.model ?? "",
    systemPrompt: draft.system ?? "",
    toolIds: idsIn(known.tools, names.toolKeys),
    sourceIds: idsIn(known.folders, names.folderKeys),
    memoryVariables: {
      version: "1",
      data: gaps.map((gap) => {
        const defaultValue = Object.hasOwn(defaults, gap) ? (defaults[gap] ?? null) : null;
        return { key: gap, type: "string", ...(defaultValue === null ? {} : { defaultValue }) };
      }),
    },
    // What secrets hold is in no template.
    toolVariables: {
      version: "1",
      data: Object.keys(draft.secrets ?? {}).map((name) => ({ key: name, type: "string" })),
    },
    tags: [...draft.tags],
    identityIds: [],
    toolRules: draft.toolRules.map(toWireToolRule),
    agentType: draft.agentType,
    properties: propertiesOf(draft),
  };
}

function propertiesOf(draft: BundledAgent["draft"]): z.output<typeof WireSnapshotAgent>["properties"] {
  const { config, ...wish } = draft.model;
  return {
    enable_reasoner: wish.enableReasoner ?? config?.enableReasoner ?? null,
    put_inner_thoughts_in_kwargs: config?.putInnerThoughtsInKwargs ?? null,
    context_window_limit: wish.contextWindow ?? config?.contextWindow ?? null,
    max_tokens: wish.maxTokens ?? config?.maxTokens ?? null,
    max_reasoning_tokens: wish.maxReasoningTokens ?? config?.maxReasoningTokens ?? null,
    max_files_open: draft.maxFilesOpen ?? null,
    message_buffer_autoclear: draft.messageBufferAutoclear,
    verbosity_level: config?.verbosity ?? null,
    reasoning_effort: config?.reasoningEffort ?? null,
    per_file_view_window_char_limit: draft.perFileViewWindowCharLimit ?? null,
    parallel_tool_calls: wish.parallelToolCalls ?? config?.parallelToolCalls ?? null,
    temperature: config?.temperature ?? null,
  };
}

function idsIn(known: ReadonlyMap<BundleKey, string>, keys: readonly BundleKey[]): readonly string[] {
  return keys.flatMap((key) => known.get(key) ?? []);
}
