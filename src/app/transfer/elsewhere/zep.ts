import { isRecord, type JsonObject } from "../../../core/json.ts";
import { UnusableRow } from "../unusable-row.ts";
import type { NamedNode, Piece, StatedMemory, Validity } from "./piece.ts";
import { createLeft, requireLength, type SpokenTurn, type Talk, timeOf, titleOf, wordsOf } from "./talk.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What the lists of Zep's API are called, in its versions, and what a member of each is. */
const KINDS: Readonly<Record<string, "user" | "thread" | "fact" | "node" | "episode">> = {
  users: "user",
  sessions: "thread",
  threads: "thread",
  facts: "fact",
  edges: "fact",
  relevant_facts: "fact",
  nodes: "node",
  entities: "node",
  episodes: "episode",
};

/** What a member of a list of Zep brings: itself, and what the lists in it hold where it is a user. */
export function* zepPieces(
  list: string | null,
  value: unknown,
  user: string | null,
): Generator<Piece, void, undefined> {
  const kind = list === null ? kindOf(value) : KINDS[list];
  const table = list ?? (kind === undefined ? "others" : `${kind}s`);
  try {
    if (kind === undefined)
      throw new UnusableRow(
        list === "messages" ? "messages stand in the threads they are of" : "nothing is known of such a list",
      );
    // Zep's first sessions had sentences for facts.
    if (kind === "fact" && typeof value === "string") yield memory(table, value, { user, fields: {}, id: value });
    else if (!isRecord(value)) throw new UnusableRow("it is no object");
    else if (kind === "user") yield* userPieces(value, user);
    else if (kind === "thread") yield* threadPieces(value, user);
    else yield otherPiece(kind, table, value, user);
  } catch (error) {
    if (!(error instanceof UnusableRow)) throw error;
    yield { kind: "left", table, reason: error.message };
  }
}

/** Whether something looks like a member of a list of Zep's. */
export function isZep(list: string | null, value: unknown): boolean {
  return list === null ? kindOf(value) !== undefined : Object.hasOwn(KINDS, list);
}

/** What something is that stands in a list without a name. */
function kindOf(value: unknown): (typeof KINDS)[string] | undefined {
  if (!isRecord(value)) return undefined;
  return SIGNS.find(([, keys]) => keys.every((key) => key in value))?.[0];
}

/** By which keys a member is known that stands in a list without a name, the first that fits. */
const SIGNS: readonly (readonly [kind: (typeof KINDS)[string], keys: readonly string[]])[] = [
  ["fact", ["fact"]],
  ["thread", ["thread_id", "messages"]],
  ["thread", ["session_id", "messages"]],
  ["episode", ["content", "source", "uuid"]],
  ["user", ["user_id", "email"]],
  ["user", ["user_id", "threads"]],
  ["user", ["user_id", "sessions"]],
  ["node", ["name", "summary", "uuid"]],
];

function* userPieces(value: Fields, outer: string | null): Generator<Piece, void, undefined> {
  const user = wordsOf(value["user_id"]) ?? wordsOf(value["uuid"]);
  if (user === null) throw new UnusableRow("it has no user_id");
  const name = [value["first_name"], value["last_name"]].flatMap((part) => wordsOf(part) ?? []).join(" ");
  yield { kind: "user", user, name: name === "" ? (wordsOf(value["email"]) ?? user) : name };
  if (outer !== null) return;
  yield* listsIn(value, user);
}

function* listsIn(value: Fields, user: string | null): Generator<Piece, void, undefined> {
  for (const [list, members] of Object.entries(value))
    if (Object.hasOwn(KINDS, list) && Array.isArray(members))
      for (const member of members) yield* zepPieces(list, member, user);
}

function* threadPieces(value: Fields, outer: string | null): Generator<Piece, void, undefined> {
  const user = wordsOf(value["user_id"]) ?? outer;
  yield { kind: "talk", talk: readThread(value), user };
  const facts = value["facts"];
  if (Array.isArray(facts)) for (const fact of facts) yield* zepPieces("facts", fact, user);
}

