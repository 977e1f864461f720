import { type Context, Hono } from "hono";
import { z } from "zod";
import { may } from "../../access/may.ts";
import type { JsonObject } from "../../core/json.ts";
import { PAGE_ITEMS_MAX } from "../../core/page.ts";
import type { EmbeddingInfo, ModelInfo } from "../../llm/config.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { listParam } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { answer, list } from "../wire/answers/answer.ts";
import { toWireEmbeddingConfig, toWireLlmConfig, WireEmbeddingConfig, WireLlmConfig } from "../wire/llm-config.ts";

const ListQuery = z.object({
  provider_category: listParam(),
  provider_name: z.string().optional(),
  provider_type: z.string().optional(),
});

/** Routes of `/models`. */
export function modelRoutes(options: Pick<RouteOptions, "models" | "store">): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  const { models } = options;

  routes.get(
    "/",
    takes({ query: ListQuery, answer: list(WireModel) }, async (c, asked) => {
      const actor = may(c.var.caller, "agents:read");
      if (isOpenAiClient(c.req.header("user-agent"))) return c.json(await openAiModels(options, c));
      const query = asked.query();
      const found = (await models.of(actor).list()).filter(
        ({ config, providerType }) =>
          (query.provider_category === undefined ||
            query.provider_category.includes(config.providerCategory ?? "base")) &&
          (query.provider_name === undefined || query.provider_name === config.providerName) &&
          (query.provider_type === undefined || query.provider_type === providerType),
      );
      return c.json(found.map(toWireModel));
    }),
  );

  for (const path of ["/embedding", "/embeddings"])
    routes.get(
      path,
      takes({ answer: list(WireEmbedding) }, async (c) => {
        const actor = may(c.var.caller, "agents:read");
        return c.json((await models.listEmbeddings(actor)).map(toWireEmbedding));
      }),
    );

  return routes;
}

/** Agents that OpenAI's client is shown: the newest. */
const OPENAI_AGENTS = { limit: PAGE_ITEMS_MAX, order: "desc", orderBy: "created_at" } as const;

/** OpenAI's own client asks for the same list in another shape. */
function isOpenAiClient(userAgent: string | undefined): boolean {
  return /^(?:Async)?OpenAI\//.test(userAgent ?? "");
}

/** What OpenAI's client can see here: agents, each a model that completions can be asked of, then the models behind them. */
async function openAiModels(options: Pick<RouteOptions, "models" | "store">, c: Context<ApiEnv>): Promise<JsonObject> {
  const agents = await readerFor(options, c, "agents:read").agents.list({}, OPENAI_AGENTS);
  const shown = agents.map(({ id, name, createdAt }) => {
    return { id, object: "model", created: Math.floor(createdAt / 1000), owned_by: "agents", name };
  });
  const behind = (await options.models.of(may(c.var.caller, "agents:read")).list()).map(({ config, providerType }) => {
    return { id: config.handle, object: "model", created: 0, owned_by: config.providerName ?? providerType };
  });
  return { object: "list", data: [...shown, ...behind] };
}

const WireModel = answer("Model", {
  ...WireLlmConfig.shape,
  name: z.string(),
  display_name: z.string(),
  provider_type: z.string(),
  model_type: z.literal("llm"),
  max_context_window: z.number(),
});

const WireEmbedding = answer("Embedding", {
  ...WireEmbeddingConfig.shape,
  name: z.string(),
  display_name: z.string(),
  provider_type: z.string(),
  provider_name: z.string(),
  model_type: z.literal("embedding"),
});

function toWireModel({ config, providerType, maxContextWindow }: ModelInfo): z.output<typeof WireModel> {
  return {
    ...toWireLlmConfig(config),
    name: config.model,
    display_name: config.displayName ?? config.model,
    provider_type: providerType,
    model_type: "llm",
    max_context_window: maxContextWindow,
  };
}

function toWireEmbedding({ config, providerType, providerName }: EmbeddingInfo): z.output<typeof WireEmbedding> {
  return {
    ...toWireEmbeddingConfig(config),
    name: config.embeddingModel,
    display_name: config.embeddingModel,
    provider_type: providerType,
    provider_name: providerName,
    model_type: "embedding",
  };
}
