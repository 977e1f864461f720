import type { CountTokens } from "../../agent/prompt/tokens.ts";
import type { LlmConfig } from "../../llm/config.ts";
import type { InputPart, ModelMessage, ModelReply, ModelRequest } from "../../llm/model.ts";

/** Tokens that the frame of a message, a call or an answer takes up at most. */
const FRAME_TOKENS = 16;
/** Tokens of one image at most: a photo of twelve megapixels, where a provider does not make it smaller first. */
const IMAGE_TOKENS = 16_000;
/** A model that counts many times as many, as an image costs what it costs with its larger sister. */
const COUNTS_IMAGES_HIGH = /gpt-4o-mini/;
const IMAGE_TOKENS_HIGH = 50_000;
/** Tokens that a provider adds of its own where there are tools. */
const TOOLS_TOKENS = 500;
/** How much more tokens a model may find in a text than the one whose vocabulary is counted by. */
const OTHER_VOCABULARY = 1.5;

/** The most tokens that a call can come to. */
export interface TokenEstimate {
  readonly input: number;
  readonly output: number;
}

/** What of a request models read. */
export type Readable = Pick<ModelRequest, "system" | "messages" | "tools">;

/** What is known of an answer before it is there. */
export interface Expected {
  /** The most tokens of the answer. */
  readonly outputMax: number;
  /** The model's handle, null where it has none. */
  readonly handle: string | null;
}

/**
 * The most that a call can take, whichever model reads it: no token is less than a byte. Costs next to nothing, and is
 * some four times what English comes to.
 */
export function estimateByBytes(request: Readable, { outputMax, handle }: Expected): TokenEstimate {
  const { texts, frameTokens } = partsOf(request, handle);
  const bytes = texts.reduce((sum, text) => sum + bytesOf(text), frameTokens);
  return { input: bytes, output: outputMax };
}

/** The same by counting, for where that would be too much: nearer to the truth, with room for other vocabularies. */
export async function estimateByCounting(
  request: Readable,
  expected: Expected,
  countTokens: CountTokens,
): Promise<TokenEstimate> {
  const { texts, frameTokens } = partsOf(request, expected.handle);
  const atMost = estimateByBytes(request, expected);
  const counted = await countTokens(texts.join("\n"));
  const input = Math.min(atMost.input, Math.ceil(counted * OTHER_VOCABULARY) + frameTokens);
  return { ...atMost, input };
}

/** The longest answer that a model gives: what it is asked for at most, else as much as its window holds. */
export function outputAtMost({ maxTokens, maxReasoningTokens, contextWindow }: LlmConfig): number {
  // Where a model thinks longer than it may answer, it may say one token more.
  return maxTokens === null ? contextWindow : Math.max(maxTokens, maxReasoningTokens + 1);
}

/** What a reply came to whose provider did not count: what it can have read, and no more than what it said has bytes. */
export function estimateOfReply({ parts, toolCalls }: ModelReply, { input, output }: TokenEstimate): TokenEstimate {
  const said = [...parts.map(({ text }) => text), ...toolCalls.flatMap(({ name, arguments: args }) => [name, args])];
  const bytes = said.reduce((sum, text) => sum + bytesOf(text) + FRAME_TOKENS, 0);
  return { input, output: Math.min(output, bytes) };
}

/** Bytes of a text as UTF-8. */
export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Texts of a request, and the tokens of what is none. */
interface Read {
  readonly texts: readonly string[];
  readonly frameTokens: number;
}

function partsOf({ system, messages, tools }: Readable, handle: string | null): Read {
  const imageTokens = COUNTS_IMAGES_HIGH.test(handle ?? "") ? IMAGE_TOKENS_HIGH : IMAGE_TOKENS;
  const read = messages.map((message) => partsOfMessage(message, imageTokens));
  const schemas = tools.map((tool) => JSON.stringify(tool));
  const frames = messages.length + tools.length + 1;
  const frameTokens = frames * FRAME_TOKENS + (tools.length > 0 ? TOOLS_TOKENS : 0);
  return {
    texts: [system, ...schemas, ...read.flatMap(({ texts }) => texts)],
    frameTokens: read.reduce((sum, each) => sum + each.frameTokens, frameTokens),
  };
}

function partsOfMessage(message: ModelMessage, imageTokens: number): Read {
  if (message.role === "system") return { texts: [message.text], frameTokens: 0 };
  if (message.role === "user") return partsOfInput(message.parts, imageTokens);
  if (message.role === "tool") {
    const answers = message.answers.map(({ parts }) => partsOfInput(parts, imageTokens));
    return {
      texts: answers.flatMap(({ texts }) => texts),
      frameTokens: answers.reduce((sum, each) => sum + each.frameTokens + FRAME_TOKENS, 0),
    };
  }
  const said = message.parts.flatMap((part) =>
    part.type === "text" ? [part.text] : [part.text, part.signature ?? "", part.encrypted ?? "", part.redacted ?? ""],
  );
  const calls = message.toolCalls.flatMap(({ id, name, arguments: args }) => [id, name, args]);
  return { texts: [...said, ...calls], frameTokens: message.toolCalls.length * FRAME_TOKENS };
}

function partsOfInput(parts: readonly InputPart[], imageTokens: number): Read {
  const texts = parts.flatMap((part) => (part.type === "text" ? [part.text] : []));
  return { texts, frameTokens: (parts.length - texts.length) * imageTokens };
}
