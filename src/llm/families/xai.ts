import { reasonsNatively } from "../catalog.ts";
import { type Family, headersOf, keyOf, markOf, marks, PLAIN_DIALECT, packageFetch } from "../family.ts";
import { baseUrlOf } from "../provider.ts";
import { responsesBodies } from "./responses-bodies.ts";

/** The efforts xAI knows. */
const EFFORTS: readonly string[] = ["none", "low", "medium", "high", "xhigh"];

/** xAI's Responses API. */
export const xai: Family = {
  dialect: {
    ...PLAIN_DIALECT,
    joinsReasoning: true,
    readMarks: (metadata) =>
      marks({
        id: markOf(metadata, "xai", "itemId"),
        encrypted: markOf(metadata, "xai", "reasoningEncryptedContent"),
        signature: undefined,
        redacted: undefined,
      }),
    writeMarks: ({ id, encrypted }) =>
      encrypted === undefined || id === undefined || !id.startsWith("rs_")
        ? undefined
        : { xai: { itemId: id, reasoningEncryptedContent: encrypted } },
  },
  async open(settings, config, fetch) {
    const { createXai } = await import("@ai-sdk/xai");
    const provider = createXai({
      baseURL: baseUrlOf(settings),
      apiKey: keyOf(settings),
      headers: headersOf(settings),
      fetch: packageFetch(fetch),
    });
    return provider.responses(config.model);
  },
  bodies: responsesBodies,
  options({ config, request }) {
    const effort = config.reasoningEffort;
    return {
      xai: {
        store: false,
        ...(request.tools.length > 0 && { parallelToolCalls: request.parallelToolCalls }),
        ...(reasonsNatively(config.model) &&
          effort !== null &&
          EFFORTS.includes(effort) && { reasoningEffort: effort }),
      },
    };
  },
};
