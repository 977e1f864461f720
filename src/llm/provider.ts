import type { ProviderCategory } from "./config.ts";

/** One configured provider. `name` is the prefix of its models' handles. */
export interface ProviderSettings {
  readonly name: string;
  readonly kind: ProviderKind;
  readonly category?: ProviderCategory;
  /** Where it answers; the kind's public address when absent. Required for `azure` and `openai_compatible`. */
  readonly baseUrl?: string;
  readonly apiKey?: string;
  /** AWS only. */
  readonly region?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  /** Azure only. */
  readonly apiVersion?: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
}

interface KindFacts {
  /** What error texts call it. */
  readonly title: string;
  readonly baseUrl?: string;
  /** The path a base URL must end with, added where people leave it out. */
  readonly path?: string;
  /** Letta's `provider_type`, where it is not the kind's own name. */
  readonly type?: string;
  /** Letta's `model_endpoint_type`, where it is not the kind's own name. */
  readonly endpointType?: string;
}

/** In the order in which Letta lists them. */
const KINDS = {
  openai: { title: "OpenAI", baseUrl: "https://api.openai.com/v1" },
  anthropic: { title: "Anthropic", baseUrl: "https://api.anthropic.com/v1", path: "/v1" },
  ollama: { title: "Ollama", baseUrl: "http://127.0.0.1:11434/v1", path: "/v1" },
  google_ai: { title: "Google", baseUrl: "https://generativelanguage.googleapis.com/v1beta", path: "/v1beta" },
  azure: { title: "Azure" },
  groq: { title: "Groq", baseUrl: "https://api.groq.com/openai/v1" },
  together: { title: "Together", baseUrl: "https://api.together.xyz/v1" },
  vllm: { title: "vLLM", baseUrl: "http://127.0.0.1:8000/v1", path: "/v1" },
  llamacpp: { title: "llama.cpp", baseUrl: "http://127.0.0.1:8080/v1", path: "/v1", type: "openai" },
  openai_compatible: { title: "OpenAI-compatible endpoint", type: "openai", endpointType: "openai" },
  bedrock: { title: "Bedrock" },
  lmstudio: { title: "LM Studio", baseUrl: "http://127.0.0.1:1234/v1", path: "/v1", type: "lmstudio_openai" },
  deepseek: { title: "DeepSeek", baseUrl: "https://api.deepseek.com" },
  xai: { title: "xAI", baseUrl: "https://api.x.ai/v1" },
  mistral: { title: "Mistral", baseUrl: "https://api.mistral.ai/v1" },
  openrouter: { title: "OpenRouter", baseUrl: "https://openrouter.ai/api/v1" },
} satisfies Readonly<Record<string, KindFacts>>;
const FACTS: Readonly<Record<ProviderKind, KindFacts>> = KINDS;

/** Every kind of provider this server can speak to, in Letta's words where Letta has one. */
export type ProviderKind = keyof typeof KINDS;

/** Where providers of this kind stand in a list: their own first, those of users behind them. */
export function rankOf({ kind, category }: Pick<ProviderSettings, "kind" | "category">): number {
  const kinds = Object.keys(KINDS);
  return kinds.indexOf(kind) + (category === "byok" ? kinds.length : 0);
}

/** What error texts call this kind of provider. */
export function titleOf(kind: ProviderKind): string {
  return FACTS[kind].title;
}

/** Letta's `provider_type` for this kind. */
export function providerTypeOf(kind: ProviderKind): string {
  return FACTS[kind].type ?? kind;
}

/** The kinds by the words under which the API takes them: Letta's, and behind those two of our own. */
export const KIND_OF_TYPE: ReadonlyMap<string, ProviderKind> = new Map([
  ["openai", "openai"],
  ["anthropic", "anthropic"],
  ["ollama", "ollama"],
  ["google_ai", "google_ai"],
  ["azure", "azure"],
  ["groq", "groq"],
  ["together", "together"],
  ["vllm", "vllm"],
  ["bedrock", "bedrock"],
  ["lmstudio_openai", "lmstudio"],
  ["deepseek", "deepseek"],
  ["xai", "xai"],
  ["mistral", "mistral"],
  ["openrouter", "openrouter"],
  ["llamacpp", "llamacpp"],
  ["openai_compatible", "openai_compatible"],
]);

/** Letta's `model_endpoint_type` for this kind. */
export function endpointTypeOf(kind: ProviderKind): string {
  return FACTS[kind].endpointType ?? kind;
}

/** The address all requests of this provider start with, without a slash at its end; empty when it has none. */
export function baseUrlOf(settings: ProviderSettings): string {
  const facts = FACTS[settings.kind];
  const url = (settings.baseUrl ?? facts.baseUrl ?? "").replace(/\/+$/, "");
  if (url === "" && settings.kind === "bedrock" && settings.region !== undefined)
    return `https://bedrock-runtime.${settings.region}.amazonaws.com`;
  const path = facts.path;
  return url === "" || path === undefined || hasVersion(url) ? url : `${url}${path}`;
}

/** Whether a base URL already names an API version, as in `/v1` or `/v1beta`, at its end. */
function hasVersion(url: string): boolean {
  return /\/v\d+(?:beta|alpha)?\d*$/.test(url);
}

/** What a request that we write ourselves is sent with: the key in the kind's own header, and the configured headers. */
export function requestHeadersOf(settings: ProviderSettings): Record<string, string> {
  const key = settings.apiKey;
  const own = { accept: "application/json", ...settings.headers };
  if (key === undefined) return own;
  switch (settings.kind) {
    case "anthropic":
      return { "x-api-key": key, "anthropic-version": "2023-06-01", ...own };
    case "google_ai":
      return { "x-goog-api-key": key, ...own };
    case "azure":
      return { "api-key": key, ...own };
    default:
      return { authorization: `Bearer ${key}`, ...own };
  }
}

/** Everything of these settings that must never be shown. */
export function secretsOf(settings: ProviderSettings): readonly string[] {
  const { apiKey, accessKeyId, secretAccessKey, sessionToken } = settings;
  const keys = [apiKey, accessKeyId, secretAccessKey, sessionToken, ...Object.values(settings.headers ?? {})];
  return keys.filter((key): key is string => key !== undefined && key.length >= SECRET_CHARS_MIN);
}

/** Shorter texts than this are not treated as secrets: hiding them would hide ordinary words. */
const SECRET_CHARS_MIN = 6;
