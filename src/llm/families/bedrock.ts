import { type Family, headersOf, keyOf, packageFetch } from "../family.ts";
import { baseUrlOf } from "../provider.ts";
import { claudeDialect, claudeMaxTokens, thinkingOf } from "./anthropic.ts";

/** Amazon Bedrock's Converse API, for Claude and whatever else the account offers. */
export const bedrock: Family = {
  dialect: claudeDialect("bedrock"),
  async open(settings, config, fetch) {
    const { createAmazonBedrock } = await import("@ai-sdk/amazon-bedrock");
    const provider = createAmazonBedrock({
      region: settings.region ?? "us-east-1",
      baseURL: baseUrlOf(settings) || "https://bedrock-runtime.us-east-1.amazonaws.com",
      apiKey: keyOf(settings),
      accessKeyId: settings.accessKeyId ?? "",
      secretAccessKey: settings.secretAccessKey ?? "",
      headers: headersOf(settings),
      fetch: packageFetch(fetch),
      ...(settings.sessionToken !== undefined && { sessionToken: settings.sessionToken }),
    });
    return provider(config.model);
  },
  options(call) {
    const thinking = /claude/.test(call.config.model) ? thinkingOf(call) : undefined;
    return thinking === undefined ? {} : { bedrock: { reasoningConfig: thinking } };
  },
  maxTokens: (call) =>
    /claude/.test(call.config.model) ? claudeMaxTokens(call) : (call.config.maxTokens ?? undefined),
};
