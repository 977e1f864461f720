import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { newId } from "../../core/id.ts";
import { PAGE_ITEMS_MAX } from "../../core/page.ts";
import type { Random } from "../../core/random.ts";
import { cut } from "../../core/text.ts";
import { type LineRange, viewOf } from "../../tools/files/lines.ts";
import type { Opened, WantedFile } from "../../tools/files/shelf.ts";
import type { Agent } from "../agent.ts";
import type { Repositories } from "../ports/ports.ts";
import type { AgentFile, NamedAgentFile } from "./agent-file.ts";
import type { StoredFile } from "./file.ts";
import type { Folder } from "./folder.ts";

/** What agents have of whom nobody has said otherwise, as in Letta. */
const OPEN_DEFAULT = 5;
const VIEW_CHARS_DEFAULT = 50_000;

/** Where files are opened, and what makes ids and times. */
export interface FileWorld {
  readonly clock: Pick<Clock, "now">;
  readonly random: Random;
}

type Stores = Pick<Repositories, "files" | "agentFiles">;

/** Files that the agent may have open at a time. */
export function openMaxOf({ maxFilesOpen }: Pick<Agent, "maxFilesOpen">): number {
  return maxFilesOpen ?? OPEN_DEFAULT;
}

/** Characters that the agent sees of a file. */
export function viewCharsOf({ perFileViewWindowCharLimit }: Pick<Agent, "perFileViewWindowCharLimit">): number {
  return perFileViewWindowCharLimit ?? VIEW_CHARS_DEFAULT;
}

/**
 * Gives an agent a file whose text was just read, and opens it; others are closed for it where the agent has as many open
 * as it may.
 */
export async function giveFile(
  stores: Stores,
  { agent, file, text }: { readonly agent: Agent; readonly file: StoredFile; readonly text: string },
  world: FileWorld,
): Promise<void> {
  const isOpen = openMaxOf(agent) > 0;
  await stores.agentFiles.insert([agentFile(agent, file, { isOpen, text, world })]);
  await closeBeyond(stores, agent, [file.id]);
}

/** Gives an agent all files of a folder whose text is there; the first are open, as many as the agent may have so. */
export async function giveFolder(
  stores: Stores,
  { agent, folder }: { readonly agent: Agent; readonly folder: Folder },
  world: FileWorld,
): Promise<void> {
  let free = openMaxOf(agent) - (await stores.agentFiles.listOpen(agent.id)).length;
  let after: string | undefined;
  do {
    const page = { limit: PAGE_ITEMS_MAX, order: "asc", ...(after === undefined ? {} : { after }) } as const;
    const files = await stores.files.list(folder.id, page);
    const given: AgentFile[] = [];
    for (const file of files.filter(isRead)) {
      const text = free > 0 ? await stores.files.textOf(file.id) : undefined;
      if (text !== undefined) free--;
      given.push(agentFile(agent, file, { isOpen: text !== undefined, text, world }));
    }
    await stores.agentFiles.insert(given);
    after = files.length < PAGE_ITEMS_MAX ? undefined : files.at(-1)?.id;
  } while (after !== undefined);
}

/** See `FileShelf.open`. */
export async function openFiles(
  stores: Stores,
  {
    agent,
    wanted,
    closesOthers,
  }: { readonly agent: Agent; readonly wanted: readonly WantedFile[]; readonly closesOthers: boolean },
  { clock }: Pick<FileWorld, "clock">,
): Promise<Opened> {
  const names = new Set(wanted.map(({ fileName }) => fileName));
  const max = openMaxOf(agent);
  if (names.size > max)
    throw new Failure("refused", `${names.size} files cannot be open at once: this agent may have ${max}. Open fewer`);
  const views = [];
  for (const one of wanted) views.push(await viewFor(stores, agent, one));
  for (const { file, view } of views)
    await stores.agentFiles.save({ ...file, ...shownAs(view), isOpen: true, lastAccessedAt: clock.now() });
  const ids = views.map(({ file }) => file.fileId);
  const closed = closesOthers ? await closeOthers(stores, agent, ids) : await closeBeyond(stores, agent, ids);
  return {
    opened: views.map(({ file, view }) => ({
      fileName: file.fileName,
      from: view.startLine ?? 1,
      to: view.endLine ?? view.total,
      total: view.total,
    })),
    closed: closed.map((file) => file.fileName),
  };
}

/** Closes a file; does nothing where it is not open. */
export async function closeFile({ agentFiles }: Pick<Stores, "agentFiles">, file: NamedAgentFile): Promise<void> {
  if (file.isOpen) await agentFiles.save({ ...file, isOpen: false });
}

/** Closes the agent's open files but these, and gives them. */
export async function closeOthers(
  { agentFiles }: Pick<Stores, "agentFiles">,
  agent: Pick<Agent, "id">,
  kept: readonly string[] = [],
): Promise<readonly NamedAgentFile[]> {
  const closed = (await agentFiles.listOpen(agent.id)).filter(({ fileId }) => !kept.includes(fileId));
  for (const file of closed) await closeFile({ agentFiles }, file);
  return closed;
}

/** Closes what is open beyond what the agent may have, that first which was not used for longest. */
async function closeBeyond(
  { agentFiles }: Pick<Stores, "agentFiles">,
  agent: Agent,
  kept: readonly string[],
): Promise<readonly NamedAgentFile[]> {
  const open = await agentFiles.listOpen(agent.id);
  const excess = Math.max(0, open.length - openMaxOf(agent));
  const closed = open.filter(({ fileId }) => !kept.includes(fileId)).slice(0, excess);
  for (const file of closed) await closeFile({ agentFiles }, file);
  return closed;
}

async function viewFor({ files, agentFiles }: Stores, agent: Agent, { fileName, ...range }: WantedFile) {
  const file = await agentFiles.findNamed(agent.id, fileName);
  const text = file === undefined ? undefined : await files.textOf(file.fileId);
  if (file === undefined || text === undefined) throw noSuchFile(fileName);
  checkRange(fileName, range);
  const view = viewOf(text, range, viewCharsOf(agent));
  if (range.offset !== undefined && range.offset > 0 && range.offset >= view.total)
    throw new Failure(
      "refused",
      `'${fileName}' has ${view.total} lines, so none comes after an offset of ${range.offset}`,
    );
  return { file, view };
}

function checkRange(fileName: string, { offset = 0, length = 1 }: LineRange): void {
  if (offset < 0 || length < 1)
    throw new Failure("refused", `'${fileName}': offset must be 0 or more, and length 1 or more`);
}

/** A `not_found` Failure that names the file. */
export function noSuchFile(fileName: string): Failure {
  return new Failure(
    "not_found",
    `No file is called '${cut(fileName, 200)}'. Names are as <directories> shows them: with the folder, then a slash`,
  );
}

function shownAs({ text, startLine, endLine }: ReturnType<typeof viewOf>) {
  return { visibleContent: text, startLine, endLine };
}

function agentFile(
  agent: Agent,
  file: StoredFile,
  { isOpen, text, world }: { readonly isOpen: boolean; readonly text: string | undefined; readonly world: FileWorld },
): AgentFile {
  const now = world.clock.now();
  return {
    id: newId("file_agent", world.random),
    agentId: agent.id,
    fileId: file.id,
    folderId: file.folderId,
    isOpen,
    visibleContent: text === undefined || !isOpen ? null : viewOf(text, {}, viewCharsOf(agent)).text,
    startLine: null,
    endLine: null,
    lastAccessedAt: now,
    createdAt: now,
  };
}

function isRead({ passagesThrough }: StoredFile): boolean {
  return passagesThrough !== null;
}
