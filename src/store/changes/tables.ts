import type { AuditEntry } from "../../agent/ports/audit.ts";
import type { Webhook } from "../../agent/webhook.ts";
import { entityTable } from "../base/columns.ts";

/** The table of the log of actions. */
export const AUDIT = entityTable<AuditEntry>()("audit", {
  number: "number",
  at: "instant",
  actorKind: "text",
  actorId: "text",
  keyId: "text",
  action: "text",
  resourceKind: "text",
  resourceId: "text",
  outcome: "text",
  requestId: "text",
  address: "text",
  change: "json",
  previousHash: "text",
  hash: "text",
});

/** The table of webhooks; how far each has come stands beside. */
export const WEBHOOKS = entityTable<Webhook>()("webhooks", {
  id: "id",
  url: "text",
  kinds: "json",
  isEnabled: "flag",
  parkedAt: "instant",
  missed: "number",
  lastSentAt: "instant",
  lastStatus: "number",
  lastError: "text",
  createdAt: "instant",
  updatedAt: "instant",
});
