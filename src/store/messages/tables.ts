import type { Message } from "../../agent/message.ts";
import { entityTable } from "../base/columns.ts";

/** The table of messages. Whether one is an error depends on where it is shown; see `message-rows.ts`. */
export const MESSAGES = entityTable<Message>()("messages", {
  id: "id",
  agentId: "id",
  conversationId: "id",
  role: "text",
  content: "json",
  toolCalls: "list",
  toolReturns: "list",
  approvals: "list",
  name: "text",
  model: "text",
  otid: "text",
  senderId: "text",
  groupId: "text",
  stepId: "id",
  runId: "id",
  isError: "flag",
  blocksShown: "json",
  createdAt: "instant",
});
