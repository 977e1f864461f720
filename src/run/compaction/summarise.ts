import type { Agent, CompactionSettings } from "../../agent/agent.ts";
import { type Message, textOf } from "../../agent/message.ts";
import { defaultCompactionPrompt } from "../../agent/prompt/prompts.ts";
import { isRehearsal } from "../../agent/rehearsal/rehearsal.ts";
import { toTranscript } from "../../agent/transcript.ts";
import { cut } from "../../core/text.ts";
import type { LlmConfig } from "../../llm/config.ts";
import { ModelFailure } from "../../llm/failure.ts";
import type { LanguageModel, ModelMessage, ModelRequest } from "../../llm/model.ts";
import type { AskedModels } from "../budget/paid-models.ts";
import { inParts, type ScriptLine, scriptOf } from "../step/script.ts";
import { summaryTextOf } from "../step/summary-message.ts";

/** Part of a summarising model's window that one part of a history may fill; counts are another model's. */
const PART_SHARE = 0.6;
const PART_TOKENS_MIN = 500;
/** How often a part is halved when the model finds it too long after all. */
const HALVINGS_MAX = 4;
/** Part of the agent's window, at three characters a token, that a summary may fill. */
const SUMMARY_SHARE = 0.2;
const SUMMARY_CHARS_MIN = 500;
const CLIPPED = "... [summary truncated to fit]";
/** Without any model: how much of the summary before, of what the person said, and of each such message stays. */
const CARRIED_CHARS_MAX = 4_000;
const OPENINGS_MAX = 20;
const OPENING_CHARS_MAX = 160;
/** Characters in which such a beginning is looked for, blanks included. */
const OPENING_READ_CHARS = 10_000;

/** What is to be summarised, and by whom. */
export interface SummaryRequest {
  readonly agent: Agent;
  readonly settings: CompactionSettings;
  /** What leaves the context, oldest first, and the token count of each. */
  readonly evicted: readonly Message[];
  readonly tokens: readonly number[];
  /** The agent's own next request without its messages, when the agent may summarise by itself in its own context. */
  readonly own: Pick<ModelRequest, "system" | "tools"> | null;
}

/** The means of summarising. */
export interface SummaryMeans {
  readonly models: AskedModels;
  readonly signal: AbortSignal;
}

/**
 * The summary of what is evicted. Tries, in turn: the agent itself in its own context when its settings say so, the
 * model that its settings name, the agent's own model. When all of them fail, rules make a note without a model. Only
 * an abort is thrown.
 */
export async function summarise(request: SummaryRequest, means: SummaryMeans): Promise<string> {
  for (const attempt of attempts(request, means)) {
    means.signal.throwIfAborted();
    try {
      const text = (await attempt()).trim();
      if (text !== "") return clipped(text, request);
    } catch {
      // The next one may do; an abort is noticed above, or here at the end.
    }
  }
  means.signal.throwIfAborted();
  return clipped(noteOf(request.evicted), request);
}

/** What stands in for a summary when no model can make one: what an earlier summary said, and how messages began. */
export function noteOf(evicted: readonly Message[]): string {
  const earlier = evicted.filter((message) => message.role === "summary").map((message) => summaryTextOf(message));
  const shown = openings(evicted);
  return [
    "No summary could be made of these messages, so they were only left out.",
    ...earlier.map((text) => `What an earlier summary said:\n${cut(text, CARRIED_CHARS_MAX)}`),
    ...(shown.length === 0
      ? []
      : [`How the latest of what the user said began:\n${shown.map((text) => `- ${text}`).join("\n")}`]),
  ].join("\n\n");
}

/** How the latest messages of the user began; the others are not read, for there may be thousands of long ones. */
function openings(evicted: readonly Message[]): readonly string[] {
  const latest: string[] = [];
  for (const message of evicted.toReversed()) {
    if (latest.length === OPENINGS_MAX) break;
    const text = message.role === "user" ? opening(textOf(message)) : "";
    if (text !== "") latest.push(text);
  }
  return latest.reverse();
}

function opening(text: string): string {
  const line = text.slice(0, OPENING_READ_CHARS).replace(/\s+/g, " ").trim();
  return line.length <= OPENING_CHARS_MAX ? line : `${cut(line, OPENING_CHARS_MAX)}...`;
}

type Attempt = () => Promise<string>;

/** The ways to a summary, the best one first. Each may fail, or give nothing. */
function attempts(request: SummaryRequest, means: SummaryMeans): readonly Attempt[] {
  const { agent, settings, own } = request;
  const isSelf = settings.mode === "self_compact_all" || settings.mode === "self_compact_sliding_window";
  const { handle } = agent.llmConfig;
  const list: Attempt[] = [];
  if (isSelf && own !== null) list.push(() => bySelf(request, own, means));
  if (!isSelf && settings.model !== null && settings.model !== handle)
    list.push(() => byModelOf(request, settings.model ?? "", means));
  list.push(() => byConfig(request, agent.llmConfig, means));
  return list;
}

