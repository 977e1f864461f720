import { isRecord, parseJson } from "../../../core/json.ts";
import { BrokenFile, type JsonItem, jsonItems } from "./json-items.ts";
import type { Elsewhere } from "./piece.ts";
import { ITEM_BYTES_MAX, piecesOf } from "./pieces.ts";
import type { SourceFile, SourceText } from "./source-text.ts";
import { isZep } from "./zep.ts";

/** Members of a list that are looked at to find out what it is. */
const LOOKED_AT_MAX = 100;

/** What program wrote a file, by what its first members look like; undefined where none of those that are known did. */
export async function kindOfFile(source: SourceFile): Promise<Elsewhere | undefined> {
  for (const text of source.texts) {
    const kind = await kindOfText(text);
    if (kind !== undefined) return kind;
  }
  return undefined;
}

/** Whether a file tells of more than one user. */
export async function hasSeveralUsers(source: SourceFile, format: Elsewhere, check: () => void): Promise<boolean> {
  if (format !== "mem0" && format !== "zep") return false;
  const users = new Set<string>();
  for (const text of source.texts)
    for await (const item of readable(text)) {
      check();
      for (const user of usersIn(format, item)) users.add(user);
      if (users.size > 1) return true;
    }
  return false;
}

function usersIn(format: Elsewhere, item: JsonItem): readonly string[] {
  return [...piecesOf(format, item)].flatMap((piece) => ("user" in piece && piece.user !== null ? [piece.user] : []));
}

async function kindOfText(text: SourceText): Promise<Elsewhere | undefined> {
  let looked = 0;
  for await (const item of readable(text)) {
    const kind = kindOfItem(item);
    if (kind !== undefined) return kind;
    looked++;
    if (looked >= LOOKED_AT_MAX) return undefined;
  }
  return undefined;
}

/** What of a text can be read; that it breaks off is told when it is imported. */
async function* readable(text: SourceText): AsyncGenerator<JsonItem, void, undefined> {
  try {
    yield* jsonItems(
      text.read(() => {}),
      ITEM_BYTES_MAX,
    );
  } catch (error) {
    if (!(error instanceof BrokenFile)) throw error;
  }
}

function kindOfItem({ list, text }: JsonItem): Elsewhere | undefined {
  const value = text === undefined ? undefined : parseJson(text);
  if (isRecord(value)) {
    if (isRecord(value["mapping"])) return "chatgpt";
    if (Array.isArray(value["chat_messages"])) return "claude";
    if (typeof value["memory"] === "string" && "id" in value) return "mem0";
  }
  return isZep(list, value) ? "zep" : undefined;
}
