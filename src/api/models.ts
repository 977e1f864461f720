import { Hono } from "hono";
import { z } from "zod";
import type { JsonObject } from "../core/json.ts";
import type { EmbeddingInfo, ModelInfo } from "../llm/config.ts";
import type { ApiEnv, RouteOptions } from "./env.ts";
import { listParam, readQuery } from "./request.ts";
import { toWireEmbeddingConfig, toWireLlmConfig } from "./wire/llm-config.ts";

const ListQuery = z.object({
  provider_category: listParam(),
  provider_name: z.string().optional(),
  provider_type: z.string().optional(),
});

/** Routes of `/models`. */
export function modelRoutes({ models }: Pick<RouteOptions, "models">): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();

  routes.get("/", async (c) => {
    const query = readQuery(c, ListQuery);
    const found = (await models.list()).filter(
      ({ config, providerType }) =>
        (query.provider_category === undefined ||
          query.provider_category.includes(config.providerCategory ?? "base")) &&
        (query.provider_name === undefined || query.provider_name === config.providerName) &&
        (query.provider_type === undefined || query.provider_type === providerType),
    );
    return c.json(found.map(toWireModel));
  });

  for (const path of ["/embedding", "/embeddings"])
    routes.get(path, async (c) => c.json((await models.listEmbeddings()).map(toWireEmbedding)));

  return routes;
}

function toWireModel({ config, providerType, maxContextWindow }: ModelInfo): JsonObject {
  return {
    ...toWireLlmConfig(config),
    name: config.model,
    display_name: config.displayName ?? config.model,
    provider_type: providerType,
    model_type: "llm",
    max_context_window: maxContextWindow,
  };
}

function toWireEmbedding({ config, providerType, providerName }: EmbeddingInfo): JsonObject {
  return {
    ...toWireEmbeddingConfig(config),
    name: config.embeddingModel,
    display_name: config.embeddingModel,
    provider_type: providerType,
    provider_name: providerName,
    model_type: "embedding",
  };
}
