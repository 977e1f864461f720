import { type Context, Hono } from "hono";
import { z } from "zod";
import type { StoredFile } from "../../agent/files/file.ts";
import type { Folder } from "../../agent/files/folder.ts";
import { deleteFile, fileIn } from "../../agent/files/folders.ts";
import { DUPLICATE_HANDLINGS, storeUpload } from "../../agent/files/uploads.ts";
import { mustFind } from "../../agent/find.ts";
import type { Readers } from "../../agent/ports/ports.ts";
import { instantOf } from "../../core/clock.ts";
import type { AgentId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Page } from "../../core/page.ts";
import { embeddingKeyOf } from "../../llm/catalog.ts";
import { type ApiEnv, type RouteOptions, readerFor } from "../http/env.ts";
import { pageFrom } from "../http/pages.ts";
import { flagParam, given, pageOf, pageParams, pathId } from "../http/request.ts";
import { takes } from "../http/takes.ts";
import { list, nothing } from "../wire/answers/answer.ts";
import { toWireFile, toWireFilePassage, WireFile, WireFilePassage } from "../wire/files/file.ts";
import type { UploadReader } from "./upload.ts";

const FILES_DEFAULT = { limit: 1_000, order: "desc" } as const;
const PASSAGES_DEFAULT = { limit: 100, order: "desc" } as const;
const AGENTS_DEFAULT = { limit: 50, order: "desc" } as const;
/** Files whose texts one answer holds. */
const TEXTS_MAX = 100;

const PageQuery = z.object(pageParams);
const FilesQuery = z.object({ ...pageParams, include_content: flagParam().default(false) });
const FileQuery = z.object({ include_content: flagParam().default(false) });
const UploadQuery = z.object({
  duplicate_handling: z.enum(DUPLICATE_HANDLINGS).default("suffix"),
  name: z.string().optional(),
});

/** Routes of what is in a folder: its files, their passages, and whom it is attached to. */
export function folderFileRoutes(options: RouteOptions, readUpload: UploadReader, isSource: boolean): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  const parameter = isSource ? "source_id" : "folder_id";
  const folderOf = async (c: Context<ApiEnv>) => {
    const reader = readerFor(options, c, "memory:read");
    return { reader, folder: await mustFind(reader.folders, pathId(c, "source", parameter)) };
  };

  routes.post(
    `/:${parameter}/upload`,
    takes({ query: UploadQuery, answer: WireFile }, async (c, asked) => {
      const folderId = pathId(c, "source", parameter);
      const query = asked.query();
      // Nobody who may not store a file is let to send one.
      await mustFind(readerFor(options, c, "memory:write").folders, folderId);
      const { file, folder, isSkipped } = await readUpload(c, ({ name, mediaType, bytes }) =>
        storeUpload(options, c.var.caller, {
          folderId,
          name: query.name === undefined || query.name === "" ? name : query.name,
          mediaType,
          bytes,
          duplicates: query.duplicate_handling,
        }),
      );
      if (isSkipped) c.header("X-Upload-Result", "skipped");
      return c.json(toWireFile(file, { organizationId: c.var.caller.organizationId, folder }));
    }),
  );

  routes.get(
    `/:${parameter}/files`,
    takes({ query: FilesQuery, answer: list(WireFile) }, async (c, asked) => {
      const query = asked.query();
      const { reader, folder } = await folderOf(c);
      const page = pageOf(query, FILES_DEFAULT);
      const limit = query.include_content ? Math.min(page.limit, TEXTS_MAX) : page.limit;
      const files = await reader.files.list(folder.id, { ...page, limit });
      return c.json(await Promise.all(files.map((file) => showFile(c, reader, file, query.include_content))));
    }),
  );

  routes.get(
    `/:${parameter}/files/:file_id`,
    takes({ query: FileQuery, answer: WireFile }, async (c, asked) => {
      const query = asked.query();
      const { reader, folder } = await folderOf(c);
      const file = await fileIn(reader, folder.id, pathId(c, "file", "file_id"));
      return c.json(await showFile(c, reader, file, query.include_content));
    }),
  );

  routes.get(
    `/:${parameter}/passages`,
    takes({ query: PageQuery, answer: list(WireFilePassage) }, async (c, asked) => {
      const page = pageOf(asked.query(), PASSAGES_DEFAULT);
      const { reader, folder } = await folderOf(c);
      return c.json(await showPassages(c, reader, folder, page));
    }),
  );

  routes.get(
    `/:${parameter}/agents`,
    takes({ query: PageQuery, answer: list(z.string()) }, async (c, asked) => {
      const page = pageOf(asked.query(), AGENTS_DEFAULT);
      const { reader, folder } = await folderOf(c);
      return c.json(pageOfIds(await reader.folders.agentsOf(folder.id), page));
    }),
  );

  routes.delete(
    `/:${parameter}/:file_id`,
    takes({ answer: nothing }, async (c) => {
      const folderId = pathId(c, "source", parameter);
      await deleteFile(options, c.var.caller, { folderId, id: pathId(c, "file", "file_id") });
      return c.body(null, 204, { "content-type": "application/json" });
    }),
  );

  return routes;
}

/** A page of ids, in the order in which they came. */
function pageOfIds(ids: readonly AgentId[], page: Page): readonly AgentId[] {
  const items = ids.map((id, index) => ({ id, createdAt: instantOf(index) }));
  return pageFrom(items, page).map(({ id }) => id);
}

async function showFile(
  c: Context<ApiEnv>,
  { files }: Pick<Readers, "files">,
  file: StoredFile,
  withContent: boolean,
): Promise<JsonObject> {
  const content = withContent ? await files.textOf(file.id) : undefined;
  return toWireFile(file, { organizationId: c.var.caller.organizationId, folder: null, ...given({ content }) });
}

async function showPassages(
  c: Context<ApiEnv>,
  { files, vectors }: Readers,
  folder: Folder,
  page: Parameters<Readers["files"]["listPassages"]>[1],
): Promise<readonly JsonObject[]> {
  const passages = await files.listPassages(folder.id, page);
  const config = folder.embeddingConfig;
  const ids = passages.map(({ id }) => id);
  const known = config === null ? undefined : await vectors.of(folder.id, embeddingKeyOf(config), ids);
  const named = new Map<string, StoredFile | undefined>();
  for (const { fileId } of passages) if (!named.has(fileId)) named.set(fileId, await files.find(fileId));
  const { organizationId } = c.var.caller;
  return passages.map((passage) =>
    toWireFilePassage(passage, {
      folder,
      organizationId,
      file: named.get(passage.fileId),
      vector: known?.get(passage.id),
    }),
  );
}
