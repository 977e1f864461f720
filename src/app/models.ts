import { createRehearsal } from "../agent/rehearsal/rehearsal.ts";
import type { Models } from "../llm/models.ts";
import { createModels } from "../llm/registry.ts";
import type { Settings } from "./command/settings.ts";
import { providersFrom } from "./providers.ts";
import { realWorld } from "./world.ts";

/** The models that these settings give access to. */
export function modelsOf(settings: Settings): Models {
  const world = realWorld();
  const providers = providersFrom(settings.environment);
  return createModels({ ...settings, ...world, providers, builtIn: createRehearsal(world) });
}
