import { readFileSync } from "node:fs";
import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import { ask, connect } from "../terminal/connection.ts";
import { limitOf, writeListing } from "../terminal/list-command.ts";
import type { Listing } from "../terminal/listings.ts";
import type { Settings } from "./settings.ts";

/** How often, and for how long, is looked whether a folder is filled; it goes on without. */
const LOOK_MS = 500;
const SYNC_MS_MAX = 600_000;
/** What each action takes: a file, a name or nothing. */
const ACTIONS: Readonly<Record<string, number>> = { list: 0, add: 1, remove: 1, enable: 1, disable: 1, sync: 1 };

const PluginShape = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.string(),
  language: z.string(),
  enabled: z.boolean(),
  grants: z.array(z.string()),
});
const SyncShape = z.object({
  folder_id: z.string(),
  status: z.string(),
  listed: z.number(),
  waiting: z.number(),
  stored: z.number(),
  removed: z.number(),
  failed: z.number(),
  failures: z.array(z.object({ id: z.string(), name: z.string(), error: z.string().nullable() })),
  error: z.string().nullable(),
});
type PluginView = z.infer<typeof PluginShape>;
type Connection = Awaited<ReturnType<typeof connect>>;

/** What the command line says. */
export interface PluginAsk {
  /** What is to be done, and with what. */
  readonly names: readonly string[];
  /** What a plugin that is added is granted, with commas. */
  readonly grants: string | undefined;
  /** The folder that a source fills, by name or id. */
  readonly folder: string | undefined;
  readonly removesVanished: boolean;
  readonly asJson: boolean;
  readonly limit: string | undefined;
}

/** `selkie plugin`. */
export async function pluginCommand(settings: Settings, given: PluginAsk): Promise<number> {
  const { names, asJson, limit } = given;
  const [action = "list", ...rest] = names;
  const takes = ACTIONS[action];
  if (takes === undefined || rest.length !== takes)
    throw new Failure(
      "refused",
      "'selkie plugin' takes list, add FILE, remove NAME, enable NAME, disable NAME or sync NAME",
    );
  const entries = limitOf(limit);
  const connection = await connect(settings, { recovers: false });
  try {
    const listing = await carriedOut(connection, { ...given, action, name: rest[0] ?? "", entries });
    await writeListing(connection, listing, asJson);
    return 0;
  } finally {
    await connection.close();
  }
}

interface Wanted extends Pick<PluginAsk, "grants" | "folder" | "removesVanished"> {
  readonly action: string;
  readonly name: string;
  readonly entries: number;
}

async function carriedOut(connection: Connection, wanted: Wanted): Promise<Listing> {
  const { action, name, grants, entries } = wanted;
  if (action === "list") {
    const all = await ask(connection, { path: `/v1/plugins?limit=${entries}`, shape: z.array(PluginShape) });
    const remark = all.length === 0 ? { remark: "There are no plugins. 'selkie plugin add FILE' takes one in." } : {};
    return { rows: all.map(rowOf), json: all, ...remark };
  }
  if (action === "add") {
    const granted = grants === undefined ? {} : { grants: grants.split(",").map((grant) => grant.trim()) };
    const body = { ...codeIn(name), ...granted };
    const made = await ask(connection, { path: "/v1/plugins", shape: PluginShape, method: "POST", body });
    return { rows: [rowOf(made)], json: made };
  }
  const path = `/v1/plugins/${await idOf(connection, name)}`;
  if (action === "remove") {
    const gone = await ask(connection, { path, shape: z.object({ message: z.string() }), method: "DELETE" });
    return { rows: [], remark: gone.message, json: gone };
  }
  if (action === "sync") return synced(connection, path, wanted);
  const body = { enabled: action === "enable" };
  const changed = await ask(connection, { path, shape: PluginShape, method: "PATCH", body });
  return { rows: [rowOf(changed)], json: changed };
}

/** Has a source fill a folder, and waits for it. */
async function synced(connection: Connection, path: string, { folder, removesVanished }: Wanted): Promise<Listing> {
  if (folder === undefined) throw new Failure("refused", "'selkie plugin sync' needs --folder, by name or id");
  const folder_id = folder.startsWith("source-")
    ? folder
    : await ask(connection, { path: `/v1/folders/name/${encodeURIComponent(folder)}`, shape: z.string() });
  const body = { folder_id, remove_vanished: removesVanished };
  let state = await ask(connection, { path: `${path}/sync`, shape: SyncShape, method: "POST", body });
  for (let waited = 0; state.status !== "idle" && waited < SYNC_MS_MAX; waited += LOOK_MS) {
    await Bun.sleep(LOOK_MS);
    const all = await ask(connection, { path: `${path}/syncs`, shape: z.array(SyncShape) });
    state = all.find((one) => one.folder_id === folder_id) ?? state;
  }
  const { status, listed, stored, removed, failed, waiting, error } = state;
  const counts = `${listed} listed, ${stored} stored, ${removed} removed, ${failed} failed, ${waiting} waiting`;
  const lines = state.failures.map(({ name, error: why }) => [name, why ?? ""]);
  const remark = `${status === "idle" ? "Done" : `Still ${status}`}: ${counts}${error === null ? "" : `. ${error}`}`;
  return { rows: lines, remark, json: state };
}

function rowOf({ name, kind, language, enabled, grants, id }: PluginView): readonly string[] {
  return [name, kind, language, enabled ? "on" : "off", grants.join(","), id];
}

/** A module begins with its four bytes; what does not is taken for TypeScript. */
function codeIn(file: string): object {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure("refused", `The file '${file}' cannot be read: ${reason}`, { cause: error });
  }
  const isModule = bytes.subarray(0, 4).equals(Buffer.from("\0asm"));
  return isModule
    ? { language: "wasm", code: bytes.toString("base64") }
    : { language: "typescript", code: bytes.toString("utf8") };
}

async function idOf(connection: Connection, name: string): Promise<string> {
  const all = await ask(connection, { path: "/v1/plugins?limit=100", shape: z.array(PluginShape) });
  const found = all.find((plugin) => plugin.name === name || plugin.id === name);
  if (found !== undefined) return found.id;
  throw new Failure("not_found", `There is no plugin '${name}'. 'selkie plugin list' lists them`);
}
