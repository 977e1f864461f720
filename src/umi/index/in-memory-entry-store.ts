import { refuseUnfit } from "./admission.ts";
import { createColumns, type EntryColumns, type EntryRow, goneRow, rowOf } from "./columns.ts";
import { type Entry, entryTerms, joinTerms, tagTerm } from "./entry.ts";
import { type EntryStore, SIMILAR_TERMS_MAX } from "./entry-store.ts";
import { countTerms, type PostingList } from "./postings.ts";

/** Called with the ids of entries that were removed, so that other stores forget them too. */
export type EntriesRemoved = (space: string, ids: readonly string[]) => void;

interface IndexedEntry {
  readonly entry: Entry;
  readonly terms: readonly string[];
}

interface Space {
  readonly entries: (IndexedEntry | undefined)[];
  readonly numbers: Map<string, number>;
  readonly postings: Map<string, Map<number, number>>;
  readonly rows: EntryRow[];
  columns: EntryColumns;
}

/** An {@link EntryStore} in memory, for tests and for programs that keep nothing. */
export function inMemoryEntryStore(removed: EntriesRemoved = () => {}): EntryStore {
  const spaces = new Map<string, Space>();
  return {
    async add(name, entries) {
      const space = spaces.get(name) ?? emptySpace();
      refuseUnfit(entries, (id) => space.numbers.has(id));
      spaces.set(name, space);
      for (const entry of entries) addTo(space, { ...entry, number: space.entries.length });
    },
    async remove(name, ids) {
      const space = spaces.get(name);
      const known = ids.filter((id) => space?.numbers.has(id));
      if (space === undefined || known.length === 0) return 0;
      for (const id of known) removeFrom(space, id);
      space.columns = createColumns();
      for (const row of space.rows) space.columns.push(row);
      removed(name, known);
      return known.length;
    },
    async clear(name) {
      const ids = [...(spaces.get(name)?.numbers.keys() ?? [])];
      spaces.delete(name);
      removed(name, ids);
    },
    async find(name, ids) {
      const space = spaces.get(name);
      return read(space, numbersOf(space, ids)).map(({ entry }) => entry);
    },
    read: async (name, numbers) => read(spaces.get(name), numbers).map(({ entry }) => entry),
    terms: async (name, numbers) =>
      read(spaces.get(name), numbers).map(({ entry, terms }) => ({ number: entry.number, terms: joinTerms(terms) })),
    columns: async (name) => spaces.get(name)?.columns ?? createColumns(),
    postings: async (name, terms, budget, listsMax) => listsOf(spaces.get(name), terms, budget).slice(0, listsMax),
    async termsFrom(name, prefix) {
      const terms = [...(spaces.get(name)?.postings.keys() ?? [])].filter((term) => term.startsWith(prefix));
      return terms.sort(byText).slice(0, SIMILAR_TERMS_MAX);
    },
  };
}

function emptySpace(): Space {
  return { entries: [], numbers: new Map(), postings: new Map(), rows: [], columns: createColumns() };
}

function addTo(space: Space, entry: Entry): void {
  const terms = entryTerms(entry);
  const row = rowOf(entry, entry.number, terms.length);
  space.entries.push({ entry, terms });
  space.numbers.set(entry.id, entry.number);
  space.rows.push(row);
  space.columns.push(row);
  for (const [term, count] of countTerms([...terms, ...entry.tags.map(tagTerm)])) {
    const list = space.postings.get(term);
    if (list === undefined) space.postings.set(term, new Map([[entry.number, count]]));
    else list.set(entry.number, count);
  }
}

function removeFrom(space: Space, id: string): void {
  const number = space.numbers.get(id);
  const kept = number === undefined ? undefined : space.entries[number];
  if (number === undefined || kept === undefined) return;
  space.numbers.delete(id);
  space.entries[number] = undefined;
  space.rows[number] = goneRow(number);
  for (const term of new Set([...kept.terms, ...kept.entry.tags.map(tagTerm)])) {
    const list = space.postings.get(term);
    list?.delete(number);
    if (list?.size === 0) space.postings.delete(term);
  }
}

function numbersOf(space: Space | undefined, ids: readonly string[]): readonly number[] {
  return ids.flatMap((id) => space?.numbers.get(id) ?? []);
}

function read(space: Space | undefined, numbers: readonly number[]): readonly IndexedEntry[] {
  const ordered = [...new Set(numbers)].sort((a, b) => a - b);
  return ordered.flatMap((number) => space?.entries[number] ?? []);
}

/** The rarest lists first, whole as long as the budget lasts; of the next one the newest. */
function listsOf(space: Space | undefined, terms: readonly string[], budget: number): readonly PostingList[] {
  const found = [...new Set(terms)].flatMap((term) => {
    const list = space?.postings.get(term);
    return list === undefined ? [] : [{ term, list }];
  });
  found.sort((a, b) => a.list.size - b.list.size || byText(a.term, b.term));
  let left = budget;
  return found.flatMap(({ term, list }) => {
    const newest = left <= 0 ? [] : [...list].slice(-left);
    left -= newest.length;
    if (newest.length === 0) return [];
    const numbers = Uint32Array.from(newest, ([number]) => number);
    return [{ term, total: list.size, numbers, counts: Uint8Array.from(newest, ([, count]) => count) }];
  });
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
