import { Hono } from "hono";
import { chatCompletionRoutes } from "./chat-completions.ts";
import { conversationRunRoutes } from "./conversation-runs.ts";
import { type ConversationRoutesOptions, conversationRoutes } from "./conversations.ts";
import type { ApiEnv } from "./env.ts";
import { generateRoutes } from "./generate.ts";
import { jobRoutes } from "./jobs.ts";
import { messageSearchRoutes } from "./message-search.ts";
import { messageRoutes } from "./messages.ts";
import { telemetryRoutes } from "./traces.ts";

/** Every route that sends messages to agents, follows what comes of them, or looks for them; paths from the API's root. */
export function talkRoutes(options: ConversationRoutesOptions): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .route("/", messageRoutes(options))
    .route("/", messageSearchRoutes(options))
    .route("/", conversationRoutes(options))
    .route("/", conversationRunRoutes(options))
    .route("/", chatCompletionRoutes(options))
    .route("/", generateRoutes(options))
    .route("/", jobRoutes(options))
    .route("/", telemetryRoutes(options));
}
