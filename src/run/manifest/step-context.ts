import { type Caller, may } from "../../access/may.ts";
import { mustFindNamed } from "../../agent/find.ts";
import type { AgentWorkshop } from "../../agent/life/create-agent.ts";
import type { KeptContext, KeptPrompt, RecalledItem, RecalledItems, StepHook, StepTry } from "../../agent/manifest.ts";
import type { Message } from "../../agent/message.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import { CHARS_PER_TOKEN } from "../../agent/prompt/tokens.ts";
import type { Step } from "../../agent/run.ts";
import { answerCharsMax, toTranscript } from "../../agent/transcript.ts";
import { Failure } from "../../core/failure.ts";
import { type AgentId, type BlockId, type ConversationId, parseId } from "../../core/id.ts";
import type { ModelMessage, ToolSchema } from "../../llm/model.ts";
import type { BlockVersion, ShownBlock } from "../../umi/core/block-version.ts";
import { shownValue } from "../../umi/core/value-places.ts";
import { framed, lineIn, withRecalled } from "../step/recalled-memory.ts";

/** What stands in a text for a part of it that is not kept any more. */
export const GONE = "[no longer kept]";

/** A block as a step's prompt showed it. */
export interface ContextBlock {
  readonly id: BlockId;
  readonly version: number;
  /** Null when it is not kept any more: the block was deleted, or changed too often since. */
  readonly content: BlockVersion | null;
  /** Whether the block itself is still there. */
  readonly isThere: boolean;
}

/** Something that was recalled for a step, and the line that showed it; null when it was forgotten since. */
export interface ContextItem {
  readonly item: RecalledItem;
  readonly line: string | null;
}

/** A number for each part of a context. */
export interface Parts {
  readonly system: number;
  readonly tools: number;
  readonly blocks: number;
  readonly recalled: number;
  readonly summary: number;
  readonly messages: number;
}

/** What a step showed its model, part by part. */
export interface StepContext {
  readonly step: Step;
  /** Null for the agent's own conversation. */
  readonly conversationId: ConversationId | null;
  /** Whether nothing of it has been deleted since. */
  readonly isComplete: boolean;
  /** The system prompt with the blocks in it. */
  readonly system: string;
  /** Null when they are not kept any more. */
  readonly tools: readonly ToolSchema[] | null;
  /** Null where nobody noted which they were: the prompt was compiled before versions were kept. */
  readonly blocks: readonly ContextBlock[] | null;
  readonly recalled: { readonly text: string; readonly items: readonly ContextItem[] } | null;
  /** The messages as they are stored, a summary first. */
  readonly messages: readonly Message[];
  /** How many more there were. */
  readonly messagesGone: number;
  /** All of it but the system prompt in the order and the form in which the model was shown it. */
  readonly transcript: readonly ModelMessage[];
  /** The hooks that changed it. */
  readonly hooks: readonly StepHook[];
  /** The models that did not answer before the one that did. */
  readonly tried: readonly StepTry[];
  /** By characters, in proportion to the provider's own count where it gave one. */
  readonly tokens: Parts;
}

/**
 * What a step showed its model, from what is stored. Throws a `not_found` Failure when there is no such step, and when
 * nothing is kept of what it sent: it was taken by an older server, or sent nothing.
 */
export async function stepContext(
  { store, times }: Pick<AgentWorkshop, "store" | "times">,
  caller: Caller,
  stepId: string,
): Promise<StepContext> {
  const reader = store.reader(may(caller, "runs:read"));
  const step = await mustFindNamed(reader.steps, { kind: "step", text: stepId });
  const kept = await reader.steps.context(step.id);
  if (kept === undefined)
    throw new Failure(
      "not_found",
      `Nothing is kept of what step ${step.id} showed its model: it sent nothing, or was taken before this was kept`,
    );
  const { prompt, tools } = kept;
  const blocks = await contextBlocks(reader, prompt?.blocksShown ?? null);
  const recalled = await recalledContext({ reader, times }, step.agentId, kept.recalled);
  const messages = await reader.messages.shown(kept.threadId, kept);
  const transcript = toTranscript(messages, answerCharsMax(step.contextWindowLimit ?? 0)).messages;
  const told: Omit<StepContext, "isComplete"> = {
    step,
    conversationId: parseId("conv", kept.threadId) ?? null,
    system: prompt === null ? GONE : systemText(prompt, blocks ?? []),
    tools: tools === null ? null : JSON.parse(tools),
    blocks,
    recalled,
    messages,
    messagesGone: Math.max(0, kept.messages.count - messages.length),
    transcript: withRecalled(transcript, recalled?.text ?? ""),
    hooks: kept.hooks,
    tried: kept.tried,
    tokens: partTokens(kept, step),
  };
  return { ...told, isComplete: isComplete(told, kept) };
}

