import type { OwnProvider } from "../../agent/providers/provider.ts";
import { entityTable } from "../base/columns.ts";

/** The table of providers that organisations have keys of their own for. */
export const OWN_PROVIDERS = entityTable<OwnProvider>()("own_providers", {
  id: "id",
  name: "text",
  type: "text",
  baseUrl: "text",
  region: "text",
  apiVersion: "text",
  revision: "number",
  syncedAt: "instant",
  createdById: "text",
  lastUpdatedById: "text",
  createdAt: "instant",
  updatedAt: "instant",
});
