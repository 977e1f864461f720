import { z } from "zod";
import { AGENT_TYPES, type MemorySettings } from "../../agent/agent.ts";
import type { AgentDraft, CompactionWish } from "../../agent/life/create-agent.ts";
import type { ModelWish } from "../../agent/life/model-choice.ts";
import type { AgentChange } from "../../agent/life/update-agent.ts";
import type { InputMessage } from "../../agent/new-message.ts";
import { STOP_REASONS } from "../../agent/run.ts";
import { Failure } from "../../core/failure.ts";
import { nearest } from "../../core/nearest.ts";
import type { InputPart } from "../../llm/model.ts";
import { distinctRules } from "../../tools/tool-rule.ts";
import { given } from "../http/request.ts";
import { CreateBlockBody } from "./block.ts";
import { idList, renamed } from "./fields.ts";
import { EmbeddingConfigBody, LlmConfigBody } from "./llm-config.ts";
import { ModelSettingsBody } from "./model-settings.ts";
import { ResponseFormatBody } from "./response-format.ts";
import { timeField } from "./time.ts";
import { ToolRuleBody } from "./tool-rule.ts";

const FILES_OPEN_MAX = 1_000;
const VIEW_CHARS_MAX = 2_147_483_647;
const NAME_CHARS_MAX = 1_000;
/** Tools, blocks, tags or messages that one request may list. */
const LISTED_MAX = 1_000;

const text = z.string().nullish();
const flag = z.boolean().nullish();
const texts = z.array(z.string()).max(LISTED_MAX).nullish();
const object = z.record(z.string(), z.json()).nullish();

/** Compaction settings in a request: what is absent or null stays as it is. */
export const CompactionBody = z
  .object({
    model: text,
    model_settings: z.json().nullish(),
    prompt: text,
    prompt_acknowledgement: flag,
    clip_chars: z.int().nonnegative().nullish(),
    mode: z.enum(["all", "sliding_window", "self_compact_all", "self_compact_sliding_window"]).nullish(),
    sliding_window_percentage: z.number().min(0).max(1).nullish(),
  })
  .transform(
    ({ clip_chars: clipChars, ...body }): CompactionWish => ({
      ...given(renamed(body)),
      // Null is a value here: do not clip.
      ...(clipChars === undefined ? {} : { clipChars }),
    }),
  );

/** Models that may stand in for an agent's own, one after the other. */
const FALLBACKS_MAX = 5;
const HANDLE_CHARS_MAX = 400;
const FallbackModels = z
  .array(z.string().min(1).max(HANDLE_CHARS_MAX))
  .max(FALLBACKS_MAX)
  .refine((handles) => new Set(handles).size === handles.length, "should name each model once");

/** Characters of memories that one prompt may hold when nobody says. */
export const RECALL_CHARS_DEFAULT = 4_000;
/** And at most. */
const RECALL_CHARS_MAX = 100_000;

const memorySettings = {
  learn: z.boolean().default(true),
  model: z.string().nullish(),
  recall: z.boolean().default(true),
  recall_chars: z.int().min(0).max(RECALL_CHARS_MAX).default(RECALL_CHARS_DEFAULT),
};

/**
 * How an agent uses its memories: both parts are on unless they are said to be off. A name that is not known is a
 * mistake: no client of Letta's sends one here, and what it was to say would be lost.
 */
const MemorySettingsBody = z
  .looseObject(memorySettings)
  .superRefine((body, ctx) => {
    const known = Object.keys(memorySettings);
    for (const key of Object.keys(body).filter((name) => !known.includes(name))) {
      const meant = nearest(key, known);
      const message =
        meant === undefined ? `is not one of ${known.join(", ")}` : `is not known (perhaps '${meant}' is meant)`;
      ctx.addIssue({ code: "custom", path: [key], message });
    }
  })
  .transform(
    (body): MemorySettings => ({
      learns: body.learn,
      model: body.model ?? null,
      recalls: body.recall,
      recallCharsMax: body.recall_chars,
    }),
  );

const Part = z.union([
  z.object({ type: z.literal("text").default("text"), text: z.string() }),
  z.object({
    type: z.literal("image"),
    source: z.object({ type: z.literal("base64"), media_type: z.string(), data: z.string() }),
  }),
]);

/** What is too much or no name is refused with the agent. */
const secretValues = z.record(z.string(), z.string()).nullish();

/** A message that an agent begins with. */
export const FirstMessageBody = z
  .object({
    role: z.enum(["user", "system", "assistant"]),
    content: z.union([z.string(), z.array(Part)]),
    name: text,
    otid: text,
    sender_id: text,
    group_id: text,
  })
  .transform(
    (body): InputMessage => ({
      role: body.role,
      parts: typeof body.content === "string" ? [{ type: "text", text: body.content }] : body.content.map(toPart),
      name: body.name ?? null,
      otid: body.otid ?? null,
      senderId: body.sender_id ?? null,
      groupId: body.group_id ?? null,
    }),
  );

function toPart(part: z.infer<typeof Part>): InputPart {
  return part.type === "text" ? part : { type: "image", mediaType: part.source.media_type, data: part.source.data };
}

