import type { SandboxConfig, Secret } from "../../agent/ports/secrets.ts";
import { entityTable } from "../base/columns.ts";

/** The table of secrets, what they hold aside. */
export const SECRETS = entityTable<Secret>()("secrets", {
  id: "id",
  ownerId: "text",
  name: "text",
  description: "text",
  createdById: "text",
  lastUpdatedById: "text",
  createdAt: "instant",
  updatedAt: "instant",
});

/** The table of settings of sandboxes. */
export const SANDBOX_CONFIGS = entityTable<SandboxConfig>()("sandbox_configs", {
  id: "id",
  type: "text",
  config: "json",
  createdById: "text",
  lastUpdatedById: "text",
  createdAt: "instant",
  updatedAt: "instant",
});
