import type { LanguageModelV4, LanguageModelV4CallOptions } from "@ai-sdk/provider";
import { isRecord, type JsonObject, parseJson } from "../../core/json.ts";
import type { World } from "../../core/world.ts";
import { reasonsNatively } from "../catalog.ts";
import type { LlmConfig } from "../config.ts";
import { mayBeCharged, noteLostTries } from "../failure.ts";
import type { Dialect, Family, FamilyCall } from "../family.ts";
import type { Hear, LanguageModel, ModelAnswer, ModelMessage, ModelRequest } from "../model.ts";
import { type ProviderSettings, secretsOf, titleOf } from "../provider.ts";
import { streamedAttempt, wholeAttempt } from "./attempt.ts";
import { createDeadline, type Deadline, timeoutText } from "./deadline.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import type { CallLimits } from "./limits.ts";
import { createTap, openPackageParts, type Tap } from "./part-stream.ts";
import { isAnswerTool, promptOf, responseFormatOf, toolChoiceOf, toolsOf } from "./prompt.ts";
import { type FailedProvider, failureOf, isPassing, modelFailureOf, retryAfterMs } from "./provider-error.ts";
import { createGatherer, EndlessReply } from "./reply.ts";
import { type Retry, withRetries } from "./retry.ts";
import { createToolCallIds } from "./tool-call-id.ts";

/** What a model is opened with. */
export interface AdapterOptions {
  readonly settings: ProviderSettings;
  readonly config: LlmConfig;
  readonly family: Family;
  readonly world: World;
  readonly limits: CallLimits;
}

/** A model of one of the provider packages, behind our own contract, for any number of calls. Its package is loaded by the first. */
export function createLanguageModel(options: AdapterOptions): LanguageModel {
  return new Adapter(options);
}

/**
 * Open models that think, and whose chat templates may write the tag before their thoughts themselves. A server that
 * takes the thoughts out shows with its first answer that nothing has to be held back.
 */
const LEAVES_TAG_OUT = /qwen-?3|qwq|r1(?:$|[-_:.\d])|thinking|reasoning|magistral|glm-?4\.[5-9]|nemotron|minimax-?m/i;

class Adapter implements LanguageModel {
  readonly #options: AdapterOptions;
  readonly #provider: FailedProvider;
  /** A model that thinks first may be silent for long. */
  readonly #thinks: boolean;
  readonly #tap: Tap;
  readonly #speaksChat: boolean;
  readonly #dialect: Dialect;
  #opened: Promise<LanguageModelV4> | undefined;

