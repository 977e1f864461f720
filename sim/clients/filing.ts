import {
  FILER,
  FILER_OPEN_MAX,
  type MadeFolder,
  type SentFile,
  textOfSent,
  UNREADABLE,
} from "../judge/files/file-book.ts";
import { EMBEDDING_CONFIG } from "../servers/embedding-server.ts";
import { fileWish } from "../servers/filer-model.ts";
import { MODEL_NAMES } from "../servers/providers.ts";
import type { Answer, ApiRequest } from "../world/network.ts";
import { type Clients, fetched, insist, isRefusedByDisk, pause } from "./clients.ts";

/** People who work with files at the same time, and what each does. */
const PEOPLE = 3;
const ACTIONS = 9;
const THINK_MS_MAX = 4_000;
const FOLDERS = 2;
/** Few, so that many files are sent by one name. */
const NAMES = ["a", "b"] as const;
const ENDINGS = ["txt", "md", "pdf"] as const;
const HANDLINGS = ["suffix", "suffix", "skip", "error", "replace"] as const;
const PARAGRAPHS_MAX = 5;
/** So many that one piece of work does not make all passages of a file. */
const LONG = 150;
const LONG_SHARE = 0.12;
const BROKEN_SHARE = 0.15;
/** Tokens of a passage: about what a paragraph has. */
const CHUNK_TOKENS = 40;
/** What is said of what is gone or changed meanwhile, and where many send at once. */
const GONE: readonly number[] = [404, 409, 429];
/** Files that a list of an agent's shows. */
const LISTED = 100;

interface Made {
  readonly id: string;
}

/** A file of an agent as the API shows it, as far as it is used. */
interface WireAgentFile {
  readonly file_id: string;
  readonly file_name: string;
  readonly folder_name: string;
}

type Action = (clients: Clients, number: number) => Promise<unknown>;

/** Has people put files into folders, let agents open them, and take them away again, while all else goes on. */
export async function keepFiles(clients: Clients): Promise<void> {
  const { options, oracle, random } = clients;
  for (const [index, openMax] of FILER_OPEN_MAX.entries()) {
    const provider = options.providers[index % options.providers.length] ?? options.providers[0];
    const body = {
      model: `${provider}/${MODEL_NAMES[provider][0]}`,
      include_base_tools: false,
      max_files_open: openMax,
      memory_blocks: [{ label: "persona", value: `cn-${FILER + index};` }],
    };
    const agent = await fetched<Made>(clients, { method: "POST", path: "/v1/agents/", body });
    if (agent === undefined) return;
    oracle.files.agents.push(agent.id);
  }
  for (let made = 0; made < FOLDERS; made++) await makeFolder(clients);
  const actions: readonly [Action, ...Action[]] = [
    ...[upload, upload, upload, upload, attach, attach, detach, openByRoute, closeByRoute, deleteFile],
    ...[wishToOpen, wishToOpen, options.files === "searched" ? wishToSearch : wishToOpen, deleteFolder],
  ] as [Action, ...Action[]];
  const work = async (person: number) => {
    const own = { ...clients, random: random.fork(`person ${person}`) };
    for (let done = 0; done < ACTIONS; done++) {
      await pause(own, THINK_MS_MAX);
      await own.random.pick(actions)(own, own.random.int(FILER_OPEN_MAX.length));
    }
  };
  await Promise.all(Array.from({ length: PEOPLE }, (_, person) => work(person)));
}

/** Once nothing fails any more each agent is asked to find what was deleted. */
export async function searchDeleted(clients: Clients): Promise<void> {
  const { options, oracle } = clients;
  if (options.files !== "searched") return;
  for (const number of oracle.files.agents.keys()) await wishToSearch(clients, number);
}

async function makeFolder(clients: Clients): Promise<void> {
  const { options, oracle, random } = clients;
  const name = `folder ${random.uuid()}`;
  const config = { ...EMBEDDING_CONFIG, embedding_chunk_size: CHUNK_TOKENS };
  const body = { name, ...(options.embedding === "none" ? {} : { embedding_config: config }) };
  const answer = await insist(clients, { method: "POST", path: "/v1/folders/", body });
  // It was made by a try whose answer was lost.
  const known = answer?.status === 409 ? await folderNamed(clients, name) : (answer?.body as Made | undefined)?.id;
  if (known === undefined) return oracle.fail("S17 status", `No folder was made: ${JSON.stringify(answer)}`);
  oracle.files.folders.push({ id: known, name, isLeaving: false });
}

async function folderNamed(clients: Clients, name: string): Promise<string | undefined> {
  const path = `/v1/folders/?name=${encodeURIComponent(name)}`;
  return (await fetched<readonly Made[]>(clients, { method: "GET", path }))?.[0]?.id;
}

async function upload(clients: Clients): Promise<void> {
  const { oracle, random } = clients;
  const folder = anyFolder(clients);
  if (folder === undefined) return;
  const name = `${random.pick(NAMES)}.${random.pick(ENDINGS)}`;
  const handling = random.pick(HANDLINGS);
  const isBroken = random.chance(BROKEN_SHARE);
  const paragraphs = random.chance(LONG_SHARE) ? LONG : 1 + random.int(PARAGRAPHS_MAX);
  const mark = `fl-${oracle.files.nextNumber()}.`;
  const file: SentFile = { mark, folderId: folder.id, name, paragraphs, isBroken, id: undefined, fate: "unclear" };
  oracle.files.files.push(file);
  if (handling === "replace") oracle.files.replaces(file);
  const text = textOfSent(file);
  const broken = name.endsWith(".pdf") ? `${UNREADABLE} ${text}` : `\0${text}`;
  const path = `/v1/folders/${folder.id}/upload?duplicate_handling=${handling}`;
  const sent = { name, mediaType: "", text: isBroken ? broken : text };
  const answer = await clients.network.call({ method: "POST", path, file: sent });
  checkAnswer(clients, path, answer, handling === "error" ? [...GONE, 400] : GONE);
  if (file.fate === "deleted") return;
  if (isRefused(answer)) file.fate = "refused";
  // Where one of its name was there, the answer may tell of that.
  if (answer.kind !== "answered" || answer.status !== 200 || handling === "skip") return;
  file.id = (answer.body as Made).id;
  if (!folder.isLeaving) file.fate = "acknowledged";
}