function readThread(value: Fields): Talk {
  const sourceId = wordsOf(value["thread_id"]) ?? wordsOf(value["session_id"]) ?? wordsOf(value["uuid"]);
  if (sourceId === null) throw new UnusableRow("it has no thread_id or session_id");
  const messages = Array.isArray(value["messages"]) ? value["messages"] : [];
  requireLength(messages.length);
  const left = createLeft();
  const turns: SpokenTurn[] = [];
  const seen = new Set<string>();
  for (const [at, message] of messages.entries()) {
    const told = readMessage(message, at);
    if (typeof told === "string") left.add(told);
    else if (seen.has(told.sourceId)) left.add("their ids are there twice");
    else turns.push(told);
    if (typeof told !== "string") seen.add(told.sourceId);
  }
  const metadata = isRecord(value["metadata"]) ? value["metadata"] : {};
  return {
    sourceId,
    title: titleOf(value["title"]) ?? titleOf(metadata["title"]) ?? sourceId,
    createdAt: timeOf(value["created_at"]),
    updatedAt: timeOf(value["updated_at"]),
    turns,
    left: left.left,
    files: 0,
  };
}

/** A message of a thread. Who spoke stood in `role` and what they are in `role_type` before; then in `name` and `role`. */
function readMessage(message: unknown, at: number): SpokenTurn | string {
  if (!isRecord(message)) return "they are no messages, or have no id";
  const said = String(message["role_type"] ?? message["role"]).toLowerCase();
  if (said === "system") return "instructions that were not shown";
  if (said === "tool" || said === "function") return "answers of tools";
  const role = { user: "user", human: "user", assistant: "assistant", ai: "assistant" }[said];
  if (role !== "user" && role !== "assistant") return "of nobody that is known here";
  const text = wordsOf(message["content"]);
  if (text === null) return "without words";
  const sourceId = wordsOf(message["uuid"]) ?? wordsOf(message["message_id"]) ?? `#${at}`;
  const name = message["role_type"] === undefined ? wordsOf(message["name"]) : wordsOf(message["role"]);
  return { sourceId, role, text, at: timeOf(message["created_at"]), name: role === "user" ? name : null };
}

function otherPiece(kind: "fact" | "node" | "episode", table: string, value: Fields, outer: string | null): Piece {
  const user = wordsOf(value["user_id"]) ?? outer;
  const id = wordsOf(value["uuid"]) ?? wordsOf(value["uuid_"]) ?? wordsOf(value["id"]);
  const text = textOf(kind, value);
  if (text === null) throw new UnusableRow("it has no words");
  if (kind === "episode" && (wordsOf(value["thread_id"]) ?? wordsOf(value["session_id"])) !== null)
    throw new UnusableRow("what was said comes with its thread");
  return memory(table, text, {
    user,
    fields: value,
    id: id ?? text,
    valid: kind === "fact" ? validityOf(value) : null,
  });
}

function textOf(kind: "fact" | "node" | "episode", value: Fields): string | null {
  if (kind === "fact") return wordsOf(value["fact"]);
  if (kind === "episode") return wordsOf(value["content"]);
  const summary = wordsOf(value["summary"]);
  const name = wordsOf(value["name"]);
  return summary === null || name === null ? null : `${name}: ${summary}`;
}

function memory(
  table: string,
  text: string,
  {
    user,
    fields,
    id,
    valid = null,
  }: {
    readonly user: string | null;
    readonly fields: Fields;
    readonly id: string;
    readonly valid?: Validity | null;
  },
): Piece {
  const told = ["name", "valid_at", "invalid_at", "expired_at", "source_description", "thread_id"].flatMap((key) => {
    const one = fields[key];
    return typeof one === "string" ? [[key, one] as const] : [];
  });
  const metadata: JsonObject = { ...Object.fromEntries(told), source: "zep", source_id: id.slice(0, ID_CHARS_MAX) };
  const stated: StatedMemory = {
    table,
    sourceId: id,
    text,
    tags: ["zep", table],
    metadata,
    createdAt: timeOf(fields["created_at"]),
    updatedAt: timeOf(fields["updated_at"]),
    valid,
  };
  return { kind: "memory", user, memory: stated };
}

const ID_CHARS_MAX = 200;

/** Since when a fact holds; null where Zep does not know it. */
function validityOf(value: Fields): Validity | null {
  const from = timeOf(value["valid_at"]);
  if (from === null) return null;
  return {
    from,
    to: timeOf(value["invalid_at"]) ?? timeOf(value["expired_at"]),
    relation: (wordsOf(value["name"]) ?? "").trim().toLowerCase().replaceAll(/\s+/g, "_").slice(0, ID_CHARS_MAX),
    subject: nodeOf(value, "source"),
    object: nodeOf(value, "target"),
  };
}

function nodeOf(value: Fields, end: "source" | "target"): NamedNode | null {
  const name = wordsOf(value[`${end}_node_name`]);
  return name === null ? null : { sourceId: wordsOf(value[`${end}_node_uuid`]) ?? name, name };
}
