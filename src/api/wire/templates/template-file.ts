import type { TemplateFormat } from "../../../agent/templates/format.ts";
import type { ExportedAgent } from "../../../agent/transfer/export-agents.ts";
import type { Clock } from "../../../core/clock.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "../../../core/json.ts";
import { toWireCompaction, toWireMemorySettings } from "../agent.ts";
import { fromFlatFile, isFlatFile } from "../agent-file/flat-agent-file.ts";
import { readAgentFile } from "../agent-file/read-agent-file.ts";
import { toAgentFile } from "../agent-file/write-agent-file.ts";

/** The files of versions: agent files as V1 exports them. */
export function templateFormat(clock: Clock): TemplateFormat {
  return {
    read: (file) => readAgentFile(bytesOf(file)),
    write: (exported) => {
      const file = toAgentFile(exported, clock.now(), []);
      const byPlace = listOf(file["agents"]).map((agent, at) => withSettings(agent, exported.agents[at]));
      // Folders are found by their names, so that their files need not come along.
      return withoutTalk({ ...file, agents: byPlace, files: [] });
    },
  };
}

/**
 * The file that a version becomes of one that a client sends: of the current format, without what was said, and without what
 * secrets hold. Throws a Failure where it is no file of agents.
 */
export function sentFile(json: JsonObject): JsonObject {
  readAgentFile(bytesOf(json));
  const current = isFlatFile(json) ? parseJson(JSON.stringify(fromFlatFile(json))) : json;
  return withoutTalk(isJsonObject(current) ? current : json);
}

/** What an agent file says nothing of, as V1's do not. */
function withSettings(agent: JsonObject, exported: ExportedAgent | undefined): JsonObject {
  if (exported === undefined) return agent;
  const { compactionSettings, memorySettings, fallbackModels } = exported.agent;
  return {
    ...agent,
    compaction_settings: toWireCompaction(compactionSettings),
    ...toWireMemorySettings(memorySettings),
    ...(fallbackModels === null ? {} : { fallback_models: fallbackModels }),
  };
}

function withoutTalk(file: JsonObject): JsonObject {
  const agents = listOf(file["agents"]).map((agent) => ({
    ...agent,
    messages: [],
    in_context_message_ids: [],
    ...(listOf(file["files"]).length === 0 ? { files_agents: [] } : {}),
    ...emptied(agent, "tool_exec_environment_variables"),
    ...emptied(agent, "secrets"),
  }));
  return { ...file, agents };
}

/** The names of secrets: what they hold comes with each request. */
function emptied(agent: JsonObject, field: string): JsonObject {
  const values = agent[field];
  if (!isJsonObject(values)) return {};
  return { [field]: Object.fromEntries(Object.keys(values).map((name) => [name, ""])) };
}

function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function bytesOf(file: JsonObject): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(file));
}