async function deleteFile(clients: Clients): Promise<void> {
  const { oracle, random } = clients;
  const known = oracle.files.files.filter(({ id, fate }) => id !== undefined && fate === "acknowledged");
  const file = known[random.int(Math.max(1, known.length))];
  if (file === undefined) return;
  file.fate = "unclear";
  const path = `/v1/folders/${file.folderId}/${file.id}`;
  const answer = await clients.network.call({ method: "DELETE", path });
  checkAnswer(clients, path, answer);
  if (answer.kind === "answered" && (answer.status === 204 || answer.status === 404)) oracle.files.deleted(file);
}

async function deleteFolder(clients: Clients): Promise<void> {
  const { oracle, random } = clients;
  const folder = anyFolder(clients);
  if (folder === undefined || random.chance(0.5)) return;
  folder.isLeaving = true;
  for (const file of oracle.files.files)
    if (file.folderId === folder.id && file.fate === "acknowledged") file.fate = "unclear";
  const path = `/v1/folders/${folder.id}`;
  const answer = await clients.network.call({ method: "DELETE", path });
  checkAnswer(clients, path, answer);
  if (answer.kind === "answered" && (answer.status === 200 || answer.status === 404))
    oracle.files.folderDeleted(folder);
  await makeFolder(clients);
}

async function attach(clients: Clients, number: number): Promise<void> {
  await link(clients, number, "attach");
}

async function detach(clients: Clients, number: number): Promise<void> {
  await link(clients, number, "detach");
}

async function link(clients: Clients, number: number, action: "attach" | "detach"): Promise<void> {
  const folder = anyFolder(clients);
  if (folder === undefined) return;
  await told(clients, {
    method: "PATCH",
    path: `/v1/agents/${agentOf(clients, number)}/folders/${action}/${folder.id}`,
  });
}

async function openByRoute(clients: Clients, number: number): Promise<void> {
  const file = await anyFileOf(clients, number);
  if (file === undefined) return;
  await told(clients, { method: "PATCH", path: `/v1/agents/${agentOf(clients, number)}/files/${file.file_id}/open` });
}

async function closeByRoute(clients: Clients, number: number): Promise<void> {
  const file = await anyFileOf(clients, number);
  const what = file === undefined || clients.random.chance(0.3) ? "close-all" : `${file.file_id}/close`;
  await told(clients, { method: "PATCH", path: `/v1/agents/${agentOf(clients, number)}/files/${what}` });
}

async function wishToOpen(clients: Clients, number: number): Promise<void> {
  const file = await anyFileOf(clients, number);
  if (file === undefined) return;
  const wanted = [{ file_name: `${file.folder_name}/${file.file_name}` }];
  await wish(clients, number, fileWish(clients.oracle.files.gone.length, "open_files", { file_requests: wanted }));
}

async function wishToSearch(clients: Clients, number: number): Promise<void> {
  const query = "seal fl";
  const gone = clients.oracle.files.gone.length;
  await wish(clients, number, fileWish(gone, "semantic_search_files", { query, limit: 50 }));
}

/** Sent once: whoever hears nothing of it does not know whether it was heard. */
async function wish(clients: Clients, number: number, content: string): Promise<void> {
  const body = { messages: [{ role: "user", content }], streaming: false };
  await clients.network.call({ method: "POST", path: `/v1/agents/${agentOf(clients, number)}/messages`, body });
}

/** Asks for something that may fail because it is gone meanwhile. */
async function told(clients: Clients, request: ApiRequest): Promise<void> {
  checkAnswer(clients, request.path, await clients.network.call(request));
}

/** A file that the agent has, by its own list. */
async function anyFileOf(clients: Clients, number: number): Promise<WireAgentFile | undefined> {
  const path = `/v1/agents/${agentOf(clients, number)}/files?limit=${LISTED}`;
  const listed = await fetched<{ readonly files: readonly WireAgentFile[] }>(clients, { method: "GET", path });
  return listed?.files[clients.random.int(Math.max(1, listed.files.length))];
}

function anyFolder({ oracle, random }: Clients): MadeFolder | undefined {
  const there = oracle.files.folders.filter(({ isLeaving }) => !isLeaving);
  return there[random.int(Math.max(1, there.length))];
}

function agentOf({ oracle }: Clients, number: number): string {
  return oracle.files.agents[number] ?? "";
}

function isRefused(answer: Answer): boolean {
  return answer.kind === "unsent" || (answer.kind === "answered" && answer.status >= 400);
}

/** What people send may meet something that is gone, or a disk that is full; nothing else goes wrong. */
function checkAnswer({ oracle }: Clients, path: string, answer: Answer, expected = GONE): void {
  if (answer.kind !== "answered" || isRefusedByDisk(answer)) return;
  oracle.checked();
  if (answer.status >= 400 && !expected.includes(answer.status))
    oracle.fail("S17 status", `${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`);
}
