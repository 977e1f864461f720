import { type Clients, fetched, mayBeLate, readPages } from "../../clients/clients.ts";
import { FILER_OPEN_MAX, type MadeFolder, type SentFile } from "./file-book.ts";

/** How often files are looked at, so that the longest pause after a failure is over in between. */
const TRIES_MAX = 60;
const PAUSE_MS = 30_000;
const PAGE = 100;
/** What a file says that was being read whenever the server ended. */
const GIVEN_UP = "could not be read in";
/** What a file says whose vectors are still to come. */
const WITHOUT_VECTORS = "Found by its words only";

/** A file as the API shows it, as far as it is checked. */
interface WireFile {
  readonly id: string;
  readonly processing_status: string;
  readonly error_message: string | null;
  readonly total_chunks: number | null;
  readonly content: string | null;
}

interface WirePassage {
  readonly id: string;
  readonly text: string;
  readonly file_id: string | null;
}

interface WireAgentFiles {
  readonly files: readonly { readonly file_id: string; readonly is_open: boolean; readonly folder_id: string }[];
}

/** What was sent into folders is there once, whole and read, or says why not; of what was deleted nothing is there. */
export async function checkFiles(clients: Clients): Promise<void> {
  const { oracle, options } = clients;
  const { files } = oracle;
  const readable = new Map<string, readonly string[]>();
  for (const folder of files.folders) readable.set(folder.id, await checkFolder(clients, folder));
  for (const [number, id] of files.agents.entries()) await checkAgent(clients, { number, id, readable });
  // What searches found stands in the answers of their tools.
  if (options.files === "opened") oracle.deletedMarks.push(...files.gone);
}

async function checkFolder(clients: Clients, folder: MadeFolder): Promise<readonly string[]> {
  const { oracle } = clients;
  const sent = oracle.files.files.filter(({ folderId }) => folderId === folder.id);
  const isGone = sent.length > 0 && sent.every(({ fate }) => fate === "deleted");
  const found = folder.isLeaving ? await ifThere(clients, folder) : await whenRead(clients, folder);
  if (found === undefined) return [];
  if (isGone && found.length > 0)
    oracle.fail("S28 files", `Folder ${folder.id} has ${found.length} files, all of which were deleted`);
  const path = `/v1/folders/${folder.id}/passages?order=asc`;
  const passages = await readPages<WirePassage>(clients, path, PAGE);
  const byFile = Map.groupBy(passages, ({ file_id }) => file_id ?? "");
  for (const file of sent) {
    const own = found.filter((one) => isOf(file, one));
    checkStored(clients, file, own.length);
    for (const one of own) checkRead(clients, { file, one, passages: byFile.get(one.id) ?? [] });
  }
  const stray = passages.find(({ file_id }) => !found.some(({ id }) => id === file_id));
  if (stray !== undefined) oracle.fail("S28 files", `The passage ${stray.text.slice(0, 40)} is of a file that is gone`);
  return found.filter(({ content }) => content !== null).map(({ id }) => id);
}

function isOf({ mark, id }: SentFile, one: WireFile): boolean {
  return one.id === id || one.content?.startsWith(`${mark}0;`) === true;
}

function checkStored({ oracle }: Clients, file: SentFile, times: number): void {
  const { mark, name, fate } = file;
  oracle.checked();
  if (times > 1) oracle.fail("S3 once", `The file ${mark} (${name}) is stored ${times} times`);
  if (times === 0 && fate === "acknowledged" && !oracle.files.mayBeReplaced(file))
    oracle.fail("S1 acknowledged", `The file ${mark} (${name}) was acknowledged and is not stored`);
  if (times > 0 && fate === "deleted") oracle.fail("S28 files", `The file ${mark} (${name}) is there once deleted`);
  if (times > 0 && fate === "refused")
    oracle.fail("S2 refused", `The file ${mark} (${name}) was refused and is stored`);
}

