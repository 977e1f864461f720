import type {
  LanguageModelV4Content,
  LanguageModelV4FinishReason,
  LanguageModelV4ToolCall,
  LanguageModelV4Usage,
  SharedV4ProviderMetadata,
} from "@ai-sdk/provider";
import type { Dialect, ReasoningMarks } from "../family.ts";
import { mendedArguments } from "../mended-arguments.ts";
import type { FinishReason, Hear, ModelDelta, ModelReply, OutputPart, ToolCall, Usage } from "../model.ts";
import type { AnswerPart } from "./chat-chunks.ts";
import { TOOL_CALLS_MAX } from "./limits.ts";
import type { ToolCallIds } from "./tool-call-id.ts";

/** Passes on what a provider says and gathers it into, at the end, the whole reply. */
export interface ReplyGatherer {
  /** Whether anything was said yet. */
  readonly said: boolean;
  /** Takes one piece of a stream. Throws what an error piece holds. */
  take(part: AnswerPart): void;
  /** Takes one piece of an answer that came as a whole. */
  takeWhole(part: LanguageModelV4Content): void;
  /** Ends the reply. */
  finish(reason: LanguageModelV4FinishReason, usage: LanguageModelV4Usage): ModelReply;
}

/** What a gatherer goes by. */
export interface GathererOptions {
  readonly dialect: Dialect;
  readonly ids: ToolCallIds;
  readonly outputCharsMax: number;
  readonly hear: Hear;
  /** Whether the package made up this tool for an answer of a certain shape: then its arguments are the answer. */
  readonly isAnswer: (toolName: string) => boolean;
}

interface Piece {
  type: "text" | "reasoning";
  text: string;
  marks: ReasoningMarks;
}

interface Call {
  readonly id: string;
  readonly name: string;
  text: string;
}

/** An answer that goes beyond what one may be. */
export class EndlessReply extends Error {
  override readonly name = "EndlessReply";
}

/** A gatherer for one reply. */
export function createGatherer(options: GathererOptions): ReplyGatherer {
  return new Gatherer(options);
}

class Gatherer implements ReplyGatherer {
  readonly #options: GathererOptions;
  readonly #pieces: Piece[] = [];
  /** Pieces by the provider's id for them. */
  readonly #known = { text: new Map<string, Piece>(), reasoning: new Map<string, Piece>() };
  readonly #calls: Call[] = [];
  /** Calls by the provider's id for them; a finished one leaves, so that a repeated id starts a new call. */
  readonly #open = new Map<string, Call>();
  /** Calls, by the provider's id for them, that are the answer. */
  readonly #answers = new Set<string>();
  /** The last piece of a thought, which waits for what may be its signature, so that both are heard together. */
  #thought = "";
  #chars = 0;

  constructor(options: GathererOptions) {
    this.#options = options;
  }

  get said(): boolean {
    return this.#chars > 0 || this.#calls.length > 0;
  }

  take(part: AnswerPart): void {
    switch (part.type) {
      case "text-delta":
        this.#say(this.#piece("text", part.id), part.delta);
        break;
      case "reasoning-start":
      case "reasoning-end":
        this.#mark(this.#piece("reasoning", part.id, part.providerMetadata), part.providerMetadata);
        break;
      case "reasoning-delta":
        this.#say(this.#piece("reasoning", part.id), part.delta);
        if (part.providerMetadata !== undefined) this.#mark(this.#piece("reasoning", part.id), part.providerMetadata);
        break;
      case "text-was-reasoning":
        this.#rethink(part.id);
        break;
      case "tool-input-start":
        if (this.#options.isAnswer(part.toolName)) this.#answers.add(part.id);
        else if (part.providerExecuted !== true) this.#start(part.id, part.toolName);
        break;
      case "tool-input-delta":
        if (this.#answers.has(part.id)) this.#say(this.#piece("text", part.id), part.delta);
        else this.#argue(this.#open.get(part.id), part.delta);
        break;
      case "tool-call":
        if (!this.#answers.has(part.toolCallId)) this.#call(part);
        break;
      case "error":
        throw part.error;
      default:
        // Sources, files, metadata and markers carry nothing an agent keeps.
        break;
    }
  }

  takeWhole(part: LanguageModelV4Content): void {
    if (part.type === "text") {
      this.#say(this.#add("text"), part.text);
    } else if (part.type === "reasoning") {
      const piece = this.#joinable(part.providerMetadata) ?? this.#add("reasoning");
      this.#say(piece, part.text);
      this.#mark(piece, part.providerMetadata);
    } else if (part.type === "tool-call") {
      this.#call(part);
    }
  }

  finish(reason: LanguageModelV4FinishReason, usage: LanguageModelV4Usage): ModelReply {
    this.#tellThought();
    const parts = this.#pieces.flatMap(outputPart);
    const toolCalls = this.#calls.map(toolCall);
    const finishReason = finishReasonOf(reason, toolCalls.length > 0);
    const isAnswered = finishReason === "tool_calls" && toolCalls.length === 0 && this.#answers.size > 0;
    return { parts, toolCalls, finishReason: isAnswered ? "stop" : finishReason, usage: usageOf(usage) };
  }

  /** What was heard cannot be taken back, but it is told once more as what it is. */
  #rethink(id: string): void {
    const piece = this.#known.text.get(id);
    if (piece === undefined) return;
    this.#known.text.delete(id);
    piece.type = "reasoning";
    this.#tell({ type: "reasoning_delta", text: piece.text, takesBack: true });
  }

  #piece(type: Piece["type"], id: string, metadata?: SharedV4ProviderMetadata): Piece {
    const known = this.#known[type].get(id);
    if (known !== undefined) return known;
    const piece = (type === "reasoning" ? this.#joinable(metadata) : undefined) ?? this.#add(type);
    this.#known[type].set(id, piece);
    return piece;
  }

  #add(type: Piece["type"]): Piece {
    const piece: Piece = { type, text: "", marks: {} };
    this.#pieces.push(piece);
    return piece;
  }

  /** The reasoning that a further piece of the same item goes on with, set apart by an empty line. */
  #joinable(metadata: SharedV4ProviderMetadata | undefined): Piece | undefined {
    const last = this.#pieces.at(-1);
    if (!this.#options.dialect.joinsReasoning || last === undefined || last.type !== "reasoning") return undefined;
    const { id } = this.#options.dialect.readMarks(metadata);
    if (id === undefined || last.marks.id !== id) return undefined;
    if (last.text !== "") this.#say(last, "\n\n");
    return last;
  }

  #mark(piece: Piece, metadata: SharedV4ProviderMetadata | undefined): void {
    if (metadata === undefined) return;
    const found = this.#options.dialect.readMarks(metadata);
    piece.marks = { ...piece.marks, ...found };
    this.#tellThought(found.signature);
  }

