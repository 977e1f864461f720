import { everywhere } from "../../access/may.ts";
import { Failure } from "../../core/failure.ts";
import type { Actor } from "../../core/id.ts";
import { isRecord, type Json, type JsonObject } from "../../core/json.ts";
import { decodeSixtyFour } from "../../core/sixty-four.ts";
import { cut } from "../../core/text.ts";
import type { Store } from "../ports/ports.ts";
import type { Plugin } from "./plugin.ts";
import type { PluginAnswers, PluginHost } from "./plugin-host.ts";

/** How long a source may take for one page of its list, and for one document. */
const SOURCE_MS_MAX = 60_000;
/** Documents of one page. */
const PAGE_ITEMS_MAX = 1_000;
/** Characters of what a source calls a document, a page or a version. */
const ID_CHARS_MAX = 500;
/** Bytes of one document. */
const ITEM_BYTES_MAX = 10 * 1024 * 1024;

/** A document as a source lists it. */
export interface ListedItem {
  readonly itemId: string;
  readonly name: string;
  readonly mediaType: string | null;
  /** Empty where the source does not say when it changes. */
  readonly version: string;
}

/** A page of a source's list. */
export interface ListedPage {
  readonly items: readonly ListedItem[];
  /** Null at the end. */
  readonly next: string | null;
}

/** Where documents come from. Throws a Failure that says what the source did wrong. */
export interface Documents {
  list(page: string | null): Promise<ListedPage>;
  read(itemId: string): Promise<Uint8Array>;
}

/** No agent is there whose these could be. */
const NO_ANSWERS: PluginAnswers = { secret: async () => null, recall: async () => [] };

/** What a source is asked with. */
export interface DocumentsOptions {
  readonly store: Store;
  readonly pluginHost: PluginHost;
  readonly actor: Actor;
  readonly signal: AbortSignal;
}

/** The documents of a plugin. */
export function documentsOf({ store, pluginHost, actor, signal }: DocumentsOptions, plugin: Plugin): Documents {
  async function ask(input: JsonObject): Promise<{ readonly [key: string]: Json | undefined }> {
    const code = (await store.reader(everywhere(actor)).plugins.codeOf(plugin.id)) ?? "";
    const call = { plugin, code, input, answers: NO_ANSWERS, timeoutMs: SOURCE_MS_MAX, signal };
    const answer = await pluginHost.call(call);
    if (signal.aborted) throw signal.reason;
    if (answer.kind !== "value") throw wrong(plugin, answer.reason);
    if (!isRecord(answer.value)) throw wrong(plugin, "it answered no object");
    if (answer.value["error"] !== undefined) throw wrong(plugin, String(answer.value["error"]));
    return answer.value;
  }

  return {
    async list(page) {
      const { items, next = null } = await ask({ op: "list", page });
      if (!Array.isArray(items)) throw wrong(plugin, "its list has no 'items'");
      if (items.length > PAGE_ITEMS_MAX)
        throw wrong(plugin, `a page of it has ${items.length} documents; up to ${PAGE_ITEMS_MAX} are taken`);
      const listed = items.map((item: Json) => itemOf(plugin, item));
      return { items: listed, next: next === null ? null : named(plugin, "next", next) };
    },

    async read(itemId) {
      const { text, base64 } = await ask({ op: "read", id: itemId });
      const bytes = typeof text === "string" ? new TextEncoder().encode(text) : fromBase64(base64);
      if (bytes === undefined) throw wrong(plugin, "it gave neither 'text' nor 'base64'");
      if (bytes.length > ITEM_BYTES_MAX)
        throw wrong(plugin, `the document has ${bytes.length} bytes; up to ${ITEM_BYTES_MAX} are taken`);
      return bytes;
    },
  };
}

function itemOf(plugin: Plugin, item: Json): ListedItem {
  if (!isRecord(item)) throw wrong(plugin, "it lists something that is no object");
  const { id, name, media_type: mediaType = null, modified = null, hash = null } = item;
  const said = hash ?? modified;
  return {
    itemId: named(plugin, "id", id),
    name: named(plugin, "name", name),
    mediaType: mediaType === null ? null : named(plugin, "media_type", mediaType),
    version: said === null ? "" : named(plugin, "hash or modified", typeof said === "number" ? String(said) : said),
  };
}

/** Undefined for what is none. */
function fromBase64(text: Json | undefined): Uint8Array | undefined {
  try {
    return typeof text === "string" ? decodeSixtyFour(text) : undefined;
  } catch {
    return undefined;
  }
}

function named(plugin: Plugin, field: string, value: Json | undefined): string {
  if (typeof value !== "string" || value === "" || value.length > ID_CHARS_MAX)
    throw wrong(plugin, `'${field}' must be a text of 1 to ${ID_CHARS_MAX} characters`);
  return value.toWellFormed();
}

function wrong({ name }: Plugin, what: string): Failure {
  return new Failure("unavailable", `The source '${name}': ${cut(what, 500)}`);
}
