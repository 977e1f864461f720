import { isRecord, parseJson } from "../core/json.ts";
import type { World } from "../core/world.ts";
import { createDeadline, type Deadline, timeoutText } from "./call/deadline.ts";
import { boundedFetch, guardedFetch, readStart } from "./call/guarded-fetch.ts";
import { failureOf, modelFailureOf, providerMessage } from "./call/provider-error.ts";
import { isEmbeddingName, type ModelFacts } from "./catalog.ts";
import { azureUrlOf } from "./families/azure.ts";
import { ollamaRootOf } from "./families/ollama.ts";
import { type AskOllama, OLLAMA_WINDOW_TOKENS, ollamaWindows } from "./ollama-windows.ts";
import { baseUrlOf, type ProviderSettings, requestHeadersOf, secretsOf, titleOf } from "./provider.ts";

/** What a provider offers. */
export interface Listing {
  readonly chat: readonly ListedModel[];
  readonly embeddings: readonly string[];
}

/** One model of a provider's list, with what the list says of it. */
export interface ListedModel {
  readonly name: string;
  readonly facts: ModelFacts;
}

/** How long a provider may take to list its models. */
export const LISTING_TIMEOUT_MS = 3_000;
const LISTING_BYTES_MAX = 16 * 1024 * 1024;
/** The most models taken from one provider. */
const MODELS_MAX = 5_000;

/** Where a provider lists its models; undefined when there is no such place. */
function listUrlOf(settings: ProviderSettings): string | undefined {
  switch (settings.kind) {
    case "bedrock":
      return undefined;
    case "azure":
      return `${azureUrlOf(settings)}/deployments?api-version=2022-12-01`;
    case "anthropic":
      return `${baseUrlOf(settings)}/models?limit=1000`;
    case "google_ai":
      return `${baseUrlOf(settings)}/models?pageSize=1000`;
    default:
      return `${baseUrlOf(settings)}/models`;
  }
}

/**
 * Asks a provider for its models. Undefined when it has no list; throws a `ModelFailure` when it does not answer in
 * time, or not with a list.
 */
export async function listModels(
  settings: ProviderSettings,
  world: World,
  timeoutMs = LISTING_TIMEOUT_MS,
): Promise<Listing | undefined> {
  const url = listUrlOf(settings);
  if (url === undefined) return undefined;
  const provider = { title: titleOf(settings.kind), secrets: secretsOf(settings) };
  const deadline = createDeadline(world.clock, new AbortController().signal, timeoutMs);
  deadline.arm("first", timeoutMs);
  try {
    const init = { headers: requestHeadersOf(settings), signal: deadline.signal };
    const response = await deadline.race(boundedFetch(guardedFetch(world.fetch))(url, init));
    const body = await deadline.race(readStart(response, LISTING_BYTES_MAX));
    if (!response.ok) {
      const message = providerMessage(body) ?? `${response.status}`;
      throw modelFailureOf({ statusCode: response.status, responseBody: body, message }, provider);
    }
    const entries = entriesOf(parseJson(body));
    if (entries === undefined)
      throw failureOf({ type: "llm_error", what: "The list of models cannot be read" }, provider);
    const listing = listingOf(settings, entries.slice(0, MODELS_MAX));
    return settings.kind === "ollama" ? await withWindows(listing, settings, world, deadline) : listing;
  } catch (error) {
    const timedOut = deadline.timedOut();
    if (timedOut !== undefined)
      throw failureOf({ type: "llm_timeout", what: timeoutText(timedOut) }, provider, { cause: error });
    throw modelFailureOf(error, provider);
  } finally {
    deadline.end();
  }
}

/** The list with the windows that Ollama's own API tells; as it is where nobody speaks that. */
async function withWindows(
  listing: Listing,
  settings: ProviderSettings,
  world: World,
  deadline: Deadline,
): Promise<Listing> {
  const fetch = boundedFetch(guardedFetch(world.fetch));
  const headers = requestHeadersOf(settings);
  const ask: AskOllama = async (path, body) => {
    const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    try {
      const response = await deadline.race(
        fetch(`${ollamaRootOf(settings)}${path}`, { headers, signal: deadline.signal, ...sent }),
      );
      const text = await deadline.race(readStart(response, LISTING_BYTES_MAX));
      return response.ok ? parseJson(text) : undefined;
    } catch {
      return undefined;
    }
  };
  const names = listing.chat.map(({ name }) => name);
  const windows = await ollamaWindows(ask, names);
  if (windows === undefined) return listing;
  const chat = listing.chat.map(({ name, facts }) => {
    const contextWindow = windows.get(name) ?? OLLAMA_WINDOW_TOKENS;
    return { name, facts: { ...facts, contextWindow } };
  });
  return { ...listing, chat };
}