  #say(piece: Piece, text: string): void {
    if (text === "") return;
    this.#count(text);
    piece.text += text;
    if (piece.type === "reasoning" && this.#options.dialect.signsThoughts) {
      this.#tellThought();
      this.#thought = text;
    } else {
      this.#tell({ type: piece.type === "text" ? "text_delta" : "reasoning_delta", text });
    }
  }

  #tell(delta: ModelDelta): void {
    this.#tellThought();
    this.#options.hear(delta);
  }

  #tellThought(signature?: string): void {
    if (this.#thought === "") return;
    this.#options.hear({ type: "reasoning_delta", text: this.#thought, ...(signature !== undefined && { signature }) });
    this.#thought = "";
  }

  #start(providerId: string, name: string): Call {
    if (this.#calls.length >= TOOL_CALLS_MAX) throw new EndlessReply(`More than ${TOOL_CALLS_MAX} tool calls`);
    const call: Call = { id: this.#options.ids.claim(providerId), name, text: "" };
    this.#calls.push(call);
    this.#open.set(providerId, call);
    this.#tell({ type: "tool_call_start", id: call.id, name });
    return call;
  }

  #argue(call: Call | undefined, text: string): void {
    if (call === undefined || text === "") return;
    this.#count(text);
    call.text += text;
    this.#tell({ type: "tool_call_delta", id: call.id, text });
  }

  #call(part: LanguageModelV4ToolCall): void {
    if (part.providerExecuted === true) return;
    const call = this.#open.get(part.toolCallId) ?? this.#start(part.toolCallId, part.toolName);
    this.#open.delete(part.toolCallId);
    // What came in pieces is the model's own text; the package may have written the whole anew.
    if (call.text === "") this.#argue(call, part.input);
    if (this.#options.dialect.signsToolCalls) this.#sign(part.providerMetadata);
  }

  /** Keeps the signature of a tool call with the reasoning that led to it. Only the first call of a reply has one. */
  #sign(metadata: SharedV4ProviderMetadata | undefined): void {
    if (this.#options.dialect.readMarks(metadata).encrypted === undefined) return;
    const piece = this.#pieces.findLast((earlier) => earlier.type === "reasoning") ?? this.#add("reasoning");
    if (piece.marks.encrypted === undefined) this.#mark(piece, metadata);
  }

  #count(text: string): void {
    this.#chars += text.length;
    const { outputCharsMax } = this.#options;
    if (this.#chars > outputCharsMax) throw new EndlessReply(`The answer is longer than ${outputCharsMax} characters`);
  }
}

function outputPart({ type, text, marks }: Piece): OutputPart[] {
  if (type === "text") return text === "" ? [] : [{ type, text }];
  return text === "" && Object.keys(marks).length === 0 ? [] : [{ type, text, ...marks }];
}

function toolCall({ id, name, text }: Call): ToolCall {
  return { id, name, arguments: mendedArguments(text) };
}

function finishReasonOf({ unified, raw }: LanguageModelV4FinishReason, hasCalls: boolean): FinishReason {
  // The window was full before the answer was whole.
  if (unified === "length" || raw === "model_context_window_exceeded") return "length";
  if (unified === "content-filter") return "filtered";
  if (unified === "tool-calls" || (unified === "stop" && hasCalls)) return "tool_calls";
  return unified === "stop" ? "stop" : "other";
}

/** More tokens than any call can use; a larger number is a mistake of the server's. */
const TOKENS_MAX = 1_000_000_000;

/** A prompt has tokens, so a server that counts none, or less than none, has not counted. */
function usageOf({ inputTokens, outputTokens }: LanguageModelV4Usage): Usage | null {
  const promptTokens = tokensOf(inputTokens.total) ?? 0;
  const completionTokens = tokensOf(outputTokens.total) ?? 0;
  if (promptTokens === 0) return null;
  return {
    promptTokens,
    completionTokens,
    totalTokens: promptTokens + completionTokens,
    cachedInputTokens: tokensOf(inputTokens.cacheRead),
    cacheWriteTokens: tokensOf(inputTokens.cacheWrite),
    reasoningTokens: tokensOf(outputTokens.reasoning),
  };
}

function tokensOf(count: number | undefined): number | null {
  return count !== undefined && count >= 0 && count <= TOKENS_MAX ? Math.round(count) : null;
}
