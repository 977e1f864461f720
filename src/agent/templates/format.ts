import type { JsonObject } from "../../core/json.ts";
import type { AgentBundle } from "../transfer/bundle.ts";
import type { AgentExport } from "../transfer/export-agents.ts";

/** Reads and writes the files that versions are kept as; what they look like is the business of whoever does. */
export interface TemplateFormat {
  read(file: JsonObject): AgentBundle;
  write(exported: AgentExport): JsonObject;
}
