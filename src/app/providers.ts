import type { ProviderSettings } from "../llm/provider.ts";
import type { Environment } from "./command/settings.ts";

/** The providers whose keys or addresses are in the environment, under the names that Letta and the providers use. */
export function providersFrom(environment: Environment): readonly ProviderSettings[] {
  const get = (...names: readonly string[]) =>
    names.map((name) => environment[name]).find((value) => value !== undefined);
  const found: (ProviderSettings | undefined)[] = [
    keyed("openai", "openai", get("OPENAI_API_KEY"), get("OPENAI_API_BASE", "OPENAI_BASE_URL")),
    keyed("anthropic", "anthropic", get("ANTHROPIC_API_KEY"), get("ANTHROPIC_BASE_URL")),
    keyed("google_ai", "google_ai", get("GEMINI_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"), get("GEMINI_BASE_URL")),
    keyed("mistral", "mistral", get("MISTRAL_API_KEY", "LETTA_MISTRAL_API_KEY"), get("MISTRAL_BASE_URL")),
    azure(get),
    bedrock(get),
    keyed("groq", "groq", get("GROQ_API_KEY"), get("GROQ_BASE_URL")),
    keyed("xai", "xai", get("XAI_API_KEY"), get("XAI_BASE_URL")),
    keyed("deepseek", "deepseek", get("DEEPSEEK_API_KEY"), get("DEEPSEEK_BASE_URL")),
    keyed("together", "together", get("TOGETHER_API_KEY"), get("TOGETHER_BASE_URL")),
    keyed("openrouter", "openrouter", get("OPENROUTER_API_KEY"), get("OPENROUTER_BASE_URL")),
    local("ollama", "ollama", get("OLLAMA_BASE_URL")),
    local("lmstudio_openai", "lmstudio", get("LMSTUDIO_BASE_URL")),
    local("llamacpp", "llamacpp", get("LLAMACPP_BASE_URL")),
    local("vllm", "vllm", get("VLLM_API_BASE", "VLLM_BASE_URL")),
    compatible(get),
  ];
  return found.filter((provider) => provider !== undefined);
}

type Get = (...names: readonly string[]) => string | undefined;

/** A provider that is there when its key is. */
function keyed(
  name: string,
  kind: ProviderSettings["kind"],
  apiKey: string | undefined,
  baseUrl: string | undefined,
): ProviderSettings | undefined {
  if (apiKey === undefined) return undefined;
  return { name, kind, apiKey, ...(baseUrl === undefined ? {} : { baseUrl }) };
}

/** A server on the own network that is there when its address is. */
function local(
  name: string,
  kind: ProviderSettings["kind"],
  baseUrl: string | undefined,
): ProviderSettings | undefined {
  return baseUrl === undefined ? undefined : { name, kind, baseUrl };
}

/** Both are needed, as the address is that of the own resource. */
function azure(get: Get): ProviderSettings | undefined {
  const apiKey = get("AZURE_API_KEY");
  const baseUrl = get("AZURE_BASE_URL");
  if (apiKey === undefined || baseUrl === undefined) return undefined;
  const apiVersion = get("AZURE_API_VERSION");
  return { name: "azure", kind: "azure", apiKey, baseUrl, ...(apiVersion === undefined ? {} : { apiVersion }) };
}

/** By the variables that every program for AWS reads. */
function bedrock(get: Get): ProviderSettings | undefined {
  const accessKeyId = get("AWS_ACCESS_KEY_ID");
  const secretAccessKey = get("AWS_SECRET_ACCESS_KEY");
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const sessionToken = get("AWS_SESSION_TOKEN");
  return {
    name: "bedrock",
    kind: "bedrock",
    accessKeyId,
    secretAccessKey,
    region: get("AWS_DEFAULT_REGION", "AWS_REGION") ?? "us-east-1",
    ...(sessionToken === undefined ? {} : { sessionToken }),
  };
}

/** Any other endpoint that speaks OpenAI's protocol, under a name of one's own. */
function compatible(get: Get): ProviderSettings | undefined {
  const baseUrl = get("SELKIE_COMPATIBLE_BASE_URL");
  if (baseUrl === undefined) return undefined;
  const apiKey = get("SELKIE_COMPATIBLE_API_KEY");
  return {
    name: get("SELKIE_COMPATIBLE_NAME") ?? "compatible",
    kind: "openai_compatible",
    baseUrl,
    ...(apiKey === undefined ? {} : { apiKey }),
  };
}
