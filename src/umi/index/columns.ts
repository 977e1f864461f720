import { assert } from "../../core/assert.ts";
import { calledName, type EntryRole, type NewEntry } from "./entry.ts";

/** What scoring needs to know of an entry without its text. Hashes stand for names: equal ones mean the same. */
export interface EntryRow {
  readonly number: number;
  /** How many terms it has. */
  readonly length: number;
  readonly session: number;
  readonly speaker: number;
  readonly flags: number;
  readonly at: number;
}

/** Bits of `flags`. An entry without {@link PRESENT} was removed. */
export const PRESENT = 1;
export const ASKS = 2;
export const NAMES_TIME = 4;
export const BY_USER = 8;
export const BY_ASSISTANT = 16;

/** Bytes of one row as it is stored: two of length, four each of session and speaker, one of flags, eight of time. */
export const ROW_BYTES = 19;

/** Neighbours on each side that belong to the nearer and to the wider neighbourhood of an entry. */
export const NEAR_RADIUS = 1;
export const WIDE_RADIUS = 2;

/** In place of the hash of a session: the entry is a session of its own. */
const ALONE = 0;
/** In place of the index of a session: the entry is gone. */
const NO_SESSION = 0xffff_ffff;
const LENGTH_MAX = 65_535;
const FIRST_CAPACITY = 256;
/** Logarithms of lengths are kept in 1/16, so that their sums are whole numbers and no order of adding matters. */
const LOG_STEPS = 16;
const TIME_WORD =
  /\b(?:yesterday|today|tonight|tomorrow|ago|last|next|weekend|week|month|year|recently|since|(?:19|20)\d\d|monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|june|july|august|september|october|november|december)\b/iu;
const QUESTION_END = /[?？؟]["'”’)\s]*$/u;
/** Characters at the end of a text that are looked at for a question mark, and at its start for words of time. */
const EDGE_CHARS = 2000;

/** The row of an entry that has these terms. */
export function rowOf(entry: NewEntry, number: number, termCount: number): EntryRow {
  const asks = QUESTION_END.test(entry.text.slice(-EDGE_CHARS)) ? ASKS : 0;
  const time = TIME_WORD.test(entry.text.slice(0, EDGE_CHARS)) ? NAMES_TIME : 0;
  return {
    number,
    length: Math.min(termCount, LENGTH_MAX),
    session: entry.session === "" ? ALONE : sessionHash(entry.session),
    speaker: entry.speaker === "" ? 0 : hashOf(calledName(entry.speaker)),
    flags: PRESENT | asks | time | roleFlag(entry.role),
    at: entry.at,
  };
}

/** The bit of a role; none for "none". */
export function roleFlag(role: EntryRole): number {
  if (role === "user") return BY_USER;
  return role === "assistant" ? BY_ASSISTANT : 0;
}

/** The hash of a session's name; never that of an entry without one. */
export function sessionHash(session: string): number {
  return hashOf(session) || 1;
}

/** A 32-bit hash of a name (FNV-1a). */
export function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Sums over the entries that are there. */
export interface ColumnTotals {
  count: number;
  terms: number;
  asks: number;
  namesTime: number;
  logLengths: number;
  logSquares: number;
  userCount: number;
  userTerms: number;
  assistantCount: number;
  assistantTerms: number;
}

/**
 * The rows of a space side by side, by number: 27 bytes an entry. It only grows; whoever holds it sees the entries
 * that came later too, and must look no further than a size noted at the start.
 */
export interface EntryColumns {
  readonly size: number;
  readonly lengths: Uint16Array;
  /** The terms of an entry and of its neighbours in the session together, up to {@link NEAR_RADIUS} and {@link WIDE_RADIUS}. */
  readonly nearLengths: Uint32Array;
  readonly wideLengths: Uint32Array;
  /** Sessions counted from 0 in the order they first appear. */
  readonly sessions: Uint32Array;
  readonly speakers: Uint32Array;
  readonly flags: Uint8Array;
  readonly times: Float64Array;
  readonly totals: Readonly<ColumnTotals>;
  /** Terms in each session. */
  readonly sessionLengths: readonly number[];
  /** How many entries a speaker has. */
  spokenBy(speaker: number): number;
  /** The session's place in `sessions`; undefined when it has no entry. */
  sessionIndex(session: number): number | undefined;
  /** Adds the next row; one that is here already is passed over. */
  push(row: EntryRow): void;
}

/** Columns without a row. */
export function createColumns(): EntryColumns {
  return new GrowingColumns();
}

class GrowingColumns implements EntryColumns {
  size = 0;
  lengths = new Uint16Array(FIRST_CAPACITY);
  nearLengths = new Uint32Array(FIRST_CAPACITY);
  wideLengths = new Uint32Array(FIRST_CAPACITY);
  sessions = new Uint32Array(FIRST_CAPACITY);
  speakers = new Uint32Array(FIRST_CAPACITY);
  flags = new Uint8Array(FIRST_CAPACITY);
  times = new Float64Array(FIRST_CAPACITY);
  readonly sessionLengths: number[] = [];
  readonly totals: ColumnTotals = {
    count: 0,
    terms: 0,
    asks: 0,
    namesTime: 0,
    logLengths: 0,
    logSquares: 0,
    userCount: 0,
    userTerms: 0,
    assistantCount: 0,
    assistantTerms: 0,
  };
  readonly #sessionIndexes = new Map<number, number>();
  readonly #spoken = new Map<number, number>();

  spokenBy(speaker: number): number {
    return this.#spoken.get(speaker) ?? 0;
  }

  sessionIndex(session: number): number | undefined {
    return this.#sessionIndexes.get(session);
  }

  push(row: EntryRow): void {
    if (row.number < this.size) return;
    assert(row.number === this.size, `row ${row.number} follows row ${this.size - 1}`);
    if (this.size === this.lengths.length) this.#grow();
    const at = this.size;
    const isPresent = (row.flags & PRESENT) !== 0;
    const session = isPresent ? this.#sessionOf(row.session) : NO_SESSION;
    this.lengths[at] = row.length;
    this.sessions[at] = session;
    this.speakers[at] = row.speaker;
    this.flags[at] = row.flags;
    this.times[at] = row.at;
    this.size++;
    if (!isPresent) return;
    this.#count(row, session);
    addLengths(this, this.nearLengths, NEAR_RADIUS);
    addLengths(this, this.wideLengths, WIDE_RADIUS);
  }

  #sessionOf(hash: number): number {
    const known = hash === ALONE ? undefined : this.#sessionIndexes.get(hash);
    if (known !== undefined) return known;
    const index = this.sessionLengths.length;
    this.sessionLengths.push(0);
    if (hash !== ALONE) this.#sessionIndexes.set(hash, index);
    return index;
  }

  #count(row: EntryRow, session: number): void {
    const { totals } = this;
    const log = logLength(row.length);
    totals.count++;
    totals.terms += row.length;
    totals.logLengths += log;
    totals.logSquares += log * log;
    if ((row.flags & ASKS) !== 0) totals.asks++;
    if ((row.flags & NAMES_TIME) !== 0) totals.namesTime++;
    if ((row.flags & BY_USER) !== 0) {
      totals.userCount++;
      totals.userTerms += row.length;
    }
    if ((row.flags & BY_ASSISTANT) !== 0) {
      totals.assistantCount++;
      totals.assistantTerms += row.length;
    }
    this.sessionLengths[session] = (this.sessionLengths[session] ?? 0) + row.length;
    this.#spoken.set(row.speaker, (this.#spoken.get(row.speaker) ?? 0) + 1);
  }

  #grow(): void {
    const capacity = this.lengths.length * 2;
    this.lengths = grown(this.lengths, new Uint16Array(capacity));
    this.nearLengths = grown(this.nearLengths, new Uint32Array(capacity));
    this.wideLengths = grown(this.wideLengths, new Uint32Array(capacity));
    this.sessions = grown(this.sessions, new Uint32Array(capacity));
    this.speakers = grown(this.speakers, new Uint32Array(capacity));
    this.flags = grown(this.flags, new Uint8Array(capacity));
    this.times = grown(this.times, new Float64Array(capacity));
  }
}

