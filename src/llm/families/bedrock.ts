import type { Fetch } from "../../core/world.ts";
import { type Family, reachOf } from "../family.ts";
import type { ProviderSettings } from "../provider.ts";
import { claudeDialect, claudeMaxTokens, thinkingOf } from "./anthropic.ts";
import { bedrockBodies } from "./bedrock-bodies.ts";

/** Amazon Bedrock's Converse API, for Claude and whatever else the account offers. */
export const bedrock: Family = {
  dialect: claudeDialect("bedrock"),
  async open(settings, config, fetch) {
    return (await providerOf(settings, fetch))(config.model);
  },
  bodies: bedrockBodies,
  // Requests must be signed, which the package does.
  async embed({ settings, model, texts, fetch, signal }) {
    const embedder = (await providerOf(settings, fetch)).embeddingModel(model);
    const atOnce = (await embedder.maxEmbeddingsPerCall) ?? 1;
    const vectors: Float32Array[] = [];
    for (let i = 0; i < texts.length; i += atOnce) {
      const { embeddings } = await embedder.doEmbed({ values: texts.slice(i, i + atOnce), abortSignal: signal });
      vectors.push(...embeddings.map((numbers) => Float32Array.from(numbers)));
    }
    return vectors;
  },
  options(call) {
    const thinking = /claude/.test(call.config.model) ? thinkingOf(call) : undefined;
    return thinking === undefined ? {} : { bedrock: { reasoningConfig: thinking } };
  },
  maxTokens: (call) =>
    /claude/.test(call.config.model) ? claudeMaxTokens(call) : (call.config.maxTokens ?? undefined),
};

async function providerOf(settings: ProviderSettings, fetch: Fetch) {
  const { createAmazonBedrock } = await import("@ai-sdk/amazon-bedrock");
  const reach = reachOf(settings, fetch);
  return createAmazonBedrock({
    ...reach,
    region: settings.region ?? "us-east-1",
    baseURL: reach.baseURL || "https://bedrock-runtime.us-east-1.amazonaws.com",
    accessKeyId: settings.accessKeyId ?? "",
    secretAccessKey: settings.secretAccessKey ?? "",
    ...(settings.sessionToken !== undefined && { sessionToken: settings.sessionToken }),
  });
}
