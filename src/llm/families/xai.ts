import { reasonsNatively } from "../catalog.ts";
import { type Family, PLAIN_DIALECT, reachOf } from "../family.ts";
import { itemMarks } from "./openai.ts";
import { responsesBodies } from "./responses-bodies.ts";

/** The efforts xAI knows. */
const EFFORTS: readonly string[] = ["none", "low", "medium", "high", "xhigh"];

/** xAI's Responses API. */
export const xai: Family = {
  dialect: { ...PLAIN_DIALECT, ...itemMarks("xai") },
  async open(settings, config, fetch) {
    const { createXai } = await import("@ai-sdk/xai");
    const provider = createXai(reachOf(settings, fetch));
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
