import { type SqlBool, sql } from "kysely";
import type { KeptContext, KeptPrompt, PromptPiece, RecalledItems, SentContext } from "../../agent/manifest.ts";
import type { ThreadId } from "../../agent/ports/ports.ts";
import type { AgentId, FileId, MessageId, StepId } from "../../core/id.ts";
import { sha256 } from "../../core/sha256.ts";
import type { ShownBlock } from "../../umi/core/block-version.ts";
import { type ValuePlace, valuePlaces } from "../../umi/core/value-places.ts";
import { blockVersions } from "../agents/block-versions.ts";
import { ours } from "../base/is-ours.ts";
import { fromJson } from "../base/rows.ts";
import type { Session } from "../base/session.ts";
import { type ShownFile, shownFiles } from "./shown-files.ts";
import type { ThreadText } from "./text-cache.ts";

/** Hexadecimal digits of the name of a text. */
const HASH_CHARS = 32;
/** The owner of what agents share. */
const SHARED = "";
const NO_VERSION = { label: "", value: "" };
/** The name of a text that nobody has. */
const NOT_KEPT = "";
/** Characters from which on the beginning of a system prompt is kept once for all agents that have it. */
const SHARED_CHARS_MIN = 200;
/** Where an agent's prompt may say that memory belongs. */
const MEMORY_PLACE = "{CORE_MEMORY}";

/** The column `manifest` of a step. What is absent is null, empty, the agent's own thread, or a last that is the first. */
interface ManifestRow {
  readonly prompt: string;
  readonly tools?: string;
  readonly recalled?: string;
  readonly thread?: ThreadId;
  readonly summary?: MessageId;
  readonly first?: MessageId;
  readonly last?: MessageId;
  readonly count: number;
  readonly aside?: KeptContext["aside"];
  readonly hooks?: KeptContext["hooks"];
  readonly tried?: KeptContext["tried"];
  readonly chars: readonly [system: number, tools: number, recalled: number, summary: number, messages: number];
}

/** The value of a block, by its place among those that are shown, where its lines are numbered or something is escaped. */
type ValueRow = readonly [block: number, isNumbered?: 0 | 1, labels?: readonly string[]];

/** A system prompt in `texts`. A number is the value of a block that is shown as it is. */
interface PromptRow {
  readonly blocks: readonly ShownBlock[] | null;
  readonly chars: number;
  readonly pieces: readonly (string | number | ValueRow | { readonly shared: string } | FileRow)[];
}

/** What a prompt shows of a file. It is the file's own, and goes with it. */
interface FileRow {
  readonly file: FileId;
  readonly text: string;
}

/** Keeps the texts of a request that are not kept yet, and gives the column that names them. */
export async function keepContext(session: Session, agentId: AgentId, sent: SentContext): Promise<string> {
  const { threadId, recalled, messages, aside, chars, hooks, tried } = sent;
  const row: ManifestRow = {
    prompt: await promptHash(session, agentId, sent),
    ...(sent.tools === "[]" ? {} : { tools: await sharedHash(session, agentId, sent.tools) }),
    ...(recalled === null ? {} : { recalled: await recalledHash(session, threadId, recalled) }),
    ...(threadId === agentId ? {} : { thread: threadId }),
    ...(messages.summary === null ? {} : { summary: messages.summary }),
    ...(messages.first === null ? {} : { first: messages.first }),
    ...(messages.last === null || messages.last === messages.first ? {} : { last: messages.last }),
    count: messages.count,
    ...(aside.length === 0 ? {} : { aside }),
    ...(hooks.length === 0 ? {} : { hooks }),
    ...(tried.length === 0 ? {} : { tried }),
    chars: [chars.system, chars.tools, chars.recalled, chars.summary, chars.messages],
  };
  return JSON.stringify(row);
}