  constructor(options: AdapterOptions) {
    this.#options = options;
    this.#provider = { title: titleOf(options.settings.kind), secrets: secretsOf(options.settings) };
    this.#thinks = reasonsNatively(options.config.model);
    const { family, settings, config, world } = options;
    this.#speaksChat = family.speaksChat?.(settings, config) === true;
    // In chat completions a tool says words alone.
    this.#dialect = this.#speaksChat ? { ...family.dialect, imagesInToolAnswers: false } : family.dialect;
    this.#tap = createTap({
      fetch: guardedFetch(world.fetch),
      clock: world.clock,
      bodies: family.bodies,
      leavesTagOut: LEAVES_TAG_OUT.test(config.model),
    });
  }

  async call(request: ModelRequest, signal: AbortSignal, hear?: Hear): Promise<ModelAnswer> {
    signal.throwIfAborted();
    const { world, limits } = this.#options;
    const deadline = createDeadline(world.clock, signal, limits.streamTimeoutMs);
    this.#tap.attend(deadline.signal, deadline.prolong);
    let isHeard = false;
    const tries: boolean[] = [];
    const judge = (error: unknown): Retry => {
      tries.push(mayBeCharged(modelFailureOf(error, this.#provider)));
      // What was heard cannot be unsaid.
      return isHeard ? { again: false } : this.#judge(error);
    };
    const listen: Hear = (delta) => {
      isHeard = true;
      hear?.(delta);
    };
    try {
      const callOptions = this.#callOptions(request, deadline.signal);
      const answer = await withRetries(() => this.#attempt(request, callOptions, deadline, listen), {
        retriesMax: limits.retriesMax,
        clock: world.clock,
        random: world.random,
        signal: deadline.signal,
        judge,
      });
      return tries.length === 0 ? answer : { ...answer, lostTries: tries.filter(Boolean).length };
    } catch (error) {
      const explained = this.#explained(error, deadline, signal);
      noteLostTries(explained, tries.slice(0, -1).filter(Boolean).length);
      throw explained;
    } finally {
      deadline.end();
    }
  }

  async preview(request: ModelRequest): Promise<JsonObject> {
    const { family, settings, config } = this.#options;
    let body: unknown;
    const model = await family.open(settings, config, async (_input, init) => {
      body = init?.body;
      throw new Error("A preview sends nothing");
    });
    const callOptions = this.#callOptions(request, new AbortController().signal);
    try {
      await (request.stream ? model.doStream(callOptions) : model.doGenerate(callOptions));
    } catch (error) {
      if (body === undefined) throw modelFailureOf(error, this.#provider);
    }
    const parsed = typeof body === "string" ? parseJson(body) : undefined;
    return isRecord(parsed) ? parsed : {};
  }

  async #attempt(
    request: ModelRequest,
    callOptions: LanguageModelV4CallOptions,
    deadline: Deadline,
    hear: Hear,
  ): Promise<ModelAnswer> {
    const { world, limits } = this.#options;
    const whole = !request.stream;
    deadline.arm("first", whole && this.#thinks ? limits.streamTimeoutMs : limits.requestTimeoutMs);
    const gatherer = createGatherer({
      dialect: this.#dialect,
      ids: createToolCallIds(usedIds(request.messages), world.random),
      outputCharsMax: limits.outputCharsMax,
      hear,
      isAnswer: (name) => isAnswerTool(request, name),
    });
    const options = {
      model: await deadline.race(this.#open()),
      callOptions,
      gatherer,
      deadline,
      provider: this.#provider,
      quietMs: this.#thinks ? limits.thinkingTimeoutMs : limits.idleTimeoutMs,
      ...(this.#thinks && { firstQuietMs: limits.thinkingTimeoutMs }),
    };
    if (this.#speaksChat) return streamedAttempt(options, this.#tap.openChat(whole ? "doGenerate" : "doStream"));
    return whole ? wholeAttempt(options) : streamedAttempt(options, openPackageParts);
  }

  #open(): Promise<LanguageModelV4> {
    const { family, settings, config } = this.#options;
    if (this.#opened !== undefined) return this.#opened;
    const opened = family.open(settings, config, this.#tap.fetch);
    this.#opened = opened;
    // The next call tries again.
    opened.catch(() => {
      this.#opened = undefined;
    });
    return opened;
  }

  /** The call as the provider packages take it. */
  #callOptions(request: ModelRequest, signal: AbortSignal): LanguageModelV4CallOptions {
    const { settings, config, family } = this.#options;
    const call: FamilyCall = { settings, config, request };
    const maxTokens = family.maxTokens === undefined ? (config.maxTokens ?? undefined) : family.maxTokens(call);
    const tools = toolsOf(request, family.strictTools?.(call));
    const responseFormat = responseFormatOf(request.responseFormat);
    return {
      prompt: promptOf(request, this.#dialect),
      abortSignal: signal,
      providerOptions: family.options(call),
      ...(maxTokens !== undefined && { maxOutputTokens: maxTokens }),
      ...(config.temperature !== null && { temperature: config.temperature }),
      ...(config.frequencyPenalty !== null && { frequencyPenalty: config.frequencyPenalty }),
      ...(tools !== undefined && { tools, toolChoice: toolChoiceOf(request.toolChoice) }),
      ...(responseFormat !== undefined && { responseFormat }),
    };
  }

  #judge(error: unknown): Retry {
    const passing = !(error instanceof EndlessReply) && isPassing(modelFailureOf(error, this.#provider));
    return passing ? { again: true, afterMs: retryAfterMs(error) } : { again: false };
  }

  #explained(error: unknown, deadline: Deadline, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    const timedOut = deadline.timedOut();
    if (timedOut !== undefined)
      return failureOf({ type: "llm_timeout", what: timeoutText(timedOut) }, this.#provider, { cause: error });
    if (error instanceof EndlessReply)
      return failureOf({ type: "llm_error", what: error.message }, this.#provider, { cause: error });
    return modelFailureOf(error, this.#provider);
  }
}

function usedIds(messages: readonly ModelMessage[]): ReadonlySet<string> {
  const used = new Set<string>();
  for (const message of messages) {
    if (message.role !== "assistant") continue;
    for (const { id } of message.toolCalls) used.add(id);
  }
  return used;
}