async function contextBlocks(
  { blocks }: Readers,
  shown: readonly ShownBlock[] | null,
): Promise<readonly ContextBlock[] | null> {
  if (shown === null) return null;
  const found = await blocks.findVersions(shown);
  const contents = new Map(found.map((version) => [version.blockId, version]));
  const told: ContextBlock[] = [];
  for (const [id, version] of shown) {
    const content = contents.get(id) ?? null;
    const isThere = content !== null || (await blocks.find(id)) !== undefined;
    told.push({ id, version, content, isThere });
  }
  return told;
}

function systemText({ pieces }: KeptPrompt, blocks: readonly ContextBlock[]): string {
  return pieces
    .map((piece) => {
      if (piece === null || typeof piece === "string") return piece ?? GONE;
      const content = blocks[piece.block]?.content;
      return content === undefined || content === null ? GONE : shownValue(content.value, piece);
    })
    .join("");
}

async function recalledContext(
  { reader, times }: { readonly reader: Readers } & Pick<AgentWorkshop, "times">,
  agentId: AgentId,
  recalled: RecalledItems | "gone" | null,
): Promise<StepContext["recalled"]> {
  if (recalled === null) return null;
  if (recalled === "gone") return { text: GONE, items: [] };
  const { timezone, items } = recalled;
  const line = lineIn(times, timezone);
  const ids = items.flatMap(({ kind, id }) => (kind === "entry" ? [id] : []));
  const entries = new Map((await reader.entries.find(agentId, ids)).map((entry) => [entry.id, entry]));
  const told: ContextItem[] = [];
  for (const item of items) {
    if (item.kind === "fact") {
      const fact = await reader.facts.find(agentId, item.id);
      told.push({ item, line: fact === undefined ? null : line.ofFact(fact) });
    } else {
      const entry = entries.get(item.id);
      told.push({ item, line: entry === undefined ? null : line.ofEntry(entry) });
    }
  }
  return { text: framed(told.map(({ line: shown }) => shown ?? GONE)), items: told };
}

function isComplete(told: Omit<StepContext, "isComplete">, { prompt, recalled }: KeptContext): boolean {
  const hasSystem = prompt !== null && !prompt.pieces.includes(null);
  const hasBlocks = told.blocks === null || told.blocks.every(({ content }) => content !== null);
  const hasRecalled = recalled !== "gone" && (told.recalled?.items ?? []).every(({ line }) => line !== null);
  return hasSystem && hasBlocks && hasRecalled && told.tools !== null && told.messagesGone === 0;
}

/** Nobody counted the parts when they were sent. Their characters are known, and mostly the tokens of the whole. */
function partTokens({ chars, prompt }: KeptContext, { usage }: Step): Parts {
  const blocks = prompt?.blockChars ?? 0;
  const whole = chars.system + chars.tools + chars.recalled + chars.summary + chars.messages;
  const total = usage === null || usage.promptTokens === 0 ? whole / CHARS_PER_TOKEN : usage.promptTokens;
  const parts: Parts = { ...chars, system: chars.system - blocks, blocks };
  return eachPart((part) => (whole === 0 ? 0 : Math.round((parts[part] / whole) * total)));
}

/** A number for each part. */
export function eachPart(of: (part: keyof Parts) => number): Parts {
  return {
    system: of("system"),
    tools: of("tools"),
    blocks: of("blocks"),
    recalled: of("recalled"),
    summary: of("summary"),
    messages: of("messages"),
  };
}
