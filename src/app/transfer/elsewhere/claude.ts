import { isRecord } from "../../../core/json.ts";
import { UnusableRow } from "../unusable-row.ts";
import {
  branchTo,
  createLeft,
  requireLength,
  type SpokenTurn,
  type Talk,
  timeOf,
  titleOf,
  withFiles,
  wordsOf,
} from "./talk.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A conversation of Claude's export: what was said, in order, or the branch that was on show where its messages tell. */
export function readClaude(value: unknown): Talk {
  const messages = isRecord(value) ? value["chat_messages"] : undefined;
  const sourceId = isRecord(value) ? wordsOf(value["uuid"]) : null;
  if (!isRecord(value) || !Array.isArray(messages) || sourceId === null)
    throw new UnusableRow("it has no list of messages, or no id");
  requireLength(messages.length);
  const left = createLeft();
  const byId = messagesById(messages, left.add);
  const branch = branchOf(value["current_leaf_message_uuid"], byId);
  left.add("not on the branch that was on show", byId.size - branch.length);
  const turns: SpokenTurn[] = [];
  let files = 0;
  for (const id of branch) {
    const message = byId.get(id) ?? {};
    const told = readMessage(id, message);
    if (typeof told === "string") left.add(told);
    else {
      files += told.files;
      turns.push(told.turn);
    }
  }
  return {
    sourceId,
    title: titleOf(value["name"]),
    createdAt: timeOf(value["created_at"]),
    updatedAt: timeOf(value["updated_at"]),
    turns,
    left: left.left,
    files,
  };
}

function messagesById(messages: readonly unknown[], leave: (reason: string) => void): ReadonlyMap<string, Fields> {
  const byId = new Map<string, Fields>();
  for (const message of messages) {
    const id = isRecord(message) ? wordsOf(message["uuid"]) : null;
    if (!isRecord(message) || id === null) leave("they are no messages, or have no id");
    else if (byId.has(id)) leave("their ids are there twice");
    else byId.set(id, message);
  }
  return byId;
}

/** Messages that do not all say which one they follow stand in the order of the talk. */
function branchOf(leaf: unknown, byId: ReadonlyMap<string, Fields>): readonly string[] {
  const ids = [...byId.keys()];
  const parentOf = (id: string) => {
    const parent = byId.get(id)?.["parent_message_uuid"];
    return typeof parent === "string" && byId.has(parent) ? parent : null;
  };
  const isTree = ids.filter((id) => parentOf(id) === null).length === 1 && ids.length > 1;
  const last = typeof leaf === "string" && byId.has(leaf) ? leaf : ids.at(-1);
  if (isTree && last !== undefined) return branchTo(last, parentOf);
  const isCircle = ids.length > 0 && ids.every((id) => parentOf(id) !== null);
  if (isCircle) throw new UnusableRow("its messages follow each other in a circle");
  return ids;
}

function readMessage(id: string, message: Fields): { readonly turn: SpokenTurn; readonly files: number } | string {
  const role = { human: "user", user: "user", assistant: "assistant" }[String(message["sender"])];
  if (role !== "user" && role !== "assistant") return "of nobody that is known here";
  const files = [...filesIn(message["attachments"]), ...filesIn(message["files"])];
  const text = withFiles(textOf(message), files);
  if (text === "") return "without words";
  return {
    turn: { sourceId: id, role, text, at: timeOf(message["created_at"]), name: null },
    files: files.length,
  };
}

/** The text blocks of a message; thoughts, and calls and answers of tools, are none. */
function textOf({ content, text }: Fields): string {
  const blocks = Array.isArray(content) ? content.filter(isRecord) : [];
  const said = blocks.filter(({ type }) => type === "text").flatMap((block) => wordsOf(block["text"]) ?? []);
  return said.length > 0 || blocks.length > 0 ? said.join("\n") : (wordsOf(text) ?? "");
}

function filesIn(list: unknown): readonly string[] {
  if (!Array.isArray(list)) return [];
  return list.filter(isRecord).map((file) => wordsOf(file["file_name"]) ?? wordsOf(file["file_uuid"]) ?? "a file");
}
