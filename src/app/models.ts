import type { Models } from "../llm/models.ts";
import { createModels } from "../llm/registry.ts";
import { providersFrom } from "./providers.ts";
import type { Settings } from "./settings.ts";
import { realWorld } from "./world.ts";

/** The models that these settings give access to. */
export function modelsOf(settings: Settings): Models {
  return createModels({ ...settings, ...realWorld(), providers: providersFrom(settings.environment) });
}
