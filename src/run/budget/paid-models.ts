import { askedHandle } from "../../llm/catalog.ts";
import type { EmbeddingConfig, LlmConfig } from "../../llm/config.ts";
import type { Embedder } from "../../llm/embedder.ts";
import type { LanguageModel } from "../../llm/model.ts";
import type { ChatModels, Models } from "../../llm/models.ts";
import { type Budget, type Payer, settlementOf, settlementOfFailure } from "./budget.ts";
import { outputAtMost } from "./estimate.ts";

/** Models as whoever asks them by name needs them. */
export type AskedModels = Pick<ChatModels, "find" | "open">;

/** What paying for calls needs. */
export interface Purse {
  readonly models: Pick<Models, "of">;
  readonly budget: Budget;
}

/** The models, each call of which is held before it is made, on behalf of this payer, and settled after it. */
export function paidModels(purse: Purse, payer: Payer): AskedModels {
  const models = purse.models.of(payer.actor);
  return {
    find: (handle) => models.find(handle),
    open: async (config) => paidModel(await models.open(config), { ...purse, payer }, config),
  };
}

function paidModel(
  model: LanguageModel,
  { budget, payer }: Pick<Purse, "budget"> & { readonly payer: Payer },
  config: LlmConfig,
): LanguageModel {
  return {
    preview: (request) => model.preview(request),

    async call(request, signal, hear) {
      const outputMax = outputAtMost(config);
      const call = await budget.hold({ payer, handle: askedHandle(config), request, outputMax, signal });
      if (call === null) return model.call(request, signal, hear);
      try {
        const answer = await model.call(request, signal, hear);
        await budget.settleNow(payer.actor, settlementOf(call, answer));
        return answer;
      } catch (error) {
        await budget.settleNow(payer.actor, settlementOfFailure(call, error));
        throw error;
      }
    },
  };
}

/** Embedding models, and what paying for them needs. */
export interface EmbeddingPurse extends Pick<Purse, "budget"> {
  readonly models: Pick<Models, "openEmbedder">;
}

/**
 * The embedding model, each call of which is paid for; undefined where there is none. No provider says what it counted, so
 * what was reserved is booked.
 */
export function paidEmbedder(purse: EmbeddingPurse, payer: Payer, config: EmbeddingConfig): Embedder | undefined {
  const { models, budget } = purse;
  const embedder = models.openEmbedder(config, payer.actor);
  return (
    embedder && {
      key: embedder.key,
      handle: embedder.handle,
      dimensions: embedder.dimensions,
      async embed(texts, signal) {
        const request = { system: texts.join("\n"), messages: [], tools: [] };
        const { handle } = embedder;
        const call = await budget.hold({ payer, handle, request, outputMax: 0, signal, waitMs: 0 });
        if (call === null) return embedder.embed(texts, signal);
        try {
          const vectors = await embedder.embed(texts, signal);
          await budget.settleNow(payer.actor, { call, charge: null, lostTries: 0 });
          return vectors;
        } catch (error) {
          await budget.settleNow(payer.actor, settlementOfFailure(call, error));
          throw error;
        }
      },
    }
  );
}
