import { usesResponsesApi } from "../catalog.ts";
import type { LlmConfig } from "../config.ts";
import { type Family, reachOf } from "../family.ts";
import { baseUrlOf, type ProviderSettings } from "../provider.ts";
import { openaiDialect, openaiOptions, openaiStrictTools } from "./openai.ts";
import { openaiEmbeddings } from "./openai-embeddings.ts";
import { responsesBodies } from "./responses-bodies.ts";

/** Azure OpenAI: OpenAI's protocols at an address of one's own. The model's name is that of the deployment. */
export const azure: Family = {
  dialect: openaiDialect("azure"),
  async open(settings, config, fetch) {
    const { createAzure } = await import("@ai-sdk/azure");
    const provider = createAzure({
      ...reachOf(settings, fetch),
      baseURL: azureUrlOf(settings),
      useDeploymentBasedUrls: isDated(settings),
      ...(settings.apiVersion !== undefined && { apiVersion: settings.apiVersion }),
    });
    return isChat(settings, config) ? provider.chat(config.model) : provider.responses(config.model);
  },
  bodies: responsesBodies,
  speaksChat: isChat,
  options: (call) => ({ openai: openaiOptions(call), azure: openaiOptions(call) }),
  strictTools: openaiStrictTools,
  embed: openaiEmbeddings({ urlOf: embeddingsUrlOf, asksBytes: true }),
};

/** The address of the resource with the path that all its OpenAI requests start with. */
export function azureUrlOf(settings: ProviderSettings): string {
  const url = baseUrlOf(settings);
  return /^https?:\/\/[^/]+$/.test(url) ? `${url}/openai` : url;
}

function embeddingsUrlOf(settings: ProviderSettings, deployment: string): string {
  const root = isDated(settings) ? `deployments/${encodeURIComponent(deployment)}` : "v1";
  return `${azureUrlOf(settings)}/${root}/embeddings?api-version=${settings.apiVersion ?? "v1"}`;
}

/** Dated API versions serve a deployment through chat completions only. */
function isChat(settings: ProviderSettings, { model }: LlmConfig): boolean {
  return !usesResponsesApi(model) || isDated(settings);
}

function isDated({ apiVersion }: ProviderSettings): boolean {
  return apiVersion !== undefined && /^\d{4}-/.test(apiVersion);
}