const shared = {
  name: z.string().max(NAME_CHARS_MAX).nullish(),
  description: text,
  system: text,
  tags: texts,
  tool_ids: idList("tool").nullish(),
  block_ids: idList("block").nullish(),
  tool_rules: z.array(ToolRuleBody).max(LISTED_MAX).transform(distinctRules).nullish(),
  metadata: object,
  llm_config: LlmConfigBody.nullish(),
  embedding_config: EmbeddingConfigBody.nullish(),
  model: text,
  embedding: text,
  model_settings: ModelSettingsBody.nullish(),
  compaction_settings: CompactionBody.nullish(),
  memory_settings: MemorySettingsBody.nullish(),
  fallback_models: FallbackModels.nullish(),
  context_window_limit: z.int().positive().nullish(),
  max_tokens: z.int().positive().nullish(),
  reasoning: flag,
  parallel_tool_calls: flag,
  response_format: ResponseFormatBody.nullish(),
  message_buffer_autoclear: flag,
  enable_sleeptime: flag,
  timezone: text,
  max_files_open: z.int().nonnegative().max(FILES_OPEN_MAX).nullish(),
  per_file_view_window_char_limit: z.int().nonnegative().max(VIEW_CHARS_MAX).nullish(),
  hidden: flag,
  project_id: text,
  template_id: text,
  base_template_id: text,
  identity_ids: idList("identity").nullish(),
  source_ids: idList("source").nullish(),
  folder_ids: idList("source").nullish(),
  secrets: secretValues,
  tool_exec_environment_variables: secretValues,
};

type Shared = z.infer<z.ZodObject<typeof shared>>;

/** A new agent in a request. Fields that nobody knows are ignored. */
export const CreateAgentBody = z
  .object({
    ...shared,
    agent_type: z.enum(AGENT_TYPES).default("letta_v1_agent"),
    memory_blocks: z.array(CreateBlockBody).max(LISTED_MAX).nullish(),
    tools: texts,
    initial_message_sequence: z.array(FirstMessageBody).max(LISTED_MAX).nullish(),
    include_base_tools: z.boolean().default(true),
    include_multi_agent_tools: z.boolean().default(false),
    include_base_tool_rules: flag,
    embedding_chunk_size: z.int().positive().nullish(),
    max_reasoning_tokens: z.int().nonnegative().nullish(),
    deployment_id: text,
    entity_id: text,
    enable_reasoner: z.boolean().nullish().default(true),
  })
  .transform((body): AgentDraft => {
    return {
      ...givenFields(body),
      ...given({
        system: body.system,
        embedding: body.embedding,
        embeddingConfig: body.embedding_config,
        embeddingChunkSize: body.embedding_chunk_size,
        secrets: body.secrets ?? body.tool_exec_environment_variables,
        deploymentId: body.deployment_id,
        entityId: body.entity_id,
      }),
      agentType: body.agent_type,
      model: {
        ...modelWish(body),
        ...given({
          maxReasoningTokens: body.max_reasoning_tokens,
          enableReasoner: body.llm_config == null ? body.enable_reasoner : null,
        }),
      },
      blocks: body.memory_blocks ?? [],
      blockIds: body.block_ids ?? [],
      identityIds: body.identity_ids ?? [],
      folderIds: foldersOf(body) ?? [],
      toolNames: body.tools ?? [],
      toolIds: body.tool_ids ?? [],
      includeBaseTools: body.include_base_tools,
      includeMultiAgentTools: body.include_multi_agent_tools,
      includeBaseToolRules: body.include_base_tool_rules ?? null,
      toolRules: body.tool_rules ?? [],
      tags: body.tags ?? [],
      initialMessages: body.initial_message_sequence ?? null,
      compaction: body.compaction_settings ?? {},
      messageBufferAutoclear: body.message_buffer_autoclear ?? false,
    };
  });

/** A change of an agent in a request. Null means unchanged. */
export const UpdateAgentBody = z
  .object({
    ...shared,
    message_ids: z.array(z.string()).nullish(),
    last_run_completion: timeField().nullish(),
    last_run_duration_ms: z.int().nullish(),
    last_stop_reason: z.enum(STOP_REASONS).nullish(),
  })
  .transform((body): AgentChange => {
    if (body.message_ids != null)
      throw new Failure("refused", "message_ids: which messages are in the context cannot be set by this server");
    const wish = modelWish(body);
    return {
      fields: {
        ...givenFields(body),
        ...given({
          system: body.system,
          toolRules: body.tool_rules,
          messageBufferAutoclear: body.message_buffer_autoclear,
          lastRunCompletion: body.last_run_completion,
          lastRunDurationMs: body.last_run_duration_ms,
          lastStopReason: body.last_stop_reason,
        }),
      },
      ...given({
        model: Object.keys(wish).length === 0 ? null : wish,
        embedding: body.embedding,
        embeddingConfig: body.embedding_config,
        compaction: body.compaction_settings,
        tags: body.tags,
        toolIds: body.tool_ids,
        blockIds: body.block_ids,
        identityIds: body.identity_ids,
        folderIds: foldersOf(body),
        secrets: body.secrets ?? body.tool_exec_environment_variables,
      }),
    };
  });

/** Fields that creating and changing share, and that are simply taken over. */
function givenFields(body: Shared) {
  return given({
    name: body.name,
    description: body.description,
    responseFormat: body.response_format,
    metadata: body.metadata,
    memorySettings: body.memory_settings,
    fallbackModels: body.fallback_models,
    enableSleeptime: body.enable_sleeptime,
    timezone: body.timezone,
    maxFilesOpen: body.max_files_open,
    perFileViewWindowCharLimit: body.per_file_view_window_char_limit,
    hidden: body.hidden,
    projectId: body.project_id,
    templateId: body.template_id,
    baseTemplateId: body.base_template_id,
  });
}

function modelWish(body: Shared): ModelWish {
  return given({
    handle: body.model,
    config: body.llm_config,
    contextWindow: body.context_window_limit,
    maxTokens: body.max_tokens,
    settings: body.model_settings,
    parallelToolCalls: body.parallel_tool_calls,
    reasons: body.reasoning,
  });
}

/** Folders by either of their names; undefined where neither is given. */
function foldersOf({ folder_ids: folders, source_ids: sources }: Shared) {
  return folders == null && sources == null ? undefined : [...(folders ?? []), ...(sources ?? [])];
}
