import { Hono } from "hono";
import type { ApiEnv } from "./http/env.ts";
import { chatCompletionRoutes } from "./openai/chat-completions.ts";
import { jobRoutes } from "./runs/jobs.ts";
import { telemetryRoutes } from "./runs/traces.ts";
import { batchRoutes } from "./talk/batches.ts";
import { captureRoutes } from "./talk/capture.ts";
import { conversationRunRoutes } from "./talk/conversation-runs.ts";
import { type ConversationRoutesOptions, conversationRoutes } from "./talk/conversations.ts";
import { generateRoutes } from "./talk/generate.ts";
import { groupMessageRoutes } from "./talk/group-messages.ts";
import { messageSearchRoutes } from "./talk/message-search.ts";
import { messageRoutes } from "./talk/messages.ts";
import { type ScheduleRoutesOptions, scheduleRoutes } from "./talk/schedules.ts";
import { generateToolRoutes } from "./tools/generate-tool.ts";

/** Every route that sends messages to agents, follows what comes of them, looks for them, or asks models; paths from the API's root. */
export function talkRoutes(options: ConversationRoutesOptions & ScheduleRoutesOptions): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .route("/", batchRoutes(options))
    .route("/", messageRoutes(options))
    .route("/", captureRoutes(options))
    .route("/", groupMessageRoutes(options))
    .route("/", messageSearchRoutes(options))
    .route("/", conversationRoutes(options))
    .route("/", conversationRunRoutes(options))
    .route("/", chatCompletionRoutes(options))
    .route("/", scheduleRoutes(options))
    .route("/", generateRoutes(options))
    .route("/", generateToolRoutes(options))
    .route("/", jobRoutes(options))
    .route("/", telemetryRoutes(options));
}
