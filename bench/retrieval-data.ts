import { type Instant, instantOf } from "../src/core/clock.ts";
import type { EntryRole, NewEntry } from "../src/umi/index/entry.ts";

/** A question with the ids of the entries that answer it. */
export interface EvalQuestion {
  readonly question: string;
  readonly kind: string;
  readonly evidence: ReadonlySet<string>;
}

/** One conversation, or one long chat. */
export interface EvalSet {
  readonly entries: readonly NewEntry[];
  readonly questions: readonly EvalQuestion[];
}

/** Fields of a JSON object whose shape is checked where it is read. */
type Fields = Readonly<Record<string, unknown>>;

const LOCOMO_KINDS: Readonly<Record<string, string>> = {
  1: "multi-hop",
  2: "temporal",
  3: "open",
  4: "single",
  5: "adversarial",
};
const LOCOMO_DATE = /(\d{1,2}):(\d{2}) (am|pm) on (\d{1,2}) (\w+),? (\d{4})/i;
const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
/** A turn's id inside an evidence text: "D1:3", and what people made of it ("D:11:26", "D30:05"). */
const TURN_ID = /D:?(\d+):0*(\d+)/g;

/** Reads the text of a file of LoCoMo conversations or of BEAM chats: a JSON list, one object, or an object a line. */
export function readSets(text: string, format: "locomo" | "beam"): readonly EvalSet[] {
  return samplesIn(text).map((each) => (format === "locomo" ? readLocomo(fieldsOf(each)) : readBeam(fieldsOf(each))));
}

function samplesIn(text: string): readonly unknown[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const isObjectALine = lines.length > 1 && lines[0]?.startsWith("{") === true && lines[0].trimEnd().endsWith("}");
  if (isObjectALine) return lines.map((line): unknown => JSON.parse(line));
  const data: unknown = JSON.parse(text);
  return Array.isArray(data) ? data : [data];
}

function readLocomo(sample: Fields): EvalSet {
  const conversation = fieldsOf(sample["conversation"]);
  const numbers = Object.keys(conversation).flatMap((key) => /^session_(\d+)$/.exec(key)?.[1] ?? []);
  const sessions = numbers.map(Number).sort((a, b) => a - b);
  const entries = sessions.flatMap((session) => {
    const at = locomoTime(textOf(conversation[`session_${session}_date_time`]));
    return listOf(conversation[`session_${session}`]).map((turn) => locomoEntry(fieldsOf(turn), session, at));
  });
  const known = new Set(entries.map(({ id }) => id));
  const questions = listOf(sample["qa"]).map((each) => {
    const fields = fieldsOf(each);
    const ids = listOf(fields["evidence"] ?? []).flatMap((text) =>
      [...textOf(text).matchAll(TURN_ID)].map(([, session, turn]) => `D${session}:${turn}`),
    );
    const kind = LOCOMO_KINDS[textOf(fields["category"])] ?? "other";
    return { question: textOf(fields["question"]), kind, evidence: new Set(ids.filter((id) => known.has(id))) };
  });
  return { entries, questions: questions.filter(({ evidence }) => evidence.size > 0) };
}

function locomoEntry(turn: Fields, session: number, at: Instant): NewEntry {
  const caption = textOf(turn["blip_caption"] ?? "");
  return {
    id: textOf(turn["dia_id"]),
    session: `session ${session}`,
    speaker: textOf(turn["speaker"]),
    role: "none",
    text: caption === "" ? textOf(turn["text"]) : `${textOf(turn["text"])}\n[shows ${caption}]`,
    at,
    tags: [],
  };
}

function locomoTime(text: string): Instant {
  const [, hour, minute, half, day, month = "", year] = LOCOMO_DATE.exec(text) ?? [];
  if (year === undefined) throw new Error(`No time of a session: ${text}`);
  const hours = (Number(hour) % 12) + (half?.toLowerCase() === "pm" ? 12 : 0);
  const index = MONTHS.indexOf(month.slice(0, 3).toLowerCase());
  return instantOf(Date.UTC(Number(year), index, Number(day), hours, Number(minute)));
}

/** A BEAM chat: batches of turns of messages with numeric ids, and probing questions by ability with the ids they need. */
function readBeam(sample: Fields): EvalSet {
  const entries: NewEntry[] = [];
  listOf(sample["chat"]).forEach((batch, session) => {
    const turns = Array.isArray(batch) ? batch : listOf(fieldsOf(batch)["turns"]);
    for (const message of turns.flat()) {
      const fields = fieldsOf(message);
      entries.push(beamEntry(fields, session, instantOf(entries.length * 60_000)));
    }
  });
  const known = new Set(entries.map(({ id }) => id));
  const probing = sample["probing_questions"];
  const byAbility = fieldsOf(typeof probing === "string" ? JSON.parse(probing) : probing);
  const questions = Object.entries(byAbility).flatMap(([kind, list]) =>
    listOf(list).map((each) => {
      const fields = fieldsOf(each);
      const ids = idsIn(fields["source_chat_ids"]).filter((id) => known.has(id));
      return { question: textOf(fields["question"]), kind, evidence: new Set(ids) };
    }),
  );
  return { entries, questions: questions.filter(({ evidence }) => evidence.size > 0) };
}

function beamEntry(fields: Fields, session: number, at: Instant): NewEntry {
  const said = textOf(fields["role"]);
  const role: EntryRole = said === "user" || said === "assistant" ? said : "none";
  const text = textOf(fields["content"]).replace(/->->.*$/s, "");
  return { id: textOf(fields["id"]), session: `batch ${session}`, speaker: "", role, text, at, tags: [] };
}

/** Ids stand in lists, in lists of lists, or under names of what they are for. */
function idsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(idsIn);
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(idsIn);
  return value === undefined || value === null ? [] : [textOf(value)];
}

function fieldsOf(value: unknown): Fields {
  if (typeof value !== "object" || value === null) throw new Error(`Not an object: ${JSON.stringify(value)}`);
  return value as Fields;
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`Not a list: ${JSON.stringify(value)}`);
  return value;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : String(value);
}
