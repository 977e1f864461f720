import type { LanguageModelV4, SharedV4ProviderMetadata, SharedV4ProviderOptions } from "@ai-sdk/provider";
import type { Fetch } from "../core/world.ts";
import type { Embed } from "./call/embedding-call.ts";
import { sanitizeToolCallId } from "./call/tool-call-id.ts";
import type { LlmConfig } from "./config.ts";
import type { ModelRequest, ReasoningPart } from "./model.ts";
import { baseUrlOf, type ProviderSettings } from "./provider.ts";
import type { Bodies } from "./regular-answer.ts";

/** What of a {@link ReasoningPart} must go back to the provider unchanged. */
export type ReasoningMarks = Omit<ReasoningPart, "type" | "text">;

/** How a family writes a conversation, where families differ. */
export interface Dialect {
  /** System messages may stand anywhere; otherwise later ones become the person's. */
  readonly systemAnywhere: boolean;
  /** The answer to a tool call may hold images; otherwise they follow in a message of their own. */
  readonly imagesInToolAnswers: boolean;
  /** Arguments go back as the text the model wrote; otherwise as the object it means. */
  readonly rawArguments: boolean;
  /** A failed tool call is marked as such; otherwise its text must say so. */
  readonly marksFailures: boolean;
  /** The model's own signature stands on its tool calls rather than on its reasoning. */
  readonly signsToolCalls: boolean;
  /** A signature follows each thought. */
  readonly signsThoughts: boolean;
  /** Reasoning of one id is one item, though it comes in several pieces. */
  readonly joinsReasoning: boolean;
  /** The id under which the provider accepts a tool call back. */
  toolCallId(id: string): string;
  /** What the provider said beside a piece of reasoning. */
  readMarks(metadata: SharedV4ProviderMetadata | undefined): ReasoningMarks;
  /** The options under which a piece of reasoning goes back; undefined when it must be left out. */
  writeMarks(part: ReasoningPart): SharedV4ProviderOptions | undefined;
}

/** One call, for a family to say which of its own options it takes. */
export interface FamilyCall {
  readonly settings: ProviderSettings;
  readonly config: LlmConfig;
  readonly request: ModelRequest;
}

/** A family of providers that are spoken to in one way, by one package or by ours. */
export interface Family {
  readonly dialect: Dialect;
  /** Opens the model, by its package where it has one, which is loaded then. */
  open(settings: ProviderSettings, config: LlmConfig, fetch: Fetch): Promise<LanguageModelV4>;
  /** Whether the model answers in chat completions, which are read without a package. */
  speaksChat?(settings: ProviderSettings, config: LlmConfig): boolean;
  /** How answers that the package reads are made regular first; as they come when absent. */
  readonly bodies?: Bodies;
  /** The options that only this family knows. */
  options(call: FamilyCall): SharedV4ProviderOptions;
  /** How many tokens to ask for at most; the configured number when the family has no rule of its own. */
  maxTokens?(call: FamilyCall): number | undefined;
  /** Whether a tool's schema should be sent as binding. Undefined leaves the word out. */
  strictTools?(call: FamilyCall): boolean | undefined;
  /** How vectors are asked for; absent when these providers have no embedding models. */
  readonly embed?: Embed;
  /** The most texts that one request for vectors may bring, where that is less than usual. */
  readonly embedTextsMax?: number;
}

/** How a package reaches its provider. A key that is not set is empty, or the package would look into the environment. */
export function reachOf(settings: ProviderSettings, fetch: Fetch) {
  return {
    baseURL: baseUrlOf(settings),
    apiKey: settings.apiKey ?? "",
    headers: { ...settings.headers },
    // A new function, so that the caller's own is not changed. Packages ask for `preconnect` and never call it.
    fetch: Object.assign((...args: Parameters<Fetch>) => fetch(...args), { preconnect: () => undefined }),
  };
}

/** The text at `key` of the metadata's part for `provider`, if there is one. */
export function markOf(
  metadata: SharedV4ProviderMetadata | undefined,
  provider: string,
  key: string,
): string | undefined {
  const value = metadata?.[provider]?.[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** `marks` without what is undefined. */
export function marks(found: { readonly [K in keyof ReasoningMarks]?: string | undefined }): ReasoningMarks {
  return {
    ...(found.signature !== undefined && { signature: found.signature }),
    ...(found.encrypted !== undefined && { encrypted: found.encrypted }),
    ...(found.redacted !== undefined && { redacted: found.redacted }),
    ...(found.id !== undefined && { id: found.id }),
  };
}

/** How most families write a conversation; each one overrides what it does differently. */
export const PLAIN_DIALECT: Dialect = {
  systemAnywhere: true,
  imagesInToolAnswers: false,
  rawArguments: false,
  marksFailures: false,
  signsToolCalls: false,
  signsThoughts: false,
  joinsReasoning: false,
  toolCallId: sanitizeToolCallId,
  readMarks: () => ({}),
  writeMarks: () => undefined,
};