async function byModelOf(request: SummaryRequest, handle: string, means: SummaryMeans): Promise<string> {
  const info = await means.models.find(handle);
  return info === undefined ? "" : byConfig(request, info.config, means);
}

/** The agent reads its own context once more and is asked for the summary: a provider's cache makes that cheap. */
async function bySelf(
  request: SummaryRequest,
  own: Pick<ModelRequest, "system" | "tools">,
  { models, signal }: SummaryMeans,
): Promise<string> {
  const { agent, evicted } = request;
  if (isRehearsal(agent.llmConfig)) return "";
  const transcript = toTranscript(evicted, agent.llmConfig.contextWindow);
  const messages: ModelMessage[] = [...transcript.messages, userMessage(promptOf(request))];
  return answer(await models.open(agent.llmConfig), { ...own, messages }, signal);
}

/** The history as a script, in as many parts as the model's window makes necessary, each with the summary so far. */
async function byConfig(request: SummaryRequest, config: LlmConfig, means: SummaryMeans): Promise<string> {
  // The rehearsal model follows rules made for talk; a note is better than what it would say.
  if (isRehearsal(config)) return "";
  const model = await means.models.open(config);
  const lines = scriptOf(request.evicted, request.tokens);
  let tokensMax = Math.max(PART_TOKENS_MIN, Math.floor(config.contextWindow * PART_SHARE));
  for (let halvings = 0; ; halvings++) {
    try {
      return await inTurn(request, model, inParts(lines, tokensMax), means);
    } catch (error) {
      const isTooLong = error instanceof ModelFailure && error.type === "llm_context_window_exceeded";
      if (!isTooLong || halvings >= HALVINGS_MAX) throw error;
      tokensMax = Math.max(PART_TOKENS_MIN, Math.floor(Math.min(tokensMax, totalOf(lines)) / 2));
    }
  }
}

function totalOf(lines: readonly ScriptLine[]): number {
  return lines.reduce((sum, line) => sum + line.tokens, 0);
}

/**
 * Summarises part after part, each together with the summary so far. Gives nothing as soon as the model says nothing,
 * so that no part is left out unseen.
 */
async function inTurn(
  request: SummaryRequest,
  model: LanguageModel,
  parts: readonly string[],
  { signal }: SummaryMeans,
): Promise<string> {
  let summary = "";
  for (const [index, part] of parts.entries()) {
    signal.throwIfAborted();
    const which = parts.length === 1 ? "" : `\n\nThis is part ${index + 1} of ${parts.length} of the transcript.`;
    const merge = summary === "" ? "" : " Write one summary of the summary so far and of this part.";
    const before = summary === "" ? "" : `<summary_so_far>\n${summary}\n</summary_so_far>\n`;
    const script = userMessage(`${before}<start_transcript>\n${part}\n<end_transcript>`);
    const messages = request.settings.promptAcknowledgement ? [...ACKNOWLEDGED, script] : [script];
    const system = `${promptOf(request)}${which}${merge}`;
    summary = clipped((await answer(model, { system, messages, tools: [] }, signal)).trim(), request);
    if (summary === "") return "";
  }
  return summary;
}

/**
 * Said before the transcript where settings ask for it: some models go on with a transcript instead of summarising it.
 */
const ACKNOWLEDGED: readonly ModelMessage[] = [
  userMessage("A transcript follows. Are you ready to summarise it?"),
  {
    role: "assistant",
    parts: [{ type: "text", text: "Yes. I will answer with the summary and nothing else." }],
    toolCalls: [],
  },
];

function userMessage(text: string): ModelMessage {
  return { role: "user", parts: [{ type: "text", text }] };
}

function promptOf({ settings }: SummaryRequest): string {
  return settings.prompt ?? defaultCompactionPrompt(settings.mode);
}

/** The text that a model answers with; empty when it says nothing. */
async function answer(
  model: LanguageModel,
  request: Pick<ModelRequest, "system" | "messages" | "tools">,
  signal: AbortSignal,
): Promise<string> {
  const call = { ...request, toolChoice: "none", parallelToolCalls: false, stream: false } as const;
  const { reply } = await model.call(call, signal);
  return textOf({ content: reply.parts });
}

/**
 * The summary within the limit of its settings, and in any case within a part of the window: one that is too long would
 * have to be compacted at once.
 */
function clipped(text: string, { agent, settings }: SummaryRequest): string {
  const roomChars = Math.max(SUMMARY_CHARS_MIN, Math.floor(agent.llmConfig.contextWindow * SUMMARY_SHARE * 3));
  const chars = Math.min(settings.clipChars ?? roomChars, roomChars);
  return text.length <= chars ? text : `${cut(text, chars)}${CLIPPED}`;
}
