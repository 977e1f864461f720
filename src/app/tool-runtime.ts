import { type ReadDocument, textOfFile } from "../agent/files/document.ts";
import { fileTypeOf, formatOf } from "../agent/files/media-type.ts";
import type { PluginHost } from "../agent/plugins/plugin-host.ts";
import { pluginTools } from "../agent/plugins/tool-calls.ts";
import type { World } from "../core/world.ts";
import type { MessengerOptions } from "../run/among/messenger.ts";
import { messagingWorks } from "../run/among/works.ts";
import { codeToolsOf } from "../run/calls/code-tools.ts";
import { type McpRuntimeOptions, mcpRuntime } from "../sandbox/mcp/runtime.ts";
import { codeWorks } from "../tools/code/run-code.ts";
import { builtinRuntime } from "../tools/outside-builtin.ts";
import { firstOf, type ToolRuntime } from "../tools/runtime.ts";
import { type FetchPageOptions, fetchPageWork } from "../tools/web/fetch-webpage.ts";
import { type WebSearchOptions, webSearchWork } from "../tools/web/web-search.ts";

/** By what the web is searched. */
export type WebSettings = Pick<WebSearchOptions, "keys" | "searxngUrl">;

/** What the places need where tools run. */
export interface ToolRuntimeOptions extends MessengerOptions, McpRuntimeOptions {
  readonly world: World;
  readonly pluginHost?: PluginHost;
  readonly webSearch: WebSearchOptions;
  readonly readDocument: ReadDocument;
}

/** Says nothing of what a file is. */
const ANY_BYTES = "application/octet-stream";

/**
 * Where tools run: built-in ones that reach outside in this process, those of MCP servers over connections, those that are
 * plugins where these run, all else where it is told.
 */
export function toolRuntimeOf(elsewhere: ToolRuntime | undefined, options: ToolRuntimeOptions): ToolRuntime {
  const code = elsewhere === undefined ? [] : codeWorks(elsewhere, codeToolsOf(options.store));
  const { webSearch, readDocument } = options;
  const page = fetchPageWork({ ...webSearch, readPage: pageReader(readDocument) });
  const own = builtinRuntime([...messagingWorks(options), webSearchWork(webSearch), page, ...code]);
  const { pluginHost } = options;
  const plugins = pluginHost === undefined ? [] : [pluginTools({ ...options, pluginHost })];
  return firstOf([own, mcpRuntime(options), ...plugins, ...(elsewhere === undefined ? [] : [elsewhere])]);
}

/** Reads pages as files are read: where bytes are all that a server tells of one, its name says what it is. */
function pageReader(readDocument: ReadDocument): FetchPageOptions["readPage"] {
  return async ({ mediaType, ...page }, signal) => {
    const format = mediaType === ANY_BYTES ? fileTypeOf(page.name, mediaType).format : formatOf(mediaType);
    return textOfFile({ ...page, format }, readDocument, signal);
  };
}
