import { readFileSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { ask, refused } from "../terminal/connection.ts";
import { hashOf, markOf, withMark } from "./mark.ts";
import { type Change, differences, type Fleet, idOf } from "./plan.ts";
import { removal } from "./removal.ts";
import type { DeclaredFolder } from "./shape.ts";
import { allFolders, FolderView, filesOf } from "./views.ts";

/** Bytes of one file: what the server takes. */
const FILE_BYTES_MAX = 32 * 1024 * 1024;

/** A file that a folder is to have. */
interface WantedFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Compares folders and their files with those that are there. */
export async function planFolders(fleet: Fleet): Promise<readonly Change[]> {
  const { file, connection, ids, prunes } = fleet;
  const known = new Map((await allFolders(connection)).map((folder) => [folder.name, folder]));
  for (const folder of known.values()) ids.set(`folder ${folder.name}`, folder.id);
  const changes: Change[] = [];
  for (const [name, folder] of Object.entries(file.declaration.folders)) {
    const before = known.get(name);
    changes.push(...planFolder(fleet, { name, folder, before }));
    changes.push(...(await planFiles(fleet, { name, folder, before })));
  }
  for (const [agent, { folders }] of Object.entries(file.declaration.agents))
    for (const [at, name] of folders.entries())
      if (!known.has(name) && !Object.hasOwn(file.declaration.folders, name))
        throw file.wrong(
          ["agents", agent, "folders", at],
          `names the folder '${name}', which is neither in the file nor on the server`,
        );
  const gone = [...known.values()].filter(
    ({ name, metadata }) => markOf(metadata).fleet === file.fleet && !Object.hasOwn(file.declaration.folders, name),
  );
  if (prunes) changes.push(...gone.map(({ name, id }) => removal(connection, `folder ${name}`, `/v1/folders/${id}`)));
  return changes;
}

interface FolderPlan {
  readonly name: string;
  readonly folder: DeclaredFolder;
  readonly before: FolderView | undefined;
}

function planFolder({ connection, file, ids }: Fleet, { name, folder, before }: FolderPlan): readonly Change[] {
  const { description, instructions } = folder;
  const fields = { description, instructions };
  if (before === undefined) {
    const metadata = withMark({}, { fleet: file.fleet, name, set: {}, given: {} });
    const make = async () => {
      const body = { name, ...fields, metadata };
      const made = await ask(connection, { path: "/v1/folders/", method: "POST", body, shape: FolderView });
      ids.set(`folder ${name}`, made.id);
    };
    return [{ sign: "+", what: `folder ${name}`, details: [], make }];
  }
  const changed = differences(before, fields);
  if (changed.details.length === 0) return [];
  const make = async () => {
    await ask(connection, {
      path: `/v1/folders/${before.id}`,
      method: "PATCH",
      body: changed.fields,
      shape: FolderView,
    });
  };
  return [{ sign: "~", what: `folder ${name}`, details: changed.details, make }];
}

/** Files that are not there, or of which others were stored last. One that nobody noted is the same where it has as many bytes. */
async function planFiles(fleet: Fleet, { name, folder, before }: FolderPlan): Promise<readonly Change[]> {
  const wanted = folder.files.map((one, at) => wantedFile(fleet, name, { one, at }));
  const there = before === undefined || wanted.length === 0 ? [] : await filesOf(fleet.connection, before.id);
  const sizes = new Map(there.map((one) => [one.original_file_name ?? one.file_name, one.file_size]));
  const { set } = markOf(before?.metadata);
  return wanted.flatMap((file) => {
    const noted = set[`file ${file.name}`];
    const isThere = sizes.has(file.name);
    const isSame = noted === undefined ? sizes.get(file.name) === file.bytes.length : noted === hashOf(file.bytes);
    if (isThere && isSame) return [];
    const make = () => upload(fleet, name, file);
    return [
      { sign: isThere ? "~" : "+", what: `file ${name}/${file.name}`, details: [`${file.bytes.length} bytes`], make },
    ];
  });
}

function wantedFile(
  { file }: Fleet,
  folder: string,
  { one, at }: { readonly one: DeclaredFolder["files"][number]; readonly at: number },
): WantedFile {
  if (typeof one !== "string") return { name: one.name, bytes: new TextEncoder().encode(one.content) };
  const path = resolve(file.folder, one);
  const stat = statSync(path, { throwIfNoEntry: false });
  const place = ["folders", folder, "files", at];
  if (stat?.isFile() !== true) throw file.wrong(place, `names ${one}, which is no file beside it`);
  if (stat.size > FILE_BYTES_MAX)
    throw file.wrong(place, `names a file of more than ${FILE_BYTES_MAX / 1024 / 1024} MB`);
  return { name: basename(one), bytes: new Uint8Array(readFileSync(path)) };
}

async function upload(fleet: Fleet, name: string, { name: file, bytes }: WantedFile): Promise<void> {
  const { connection } = fleet;
  const id = idOf(fleet, "folder", name);
  const body = new FormData();
  body.append("file", new File([bytes], file));
  const response = await connection.call(`/v1/folders/${id}/upload?duplicate_handling=replace`, {
    method: "POST",
    body,
  });
  if (!response.ok) throw refused(response.status, await response.text());
  // Noted behind the file: one that was not noted is sent again, and takes the place of itself.
  const { metadata } = await ask(connection, { path: `/v1/folders/${id}`, shape: FolderView });
  const mark = markOf(metadata);
  const noted = withMark(metadata, { ...mark, set: { ...mark.set, [`file ${file}`]: hashOf(bytes) } });
  await ask(connection, { path: `/v1/folders/${id}`, method: "PATCH", body: { metadata: noted }, shape: FolderView });
}