/** What a step was sent, as far as it is kept; undefined of steps that sent nothing, or were taken before that was kept. */
export async function keptContext(session: Session, id: StepId): Promise<KeptContext | undefined> {
  const found = await session.db
    .selectFrom("steps")
    .select(["manifest", "agent_id"])
    .where("id", "=", id)
    .where(ours(session, "steps"))
    .executeTakeFirst();
  if (found === undefined || found.manifest === null) return undefined;
  const row = fromJson<ManifestRow>(found.manifest);
  const threadId = row.thread ?? found.agent_id;
  const { recalled, summary = null, first = null, last = first, count, aside = [], hooks = [], tried = [] } = row;
  const text = recalled === undefined ? null : await textOf(session, threadId, recalled);
  const [system, toolChars, recalledChars, summaryChars, messageChars] = row.chars;
  return {
    threadId,
    prompt: await keptPrompt(session, threadId, row.prompt),
    tools: row.tools === undefined ? "[]" : ((await textOf(session, SHARED, row.tools)) ?? null),
    recalled: text === null ? null : text === undefined ? "gone" : fromJson<RecalledItems>(text),
    messages: { summary, first, last, count },
    aside,
    hooks,
    tried,
    chars: { system, tools: toolChars, recalled: recalledChars, summary: summaryChars, messages: messageChars },
  };
}

async function keptPrompt(session: Session, threadId: ThreadId, hash: string): Promise<KeptPrompt | null> {
  const text = await textOf(session, threadId, hash);
  if (text === undefined) return null;
  const { blocks, chars, pieces } = fromJson<PromptRow>(text);
  const kept: (PromptPiece | null)[] = [];
  for (const piece of pieces) {
    if (typeof piece === "string") kept.push(piece);
    else if (typeof piece === "number") kept.push({ block: piece, isNumbered: false, labels: null });
    else if ("shared" in piece) kept.push((await textOf(session, SHARED, piece.shared)) ?? null);
    else if ("file" in piece) kept.push((await textOf(session, piece.file, piece.text)) ?? null);
    else kept.push(valuePiece(piece));
  }
  return { pieces: kept, blocksShown: blocks, blockChars: chars };
}

function valuePiece([block, isNumbered = 1, labels]: ValueRow): PromptPiece {
  return { block, isNumbered: isNumbered === 1, labels: labels ?? null };
}

function valueRow({ block, isNumbered, labels }: ValuePlace): number | ValueRow {
  if (labels !== null) return [block, isNumbered ? 1 : 0, labels];
  return isNumbered ? [block] : block;
}

/** Takes away the texts of threads, and of files, that are gone. */
export async function dropTexts(session: Session, owners: readonly (ThreadId | FileId)[]): Promise<void> {
  session.textCache.clear();
  await session.db
    .deleteFrom("texts")
    .where("organization_id", "=", session.organizationId)
    .where("owner", "in", owners)
    .execute();
}

/** Takes away the texts that only this agent has, which is about to be deleted, and those of its threads. */
export async function dropAgentTexts(session: Session, id: AgentId): Promise<void> {
  const { db, organizationId } = session;
  const conversations = await db.selectFrom("conversations").select("id").where("agent_id", "=", id).execute();
  await dropTexts(session, [id, ...conversations.map((row) => row.id)]);
  await db
    .deleteFrom("texts")
    .where("organization_id", "=", organizationId)
    .where("owner", "=", SHARED)
    .where("hash", "in", db.selectFrom("text_uses").select("hash").where("agent_id", "=", id))
    .where(
      sql<SqlBool>`not exists (select 1 from text_uses as other join agents on agents.id = other.agent_id
        where other.hash = texts.hash and other.agent_id <> ${id} and agents.organization_id = ${organizationId})`,
    )
    .execute();
}

async function promptHash(session: Session, agentId: AgentId, sent: SentContext): Promise<string> {
  const { threadId, system, blocksShown } = sent;
  const details = JSON.stringify(blocksShown);
  const known = session.textCache.ofThread(threadId, "prompt");
  if (known?.text === system && known.details === details) return known.hash;
  const row = JSON.stringify(await promptRow(session, agentId, sent));
  return threadHash(session, threadId, { what: "prompt", known: { text: system, details }, row });
}

