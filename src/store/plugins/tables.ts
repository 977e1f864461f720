import type { Plugin } from "../../agent/plugins/plugin.ts";
import { entityTable } from "../base/columns.ts";

/** The table of plugins, their code aside. */
export const PLUGINS = entityTable<Plugin>()("plugins", {
  id: "id",
  name: "text",
  kind: "text",
  language: "text",
  manifest: "json",
  grants: "json",
  isEnabled: "flag",
  hash: "text",
  createdById: "text",
  lastUpdatedById: "text",
  createdAt: "instant",
  updatedAt: "instant",
});