/** Counts the newest entry to its neighbourhood, and to those of the entries before it. */
function addLengths({ size, sessions, lengths }: EntryColumns, sums: Uint32Array, radius: number): void {
  const at = size - 1;
  const own = lengths[at] ?? 0;
  sums[at] = own;
  for (let before = Math.max(0, at - radius); before < at; before++) {
    if (sessions[before] !== sessions[at]) continue;
    sums[at] = (sums[at] ?? 0) + (lengths[before] ?? 0);
    sums[before] = (sums[before] ?? 0) + own;
  }
}

/** The logarithm of a length in sixteenths. */
export function logLength(length: number): number {
  return Math.round(Math.log(1 + length) * LOG_STEPS);
}

function grown<T extends { set(from: ArrayLike<number>): void }>(from: ArrayLike<number>, to: T): T {
  to.set(from);
  return to;
}

/** Rows with consecutive numbers as bytes, {@link ROW_BYTES} each, little-endian. */
export function encodeRows(rows: readonly EntryRow[]): Uint8Array {
  const bytes = new Uint8Array(rows.length * ROW_BYTES);
  const view = new DataView(bytes.buffer);
  rows.forEach((row, i) => {
    const at = i * ROW_BYTES;
    view.setUint16(at, row.length, true);
    view.setUint32(at + 2, row.session, true);
    view.setUint32(at + 6, row.speaker, true);
    view.setUint8(at + 10, row.flags);
    view.setFloat64(at + 11, row.at, true);
  });
  return bytes;
}

/** The rows that {@link encodeRows} wrote, the first with the number `first`. */
export function decodeRows(bytes: Uint8Array, first: number): readonly EntryRow[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.byteLength / ROW_BYTES) }, (_, i) => {
    const at = i * ROW_BYTES;
    return {
      number: first + i,
      length: view.getUint16(at, true),
      session: view.getUint32(at + 2, true),
      speaker: view.getUint32(at + 6, true),
      flags: view.getUint8(at + 10),
      at: view.getFloat64(at + 11, true),
    };
  });
}

/** A row that says only that its entry is gone. */
export function goneRow(number: number): EntryRow {
  return { number, length: 0, session: 0, speaker: 0, flags: 0, at: 0 };
}
