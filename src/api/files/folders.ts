import { Hono } from "hono";
import { z } from "zod";
import type { Caller } from "../../access/may.ts";
import type { Folder } from "../../agent/files/folder.ts";
import { changeFolder, createFolder, deleteFolder } from "../../agent/files/folders.ts";
import { mustFind, required } from "../../agent/find.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import type { FolderId } from "../../core/id.ts";
import { PAGE_ITEMS_MAX } from "../../core/page.ts";
import { cut } from "../../core/text.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { flagParam, given, pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { list } from "../wire/answers/answer.ts";
import { renamed } from "../wire/fields.ts";
import {
  toWireFolder,
  toWireFolderStats,
  toWireSource,
  WireFolder,
  WireFolderStats,
  WireSourceFolder,
} from "../wire/files/file.ts";
import { EmbeddingConfigBody } from "../wire/llm-config.ts";
import { folderFileRoutes } from "./folder-files.ts";
import { createUploadReader } from "./upload.ts";

/** The two names of folders. They mean the same things. */
export const FOLDER_NAMES = ["folders", "sources"] as const;

const FOLDERS_DEFAULT = { limit: 50, order: "asc" } as const;
/** Tokens of a passage. */
const CHUNK_TOKENS_MAX = 100_000;

const ListQuery = z.object({ ...pageParams, name: z.string().optional() });
const StatsQuery = z.object({ include_detailed_per_source_metadata: flagParam().default(false) });
const fields = {
  description: z.string().nullish(),
  instructions: z.string().nullish(),
  metadata: z.record(z.string(), z.json()).nullish(),
  embedding: z.string().nullish(),
  embedding_config: EmbeddingConfigBody.nullish(),
};
const CreateBody = z.object({
  ...fields,
  name: z.string(),
  embedding_chunk_size: z.int().positive().max(CHUNK_TOKENS_MAX).nullish(),
});
const UpdateBody = z.object({ ...fields, name: z.string().nullish() });

/** Routes of `/folders` and `/sources`. */
export function folderRoutes(options: RouteOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  const readUpload = createUploadReader();
  for (const name of FOLDER_NAMES) {
    const isSource = name === "sources";
    routes.route(`/${name}`, ownRoutes(options, isSource));
    routes.route(`/${name}`, folderFileRoutes(options, readUpload, isSource));
  }
  return routes;
}

function ownRoutes(options: RouteOptions, isSource: boolean): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  const shown = (folder: Folder, caller: Pick<Caller, "organizationId">) => showFolder(folder, caller, isSource);
  const WireShown = isSource ? WireSourceFolder : WireFolder;

  routes.get(
    "/",
    takes({ query: ListQuery, answer: list(WireShown) }, async (c, asked) => {
      const query = asked.query();
      const filter = given({ name: query.name });
      const page = pageOf(query, isSource ? { limit: PAGE_ITEMS_MAX, order: "asc" } : FOLDERS_DEFAULT);
      const folders = await readerFor(options, c, "memory:read").folders.list(filter, page);
      return c.json(folders.map((folder) => shown(folder, c.var.caller)));
    }),
  );

  routes.post(
    "/",
    takes({ body: CreateBody, answer: WireShown }, async (c, asked) => {
      const draft = given(renamed(await asked.body()));
      return c.json(shown(await createFolder(options, c.var.caller, draft), c.var.caller));
    }),
  );

  routes.get(
    "/count",
    takes({ answer: z.int() }, async (c) => c.json(await readerFor(options, c, "memory:read").folders.count())),
  );

  routes.get(
    "/metadata",
    takes({ query: StatsQuery, answer: WireFolderStats }, async (c, asked) => {
      const { include_detailed_per_source_metadata: isDetailed } = asked.query();
      const reader = readerFor(options, c, "memory:read");
      const folders = await reader.folders.list({}, { limit: PAGE_ITEMS_MAX, order: "asc" });
      const sizes = await reader.folders.sizesOf(folders.map(({ id }) => id));
      const stats = [];
      for (const folder of folders)
        stats.push({
          folder,
          size: sizes.get(folder.id) ?? { files: 0, bytes: 0 },
          files: isDetailed ? await filesOf(reader, folder.id) : [],
        });
      return c.json(toWireFolderStats(stats));
    }),
  );

  routes.get(
    `/name/:${isSource ? "source_name" : "folder_name"}`,
    takes({ answer: z.string() }, async (c) => {
      const name = c.req.param(isSource ? "source_name" : "folder_name") ?? "";
      const reader = readerFor(options, c, "memory:read");
      const [folder] = await reader.folders.list({ name }, { limit: 1, order: "asc" });
      return c.json(required(folder, `No folder is called '${cut(name, 100)}'`).id);
    }),
  );

  routes.route("/", oneFolderRoutes(options, isSource));

  return routes;
}

/** Routes of one folder, by its id. */
function oneFolderRoutes(options: RouteOptions, isSource: boolean): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  const parameter = isSource ? "source_id" : "folder_id";
  const shown = (folder: Folder, caller: Pick<Caller, "organizationId">) => showFolder(folder, caller, isSource);
  const WireShown = isSource ? WireSourceFolder : WireFolder;

  routes.get(
    `/:${parameter}`,
    takes({ answer: WireShown }, async (c) => {
      const folder = await mustFind(readerFor(options, c, "memory:read").folders, pathId(c, "source", parameter));
      return c.json(shown(folder, c.var.caller));
    }),
  );

  routes.patch(
    `/:${parameter}`,
    takes({ body: UpdateBody, answer: WireShown }, async (c, asked) => {
      const id = pathId(c, "source", parameter);
      const change = given(renamed(await asked.body()));
      return c.json(shown(await changeFolder(options, c.var.caller, { id, change }), c.var.caller));
    }),
  );

  routes.delete(
    `/:${parameter}`,
    takes({ answer: z.null() }, async (c) => {
      await deleteFolder(options, c.var.caller, pathId(c, "source", parameter));
      return c.json(null);
    }),
  );

  return routes;
}

/** A folder, by the name under which it was asked for. */
function showFolder(folder: Folder, { organizationId }: Pick<Caller, "organizationId">, isSource: boolean) {
  return { ...(isSource ? toWireSource(folder) : {}), ...toWireFolder(folder, organizationId) };
}

/** The first files of a folder, as many as a page holds. */
function filesOf({ files }: Readers, id: FolderId) {
  return files.list(id, { limit: PAGE_ITEMS_MAX, order: "asc" });
}
