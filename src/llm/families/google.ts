import { isRecord } from "../../core/json.ts";
import { type EmbeddingCall, postJson, vectorOfNumbers } from "../call/embedding-call.ts";
import { reasonsNatively } from "../catalog.ts";
import { type Family, markOf, marks, PLAIN_DIALECT, reachOf } from "../family.ts";
import { baseUrlOf } from "../provider.ts";
import { geminiBodies } from "./gemini-bodies.ts";

/** Tells Google's thought signatures from the encrypted reasoning of other providers. */
const MARK = "google";

/** Google's Gemini API. */
export const google: Family = {
  dialect: {
    ...PLAIN_DIALECT,
    systemAnywhere: false,
    imagesInToolAnswers: true,
    signsToolCalls: true,
    readMarks(metadata) {
      const encrypted = markOf(metadata, "google", "thoughtSignature");
      return marks({ encrypted, id: encrypted && MARK });
    },
    writeMarks: ({ id, encrypted }) =>
      id === MARK && encrypted !== undefined ? { google: { thoughtSignature: encrypted } } : undefined,
  },
  async open(settings, config, fetch) {
    const { createGoogle } = await import("@ai-sdk/google");
    const provider = createGoogle(reachOf(settings, fetch));
    return provider(config.model);
  },
  bodies: geminiBodies,
  embed: embedContents,
  embedTextsMax: 100,
  options({ config }) {
    if (!reasonsNatively(config.model)) return {};
    const budget = config.maxReasoningTokens > 0 ? { thinkingBudget: config.maxReasoningTokens } : {};
    return { google: { thinkingConfig: { includeThoughts: config.enableReasoner, ...budget } } };
  },
};

async function embedContents(call: EmbeddingCall): Promise<readonly Float32Array[]> {
  const { settings, dimensions, texts } = call;
  const model = `models/${call.model}`;
  const requests = texts.map((text) => ({
    model,
    content: { parts: [{ text }] },
    ...(dimensions !== undefined && { outputDimensionality: dimensions }),
  }));
  const answer = await postJson(call, `${baseUrlOf(settings)}/${model}:batchEmbedContents`, { requests });
  const embeddings = isRecord(answer) && Array.isArray(answer["embeddings"]) ? answer["embeddings"] : [];
  return embeddings.map((item) => vectorOfNumbers(isRecord(item) ? item["values"] : undefined));
}
