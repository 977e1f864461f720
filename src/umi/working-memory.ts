import { type Clock, type Instant, instantOf } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";

/** Bytes of UTF-8 that all live keys and values may take up. */
export const WORKING_BYTES_MAX = 1_048_576;
/** Bytes of one value, and of one key. */
export const WORKING_VALUE_BYTES_MAX = 262_144;
export const WORKING_KEY_BYTES_MAX = 256;
/** Live entries. */
export const WORKING_ENTRIES_MAX = 10_000;
/** How long an entry lives when nobody says, and how long at most: an hour, seven days. */
export const WORKING_TTL_MS_DEFAULT = 3_600_000;
export const WORKING_TTL_MS_MAX = 604_800_000;

/** How long an entry lives from now, in milliseconds. */
export interface TimeToLive {
  readonly ttlMs?: number;
}

/**
 * What one conversation keeps in mind for a while: texts under keys, gone when their time is over. An entry lives while
 * its end lies ahead; at its end it is gone, counts for no limit, and reads as if it had never been. What a caller can
 * cause throws a Failure and changes nothing.
 */
export interface WorkingMemory {
  /** Keeps a text. Throws `invalid` for a bad key or time, `too_large` for a long value, `full` when no room is left. */
  set(key: string, value: string, time?: TimeToLive): void;
  get(key: string): string | undefined;
  has(key: string): boolean;
  /** Whether there was a live entry. */
  remove(key: string): boolean;
  /** Adds to a whole number, 0 when there is none; gives the sum. The entry keeps its end. Throws `conflict` for another text. */
  add(key: string, amount: number): number;
  /** Adds to the end of a text, empty when there is none; gives the whole. The entry keeps its end. */
  append(key: string, text: string): string;
  /** Gives a live entry another end; throws `not_found` when there is none. */
  touch(key: string, time?: TimeToLive): void;
  clear(): void;
  /** The live keys, in order. */
  keys(): readonly string[];
  /** How many live entries there are, and how many bytes they take up. */
  size(): { readonly entries: number; readonly bytes: number };
}

interface Kept {
  readonly value: string;
  readonly bytes: number;
  readonly expiresAt: Instant;
}

const encoder = new TextEncoder();

/** An empty {@link WorkingMemory} on this clock. */
export function createWorkingMemory({ clock }: { readonly clock: Pick<Clock, "now"> }): WorkingMemory {
  const ledger = createLedger(clock);
  const { entries, sweep, keep, drop } = ledger;
  const live = (key: string) => {
    sweep();
    return entries.get(key);
  };
  return {
    set: (key, value, time) => keep(key, value, endOf(sweep(), time)),
    get: (key) => live(key)?.value,
    has: (key) => live(key) !== undefined,
    remove(key) {
      sweep();
      return drop(key);
    },
    add(key, amount) {
      const now = sweep();
      const kept = entries.get(key);
      const sum = wholeNumber(key, kept?.value ?? "0") + amount;
      if (!Number.isSafeInteger(sum)) throw new Failure("invalid", `${sum} is no whole number that can be counted to`);
      keep(key, String(sum), kept?.expiresAt ?? endOf(now));
      return sum;
    },
    append(key, text) {
      const now = sweep();
      const kept = entries.get(key);
      const value = `${kept?.value ?? ""}${text}`;
      keep(key, value, kept?.expiresAt ?? endOf(now));
      return value;
    },
    touch(key, time) {
      const now = sweep();
      const kept = entries.get(key);
      if (kept === undefined) throw new Failure("not_found", "Working memory has no entry of that key");
      keep(key, kept.value, endOf(now, time));
    },
    clear() {
      ledger.clear();
    },
    keys() {
      sweep();
      return [...entries.keys()].toSorted();
    },
    size() {
      sweep();
      return { entries: entries.size, bytes: ledger.bytes() };
    },
  };
}

/** The entries with what they take up; every use begins with a sweep, so that what has ended is never seen. */
function createLedger(clock: Pick<Clock, "now">) {
  const entries = new Map<string, Kept>();
  let bytes = 0;
  /** No entry ends before this, so that most calls need not look for ended ones. */
  let nextEnd = Number.POSITIVE_INFINITY;

  function drop(key: string): boolean {
    const kept = entries.get(key);
    if (kept === undefined) return false;
    bytes -= kept.bytes;
    return entries.delete(key);
  }

  function sweep(): Instant {
    const now = clock.now();
    if (now < nextEnd) return now;
    nextEnd = Number.POSITIVE_INFINITY;
    for (const [key, { expiresAt }] of entries) {
      if (expiresAt <= now) drop(key);
      else nextEnd = Math.min(nextEnd, expiresAt);
    }
    return now;
  }

  function keep(key: string, value: string, expiresAt: Instant): void {
    const keyBytes = bytesOf(key);
    const valueBytes = bytesOf(value);
    if (keyBytes === 0 || keyBytes > WORKING_KEY_BYTES_MAX)
      throw new Failure("invalid", `A key has 1 to ${WORKING_KEY_BYTES_MAX} bytes, got ${keyBytes}`);
    if (valueBytes > WORKING_VALUE_BYTES_MAX)
      throw new Failure("too_large", `A value has at most ${WORKING_VALUE_BYTES_MAX} bytes, got ${valueBytes}`);
    const before = entries.get(key);
    const total = bytes - (before?.bytes ?? 0) + keyBytes + valueBytes;
    if (total > WORKING_BYTES_MAX)
      throw new Failure("full", `Working memory holds ${WORKING_BYTES_MAX} bytes, and ${total} would be needed`);
    if (before === undefined && entries.size >= WORKING_ENTRIES_MAX)
      throw new Failure("full", `Working memory holds ${WORKING_ENTRIES_MAX} entries`);
    entries.set(key, { value, bytes: keyBytes + valueBytes, expiresAt });
    bytes = total;
    nextEnd = Math.min(nextEnd, expiresAt);
  }

  return {
    entries,
    sweep,
    keep,
    drop,
    bytes: () => bytes,
    clear() {
      entries.clear();
      bytes = 0;
      nextEnd = Number.POSITIVE_INFINITY;
    },
  };
}

function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

function endOf(now: Instant, { ttlMs = WORKING_TTL_MS_DEFAULT }: TimeToLive = {}): Instant {
  if (!(ttlMs > 0 && ttlMs <= WORKING_TTL_MS_MAX))
    throw new Failure("invalid", `An entry lives up to ${WORKING_TTL_MS_MAX} ms, got ${ttlMs}`);
  return instantOf(now + ttlMs);
}

function wholeNumber(key: string, value: string): number {
  const number = /^-?\d+$/u.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw new Failure("conflict", `What is kept under '${key}' is no whole number`);
  return number;
}
