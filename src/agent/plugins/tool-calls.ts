import { everywhere } from "../../access/may.ts";
import { Failure } from "../../core/failure.ts";
import { parseId } from "../../core/id.ts";
import { isRecord, type Json, type JsonObject } from "../../core/json.ts";
import { cut } from "../../core/text.ts";
import type { World } from "../../core/world.ts";
import type { OutsideAnswer, OutsideCall, ToolRuntime } from "../../tools/runtime.ts";
import { memoryAt } from "../life/memory.ts";
import type { Store } from "../ports/ports.ts";
import { PLUGIN_SOURCE } from "./keep.ts";
import type { PluginHost } from "./plugin-host.ts";

/** What calls of plugin tools are made with. */
export interface PluginToolsOptions {
  readonly store: Store;
  readonly pluginHost: PluginHost;
  readonly world: Pick<World, "clock" | "random">;
}

/** Runs the tools that plugins are. */
export function pluginTools(options: PluginToolsOptions): ToolRuntime {
  return {
    runs: ({ sourceType }) => sourceType === PLUGIN_SOURCE,
    call: (call) => answer(options, call),
  };
}

async function answer({ store, pluginHost, world }: PluginToolsOptions, call: OutsideCall): Promise<OutsideAnswer> {
  const { tool, args, agent, environment, limits, signal } = call;
  const { plugins } = store.reader(everywhere(call.actor));
  const id = parseId("plugin", String(tool.metadata["plugin_id"]));
  const plugin = id === undefined ? undefined : await plugins.find(id);
  const code = plugin === undefined ? undefined : await plugins.codeOf(plugin.id);
  if (plugin === undefined || code === undefined)
    return failed(`The plugin of the tool '${tool.name}' is not there any more`);
  if (!plugin.isEnabled) return failed(`The plugin '${plugin.name}' is switched off`);
  const answers = {
    secret: async (name: string) => environment[name] ?? null,
    async recall(query: string, limit: number): Promise<Json> {
      if (agent === null) throw new Failure("refused", "There is no agent whose memory could be asked");
      const memory = await memoryAt(world, store.reader(call.actor), { agentId: agent.id });
      return (await memory.recall(query, { limit })).hits.map(({ entry }) => entry.text);
    },
  };
  const input: JsonObject = { arguments: JSON.parse(JSON.stringify(args)) };
  const given = await pluginHost.call({ plugin, code, input, answers, timeoutMs: limits.timeoutMs, signal });
  if (given.kind === "unknown") return { status: "unknown", reason: given.reason };
  if (given.kind === "error") return failed(given.reason);
  return outcomeOf(given.value, limits.outputCharsMax);
}

/** A tool answers `{"result": ...}`, or `{"error": "..."}`. */
function outcomeOf(value: Json, charsMax: number): OutsideAnswer {
  const { result = null, error } = isRecord(value) ? value : { error: "The plugin answered no object" };
  if (error !== undefined) return failed(cut(typeof error === "string" ? error : JSON.stringify(error), charsMax));
  const text = typeof result === "string" ? result : JSON.stringify(result);
  return { status: "success", text: cut(text, charsMax), stdout: [], stderr: [], blocks: {} };
}

function failed(text: string): OutsideAnswer {
  return { status: "error", text, stdout: [], stderr: [], blocks: {} };
}
