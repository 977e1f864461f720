import { UnusableRow } from "../unusable-row.ts";
import { readChatGpt } from "./chatgpt.ts";
import { readClaude } from "./claude.ts";
import type { JsonItem } from "./json-items.ts";
import { readMem0 } from "./mem0.ts";
import type { Elsewhere, Piece } from "./piece.ts";
import { zepPieces } from "./zep.ts";

/** Bytes of one conversation, or of whatever else is one member of a list. */
export const ITEM_BYTES_MAX = 16 * 1024 * 1024;
const TOO_LARGE = `it is larger than ${ITEM_BYTES_MAX / 1024 / 1024} MB`;

/** How the report calls what the lists of an export hold, where nothing more is known of it. */
const TABLES: Readonly<Record<Elsewhere, string>> = {
  chatgpt: "conversations",
  claude: "conversations",
  mem0: "memories",
  zep: "others",
};

/** What one member of a list of an export brings. What cannot be read comes as left, with its reason. */
export function* piecesOf(format: Elsewhere, { list, text }: JsonItem): Generator<Piece, void, undefined> {
  const table = format === "zep" && list !== null ? list.slice(0, TABLE_CHARS_MAX) : TABLES[format];
  try {
    if (text === undefined) throw new UnusableRow(TOO_LARGE);
    yield* read(format, list, parsed(text));
  } catch (error) {
    if (!(error instanceof UnusableRow)) throw error;
    yield { kind: "left", table, reason: error.message };
  }
}

const TABLE_CHARS_MAX = 40;

function* read(format: Elsewhere, list: string | null, value: unknown): Generator<Piece, void, undefined> {
  if (format === "chatgpt") yield { kind: "talk", talk: readChatGpt(value), user: null };
  else if (format === "claude") yield { kind: "talk", talk: readClaude(value), user: null };
  else if (format === "mem0") yield readMem0(list, value);
  else yield* zepPieces(list, value, null);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Also where it is nested too deep.
    throw new UnusableRow("it is no JSON that can be read");
  }
}