/** A system prompt without what is kept elsewhere: the agent's own prompt, what comes before its blocks, and their values. */
async function promptRow(session: Session, agentId: AgentId, sent: SentContext): Promise<PromptRow> {
  const { system, blocksShown, ownPrompt } = sent;
  const found = await blockVersions(session).findVersions(blocksShown ?? []);
  const versions = new Map(found.map((version) => [version.blockId, version]));
  const values = (blocksShown ?? []).map(([id]) => versions.get(id) ?? NO_VERSION);
  const [start = ""] = ownPrompt.split(MEMORY_PLACE);
  const own = system.startsWith(start) ? start.length : 0;
  const places = valuePlaces(system, values, own);
  const pieces: PromptRow["pieces"][number][] = [];
  let from = 0;
  /** Takes what comes next, as far as many prompts have it alike. */
  const share = async (to: number) => {
    if (to - from < SHARED_CHARS_MIN) return;
    pieces.push({ shared: await sharedHash(session, agentId, system.slice(from, to)) });
    from = to;
  };
  await share(own);
  // A block that was deleted since takes its words along, and nobody can tell any more which they were.
  if (found.length < values.length) return { pieces: [...pieces, { shared: NOT_KEPT }], blocks: blocksShown, chars: 0 };
  // Where a value could not be cut out, what comes before another one may hold it.
  const isCut = places.length > 0 && places.length === found.filter(({ value }) => value !== "").length;
  if (isCut) await share(places[0]?.start ?? 0);
  for (const place of places) {
    if (place.start > from) pieces.push(system.slice(from, place.start));
    pieces.push(valueRow(place));
    from = place.end;
  }
  for (const file of await shownFiles(session, agentId, { system, after: from })) {
    pieces.push(system.slice(from, file.start), await filePiece(session, system, file));
    from = file.end;
  }
  pieces.push(system.slice(from));
  return { blocks: blocksShown, chars: values.reduce((sum, { value }) => sum + value.length, 0), pieces };
}

async function filePiece(session: Session, system: string, { start, end, fileId }: ShownFile) {
  if (fileId === undefined) return { shared: NOT_KEPT };
  const text = system.slice(start, end);
  const hash = hashOf(text);
  await insertText(session, fileId, { hash, text });
  return { file: fileId, text: hash };
}

function recalledHash(session: Session, threadId: ThreadId, recalled: RecalledItems): string | Promise<string> {
  const row = JSON.stringify(recalled);
  const known = session.textCache.ofThread(threadId, "recalled");
  if (known?.text === row) return known.hash;
  return threadHash(session, threadId, { what: "recalled", known: { text: row, details: "" }, row });
}

interface NewText {
  readonly what: ThreadText;
  readonly known: { readonly text: string; readonly details: string };
  readonly row: string;
}

async function threadHash(session: Session, threadId: ThreadId, { what, known, row }: NewText): Promise<string> {
  const hash = hashOf(row);
  await insertText(session, threadId, { hash, text: row });
  session.textCache.keep(threadId, what, { ...known, hash });
  return hash;
}

/** The name of a text that many agents have, which is kept as long as one of them is there. */
async function sharedHash(session: Session, agentId: AgentId, text: string): Promise<string> {
  const { db, textCache } = session;
  const hash = textCache.hash(text, hashOf);
  if (textCache.isUsed(agentId, hash)) return hash;
  await insertText(session, SHARED, { hash, text });
  await db
    .insertInto("text_uses")
    .values({ agent_id: agentId, hash })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  textCache.use(agentId, hash);
  return hash;
}

async function insertText(
  { db, organizationId }: Session,
  owner: string,
  { hash, text }: { readonly hash: string; readonly text: string },
): Promise<void> {
  await db
    .insertInto("texts")
    .values({ organization_id: organizationId, owner, hash, text })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function textOf({ db, organizationId }: Session, owner: string, hash: string): Promise<string | undefined> {
  const row = await db
    .selectFrom("texts")
    .select("text")
    .where("organization_id", "=", organizationId)
    .where("owner", "=", owner)
    .where("hash", "=", hash)
    .executeTakeFirst();
  return row?.text;
}

function hashOf(text: string): string {
  return sha256(text).slice(0, HASH_CHARS);
}
