import type { ProviderSettings } from "../../src/llm/provider.ts";

/** A key that nobody but the providers may ever see. It looks like none, so that only knowing it can hide it. */
export const SECRET = "canary.of.the.simulated.provider";

/** Where the provider that speaks OpenAI's chat format answers. */
export const CHAT_URL = "https://model.sim/v1";
/** Where the provider that speaks Anthropic's messages format answers. */
export const CLAUDE_URL = "https://claude.sim/v1";

/** The models of each provider, as it lists them; agents use the first, requests may name the second. */
export const MODEL_NAMES = {
  openai: ["gpt-4o-mini", "gpt-4o"],
  anthropic: ["claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001"],
} as const;

/** One of the simulated providers. */
export type ProviderName = keyof typeof MODEL_NAMES;

/** The providers as an operator would configure them. */
export const SIM_PROVIDERS: readonly ProviderSettings[] = [
  { name: "openai", kind: "openai", apiKey: SECRET, baseUrl: CHAT_URL },
  { name: "anthropic", kind: "anthropic", apiKey: SECRET, baseUrl: CLAUDE_URL },
];

/** The server's own key, in seeds where it has one. */
export const ROOT_KEY = "canary.of.the.simulated.server";

/** Whether a text holds {@link SECRET} or {@link ROOT_KEY}. */
export function reveals(text: string): boolean {
  return text.includes(SECRET) || text.includes(ROOT_KEY);
}
