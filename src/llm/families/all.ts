import type { Family } from "../family.ts";
import type { ProviderKind } from "../provider.ts";
import { anthropic } from "./anthropic.ts";
import { azure } from "./azure.ts";
import { bedrock } from "./bedrock.ts";
import { deepseek } from "./deepseek.ts";
import { google } from "./google.ts";
import { groq } from "./groq.ts";
import { mistral } from "./mistral.ts";
import { ollama } from "./ollama.ts";
import { openai } from "./openai.ts";
import { openaiCompatible } from "./openai-compatible.ts";
import { openrouter } from "./openrouter.ts";
import { together } from "./together.ts";
import { xai } from "./xai.ts";

const FAMILIES: Readonly<Record<ProviderKind, Family>> = {
  openai,
  anthropic,
  google_ai: google,
  mistral,
  azure,
  bedrock,
  groq,
  xai,
  deepseek,
  together,
  openrouter,
  ollama,
  lmstudio: openaiCompatible,
  llamacpp: openaiCompatible,
  vllm: openaiCompatible,
  openai_compatible: openaiCompatible,
};

/** The family that speaks to providers of this kind. Its package is loaded when the first model is opened. */
export function familyOf(kind: ProviderKind): Family {
  return FAMILIES[kind];
}
