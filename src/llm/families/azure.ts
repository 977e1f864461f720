import { usesResponsesApi } from "../catalog.ts";
import { type Family, headersOf, keyOf, packageFetch } from "../family.ts";
import { baseUrlOf, type ProviderSettings } from "../provider.ts";
import { openaiDialect, openaiOptions, openaiStrictTools } from "./openai.ts";

/** Azure OpenAI: OpenAI's protocols at an address of one's own. The model's name is that of the deployment. */
export const azure: Family = {
  dialect: openaiDialect("azure"),
  async open(settings, config, fetch) {
    const { createAzure } = await import("@ai-sdk/azure");
    const dated = isDated(settings.apiVersion);
    const provider = createAzure({
      baseURL: azureUrlOf(settings),
      apiKey: keyOf(settings),
      headers: headersOf(settings),
      fetch: packageFetch(fetch),
      useDeploymentBasedUrls: dated,
      ...(settings.apiVersion !== undefined && { apiVersion: settings.apiVersion }),
    });
    // Dated API versions serve a deployment through chat completions only.
    return usesResponsesApi(config.model) && !dated ? provider.responses(config.model) : provider.chat(config.model);
  },
  options: (call) => ({ openai: openaiOptions(call), azure: openaiOptions(call) }),
  strictTools: openaiStrictTools,
};

/** The address of the resource with the path that all its OpenAI requests start with. */
export function azureUrlOf(settings: ProviderSettings): string {
  const url = baseUrlOf(settings);
  return /^https?:\/\/[^/]+$/.test(url) ? `${url}/openai` : url;
}

function isDated(apiVersion: string | undefined): boolean {
  return apiVersion !== undefined && /^\d{4}-/.test(apiVersion);
}