/** One that can be read is read, in passages that are its text once; one that cannot says why, and has none. */
function checkRead(
  { oracle }: Clients,
  {
    file,
    one,
    passages,
  }: { readonly file: SentFile; readonly one: WireFile; readonly passages: readonly WirePassage[] },
): void {
  const { mark, isBroken, paragraphs } = file;
  const status = `${one.processing_status} (${one.error_message})`;
  oracle.checked(2);
  const mayFail = isBroken || oracle.files.unread.has(mark) || one.error_message?.includes(GIVEN_UP) === true;
  if (one.processing_status === "error" && !mayFail) oracle.fail("S28 files", `The file ${mark} ended as ${status}`);
  if (isBroken && one.processing_status === "completed")
    oracle.fail("S28 files", `The file ${mark}, which nobody can read, ended as ${status}`);
  const text = passages.map((passage) => passage.text).join("\n");
  const told = text.match(/fl-\d+\.\d+;/g) ?? [];
  if (new Set(told).size !== told.length)
    oracle.fail("S28 files", `Passages of ${mark} are there twice: ${told.join(" ")}`);
  if (one.processing_status !== "completed") return;
  if (told.length !== paragraphs || one.total_chunks !== passages.length)
    oracle.fail(
      "S28 files",
      `Of ${paragraphs} paragraphs of ${mark} ${told.length} are there, in ${passages.length} passages of ${one.total_chunks}`,
    );
}

/** An agent has the files of its folders that were read, each once, and no more of them open than it may. */
async function checkAgent(
  clients: Clients,
  {
    number,
    id,
    readable,
  }: { readonly number: number; readonly id: string; readonly readable: ReadonlyMap<string, readonly string[]> },
): Promise<void> {
  const { oracle } = clients;
  const attached = await fetched<readonly { readonly id: string }[]>(clients, {
    method: "GET",
    path: `/v1/agents/${id}/folders?limit=${PAGE}`,
  });
  const listed = await fetched<WireAgentFiles>(clients, { method: "GET", path: `/v1/agents/${id}/files?limit=1000` });
  if (attached === undefined || listed === undefined) return;
  const expected = attached.flatMap((folder) => readable.get(folder.id) ?? []).toSorted();
  const has = listed.files.map(({ file_id }) => file_id).toSorted();
  const open = listed.files.filter(({ is_open }) => is_open).length;
  oracle.checked(2);
  if (open > (FILER_OPEN_MAX[number] ?? 0))
    oracle.fail("S28 files", `Agent ${id} has ${open} files open and may have ${FILER_OPEN_MAX[number]}`);
  if (has.join() !== expected.join())
    oracle.fail("S28 files", `Agent ${id} has the files ${has.join(" ")}, and its folders ${expected.join(" ")}`);
}

/** The files of a folder that somebody asked to be deleted; undefined where it is gone. */
async function ifThere(clients: Clients, { id }: MadeFolder): Promise<readonly WireFile[] | undefined> {
  return fetched(clients, { method: "GET", path: filesPath(id) });
}

/** The files of a folder once each of them has come to an end. */
async function whenRead(clients: Clients, { id }: MadeFolder): Promise<readonly WireFile[] | undefined> {
  const { oracle, scheduler } = clients;
  let waiting: WireFile | undefined;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const files = await fetched<readonly WireFile[]>(clients, { method: "GET", path: filesPath(id) });
    if (files === undefined) return oracle.fail("S1 acknowledged", `The folder ${id} is gone`) ?? undefined;
    waiting = files.find(isUnderWay);
    if (waiting === undefined || mayBeLate(clients)) return files;
    await scheduler.wait("client waits for files", PAUSE_MS);
  }
  const { processing_status: status, error_message: message } = waiting ?? {};
  oracle.fail("L3 files", `The file ${waiting?.id} is still ${status} (${message})`);
  return undefined;
}

function isUnderWay({ processing_status: status, error_message: message }: WireFile): boolean {
  return (status !== "completed" && status !== "error") || message?.startsWith(WITHOUT_VECTORS) === true;
}

function filesPath(id: string): string {
  return `/v1/folders/${id}/files?include_content=true&order=asc&limit=${PAGE}`;
}
