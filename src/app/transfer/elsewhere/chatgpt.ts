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

/** Marks of sources between characters that no text has: they point to pages that are not in the export. */
const CITATION = /\ue200[^\ue200\ue201]{0,2000}\ue201/g;
/** What a message may be made of that no person said or saw as an answer. */
const UNSPOKEN: Readonly<Record<string, string>> = {
  thoughts: "thoughts of the model",
  reasoning_recap: "thoughts of the model",
  user_editable_context: "instructions that were not shown",
  model_editable_context: "instructions that were not shown",
};

/** A conversation of ChatGPT's export: of its tree of messages the branch that was on show last. */
export function readChatGpt(value: unknown): Talk {
  if (!isRecord(value)) throw new UnusableRow("it is no conversation");
  const mapping = value["mapping"];
  const sourceId = wordsOf(value["conversation_id"]) ?? wordsOf(value["id"]);
  if (!isRecord(mapping) || sourceId === null) throw new UnusableRow("it has no tree of messages, or no id");
  const nodes = new Map(Object.entries(mapping).filter((entry): entry is [string, Fields] => isRecord(entry[1])));
  requireLength(nodes.size);
  const branch = branchOf(value["current_node"], nodes);
  const left = createLeft();
  const shown = new Set(branch);
  for (const [id, node] of nodes)
    if (isRecord(node["message"]) && !shown.has(id)) left.add("not on the branch that was on show");
  const turns: SpokenTurn[] = [];
  let files = 0;
  for (const id of branch) {
    const message = nodes.get(id)?.["message"];
    if (!isRecord(message)) continue;
    const told = readMessage(id, message);
    files += told.files;
    if (typeof told.turn === "string") left.add(told.turn);
    else turns.push(told.turn);
  }
  return {
    sourceId,
    title: titleOf(value["title"]),
    createdAt: timeOf(value["create_time"]),
    updatedAt: timeOf(value["update_time"]),
    turns,
    left: left.left,
    files,
  };
}

/** Ids of what was on show, in order. Where nothing says which branch that was, it is the one with the newest end. */
function branchOf(current: unknown, nodes: ReadonlyMap<string, Fields>): readonly string[] {
  const leaf = typeof current === "string" && nodes.has(current) ? current : newestLeaf(nodes);
  if (leaf === undefined) return [];
  return branchTo(leaf, (id) => {
    const parent = nodes.get(id)?.["parent"];
    return typeof parent === "string" && nodes.has(parent) ? parent : null;
  });
}

function newestLeaf(nodes: ReadonlyMap<string, Fields>): string | undefined {
  const parents = new Set([...nodes.values()].map((node) => node["parent"]));
  let newest: string | undefined;
  let newestAt = -1;
  for (const [id, { message }] of nodes) {
    const at = isRecord(message) ? (timeOf(message["create_time"]) ?? 0) : -1;
    if (parents.has(id) || at < newestAt) continue;
    [newest, newestAt] = [id, at];
  }
  return newest ?? [...nodes.keys()].at(-1);
}

/** What a message says, or why it is left. */
function readMessage(id: string, message: Fields): { readonly turn: SpokenTurn | string; readonly files: number } {
  const author = isRecord(message["author"]) ? message["author"] : {};
  const content = isRecord(message["content"]) ? message["content"] : {};
  const metadata = isRecord(message["metadata"]) ? message["metadata"] : {};
  const why = unspoken(message, { author, content, metadata });
  if (why !== undefined) return { turn: why, files: 0 };
  const { text, files } = saidIn(content, metadata);
  const words = withFiles(text.replace(CITATION, ""), files);
  if (words === "") return { turn: "without words", files: 0 };
  const role = author["role"] === "user" ? "user" : "assistant";
  const turn: SpokenTurn = { sourceId: id, role, text: words, at: timeOf(message["create_time"]), name: null };
  return { turn, files: files.length };
}

function unspoken(
  message: Fields,
  { author, content, metadata }: { readonly author: Fields; readonly content: Fields; readonly metadata: Fields },
): string | undefined {
  const { role } = author;
  if (role === "system") return "instructions that were not shown";
  if (role === "tool") return "answers of tools";
  if (role !== "user" && role !== "assistant") return "of nobody that is known here";
  if (metadata["is_visually_hidden_from_conversation"] === true || metadata["is_user_system_message"] === true)
    return "instructions that were not shown";
  const { recipient } = message;
  if (role === "assistant" && typeof recipient === "string" && recipient !== "all") return "calls of tools";
  return UNSPOKEN[String(content["content_type"])];
}

/** The words of a message, and the names of files and images in it or beside it. */
function saidIn(content: Fields, metadata: Fields): { readonly text: string; readonly files: readonly string[] } {
  const parts = Array.isArray(content["parts"]) ? content["parts"] : [content["text"]];
  const texts: string[] = [];
  const files: string[] = [];
  const attached = Array.isArray(metadata["attachments"]) ? metadata["attachments"].filter(isRecord) : [];
  const nameOf = (pointer: string) => attached.find((one) => pointer.endsWith(String(one["id"])))?.["name"];
  for (const part of parts) {
    const words = wordsOf(isRecord(part) ? part["text"] : part);
    if (words !== null) texts.push(words);
    const pointer = isRecord(part) ? part["asset_pointer"] : undefined;
    if (typeof pointer === "string" && nameOf(pointer) === undefined) files.push(`${kindOf(part)} ${pointer}`);
  }
  for (const one of attached) files.push(String(one["name"] ?? one["id"] ?? "a file"));
  return { text: texts.join("\n"), files };
}

function kindOf(part: Fields): string {
  const type = String(part["content_type"]);
  return /image|audio|video/.exec(type)?.[0] ?? "file";
}