/** Lists come as `{data: []}`, `{models: []}` or a bare array. */
function entriesOf(value: unknown): readonly unknown[] | undefined {
  const list = isRecord(value) ? (value["data"] ?? value["models"]) : value;
  return Array.isArray(list) ? list : undefined;
}

function listingOf(settings: ProviderSettings, entries: readonly unknown[]): Listing {
  const chat: ListedModel[] = [];
  const embeddings: string[] = [];
  for (const entry of entries) {
    if (!isRecord(entry)) continue;
    const name = nameOf(entry);
    if (name === undefined) continue;
    const embeds = isEmbedding(name, entry);
    if (embeds) embeddings.push(name);
    if (isOffered(settings, name, entry, embeds)) chat.push({ name, facts: factsOf(entry) });
  }
  chat.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { chat, embeddings: embeddings.sort() };
}

function nameOf(entry: Record<string, unknown>): string | undefined {
  const name = entry["id"] ?? entry["name"];
  if (typeof name !== "string" || name === "" || name.length > NAME_CHARS_MAX) return undefined;
  return name.startsWith("models/") ? name.slice("models/".length) : name;
}

const NAME_CHARS_MAX = 200;

function isEmbedding(name: string, entry: Record<string, unknown>): boolean {
  const type = entry["type"];
  return type === "embedding" || type === "embeddings" || isEmbeddingName(name);
}

/** Names of models that answer with something other than text, or not in a conversation. */
const NOT_CHAT =
  /whisper|tts|dall-e|gpt-image|chatgpt-image|sora|moderation|realtime|audio|transcribe|-search-|babbage|davinci|instruct-0914|rerank|guard|imagen|veo-|lyria|aqa|-ocr|orpheus|flux|stable-diffusion|grok-imagine|grok-2-image/i;
/** OpenAI's own chat models; its list holds much else. */
const OPENAI_CHAT = /^(?:gpt-|o\d|chatgpt-|codex-)/;

function isOffered(settings: ProviderSettings, name: string, entry: Record<string, unknown>, embeds: boolean): boolean {
  // Letta's list at any address but OpenAI's own also holds the embedding models, and clients look for them there.
  const official = baseUrlOf(settings).startsWith("https://api.openai.com");
  if (settings.kind === "openai" && !official && embeds) return true;
  if (embeds || NOT_CHAT.test(name)) return false;
  if (settings.kind === "openai" && official) return OPENAI_CHAT.test(name) && !/-instruct/.test(name);
  return chats(entry);
}

/** Whether the list itself says that a model can hold a conversation. Silence counts as yes. */
function chats(entry: Record<string, unknown>): boolean {
  const { type, capabilities, supportedGenerationMethods: methods, active } = entry;
  if (active === false) return false;
  if (typeof type === "string" && ["image", "audio", "rerank", "moderation", "video", "transcribe"].includes(type))
    return false;
  if (isRecord(capabilities) && capabilities["completion_chat"] === false) return false;
  return !Array.isArray(methods) || methods.includes("generateContent");
}

/** The names under which lists give the size of the context window, the most telling first. */
const WINDOW_KEYS = [
  "loaded_context_length",
  "max_model_len",
  "context_length",
  "max_context_length",
  "context_window",
  "inputTokenLimit",
  "max_input_tokens",
];
const OUTPUT_KEYS = ["outputTokenLimit", "max_completion_tokens"];

function factsOf(entry: Record<string, unknown>): ModelFacts {
  const meta = isRecord(entry["meta"]) ? entry["meta"] : {};
  const contextWindow = firstNumber(entry, WINDOW_KEYS) ?? firstNumber(meta, ["n_ctx_train"]);
  const maxTokens = firstNumber(entry, OUTPUT_KEYS);
  return { ...(contextWindow !== undefined && { contextWindow }), ...(maxTokens !== undefined && { maxTokens }) };
}

function firstNumber(entry: Record<string, unknown>, keys: readonly string[]): number | undefined {
  for (const key of keys) {
    const value = entry[key];
    if (typeof value === "number" && Number.isInteger(value) && value > 0) return value;
  }
  return undefined;
}
