// Hot: what is said becomes an entry in the transaction that stores it. An insert takes 2 µs, and 15 µs where it is built
// (Bun 1.4.5).
import { refuseUnfit } from "../../umi/index/admission.ts";
import { createColumns } from "../../umi/index/columns.ts";
import { entryTerms, joinTerms, type NewEntry, splitTerms } from "../../umi/index/entry.ts";
import { type EntryStore, SIMILAR_TERMS_MAX } from "../../umi/index/entry-store.ts";
import { placeholders } from "../base/placeholders.ts";
import type { Session } from "../base/session.ts";
import { findSpace, openSpace, takeNumbers } from "../base/space.hot.ts";
import { readColumns } from "./columns.hot.ts";
import { fold, unfold } from "./fold.hot.ts";
import { readPostings } from "./postings.hot.ts";
import { ENTRY_COLUMNS, entriesBy, readTailTerms, termsBy } from "./rows.hot.ts";
import { forgetVectors } from "./vectors.hot.ts";

/** Entries that wait to be folded into the index: a search reads them one by one. */
const TAIL_ENTRIES_MAX = 64;

const INSERT = `insert into umi_entries (space_number, ${ENTRY_COLUMNS}) values (${placeholders(1, 10)})`;
const TERMS_FROM =
  "select distinct term from umi_postings where space_number = $1 and term >= $2 and term < $3 order by term limit $4";
/** Sorts behind whatever a term may go on with. */
const LAST_CHARACTER = "\u{10ffff}";

/** {@link EntryStore} over SQL. A write is one row; every {@link TAIL_ENTRIES_MAX} of them are folded into the index. */
export function sqlEntryStore(session: Session): EntryStore {
  const { sql } = session;
  return {
    add: (name, entries) => addEntries(session, name, entries),
    remove: (name, ids) => removeEntries(session, name, ids),

    async clear(name) {
      const space = await findSpace(session, name);
      if (space !== undefined) await sql.execute("delete from umi_spaces where number = $1", [space.number]);
    },

    async find(name, ids) {
      const space = await findSpace(session, name);
      const found = space === undefined ? [] : await entriesBy(sql, space, { column: "id", values: ids });
      return found.map(({ entry }) => entry);
    },

    async read(name, numbers) {
      const space = await findSpace(session, name);
      const found = space === undefined ? [] : await entriesBy(sql, space, { column: "number", values: numbers });
      return found.map(({ entry }) => entry);
    },

    async terms(name, numbers) {
      const space = await findSpace(session, name);
      return space === undefined ? [] : termsBy(sql, space, numbers);
    },

    async columns(name) {
      const space = await findSpace(session, name);
      return space === undefined ? createColumns() : readColumns(sql, space, session.columnCache);
    },

    async postings(name, terms, budget, listsMax) {
      const space = await findSpace(session, name);
      return space === undefined ? [] : readPostings(sql, space, { terms, budget, listsMax });
    },

    async termsFrom(name, prefix) {
      const space = await findSpace(session, name);
      if (space === undefined) return [];
      const { rows } = await sql.execute<{ readonly term: string }>(TERMS_FROM, [
        space.number,
        prefix,
        prefix + LAST_CHARACTER,
        SIMILAR_TERMS_MAX,
      ]);
      const terms = new Set(rows.map((row) => row.term));
      for (const each of await readTailTerms(sql, space))
        for (const term of splitTerms(each.terms)) if (term.startsWith(prefix)) terms.add(term);
      return [...terms].sort((a, b) => (a < b ? -1 : 1)).slice(0, SIMILAR_TERMS_MAX);
    },
  };
}

async function addEntries(session: Session, name: string, entries: readonly NewEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const space = await openSpace(session, name);
  const found = await entriesBy(session.sql, space, { column: "id", values: idsOf(entries) });
  const taken = new Set(found.map(({ entry }) => entry.id));
  refuseUnfit(entries, (id) => taken.has(id));
  await addNewEntries(session, name, entries);
}

/** As {@link EntryStore.add}, for entries that fit and whose ids are new. */
export async function addNewEntries(session: Session, name: string, entries: readonly NewEntry[]): Promise<void> {
  const { sql } = session;
  const space = await takeNumbers(session, name, entries.length);
  let number = space.nextNumber - entries.length;
  for (const { id, session: said, speaker, role, text, at, tags } of entries) {
    const terms = joinTerms(entryTerms({ speaker, text }));
    const values = [space.number, number, id, said, speaker, role, text, at, JSON.stringify(tags), terms];
    await sql.execute(INSERT, values);
    number++;
  }
  if (number - space.indexedThrough >= TAIL_ENTRIES_MAX) await fold(sql, space);
}

async function removeEntries(session: Session, name: string, ids: readonly string[]): Promise<number> {
  const { sql, world } = session;
  const space = await findSpace(session, name);
  const found = space === undefined ? [] : await entriesBy(sql, space, { column: "id", values: ids });
  if (space === undefined || found.length === 0) return 0;
  await forgetVectors(
    session,
    space,
    found.map(({ entry }) => entry.number),
  );
  for (const indexed of found) {
    const { number } = indexed.entry;
    if (number < space.indexedThrough) await unfold(sql, space, indexed);
    await sql.execute("delete from umi_entries where space_number = $1 and number = $2", [space.number, number]);
  }
  await sql.execute("update umi_spaces set epoch = $1 where number = $2", [world.clock.now(), space.number]);
  return found.length;
}

function idsOf(entries: readonly NewEntry[]): readonly string[] {
  return entries.map(({ id }) => id);
}
