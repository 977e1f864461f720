import type { ReadingStore } from "../../umi/reading.ts";
import type { Session } from "../base/session.ts";
import { findSpace } from "../base/space.ts";
import { ENTRY_COLUMNS, type EntryColumns, indexedEntryOf } from "./rows.ts";

const NEXT = `select ${ENTRY_COLUMNS} from umi_entries where space_number = $1
  and number > (select read_through from umi_spaces where number = $1) order by number limit $2`;
const ADVANCE = "update umi_spaces set read_through = $1 where number = $2 and read_through < $1";

/** {@link ReadingStore} over SQL. */
export function sqlReadingStore(session: Session): ReadingStore {
  const { sql } = session;
  return {
    async next(name, limit) {
      const space = await findSpace(session, name);
      if (space === undefined) return [];
      return (await sql.execute<EntryColumns>(NEXT, [space.number, limit])).rows.map(
        (row) => indexedEntryOf(row).entry,
      );
    },
    async advance(name, through) {
      const space = await findSpace(session, name);
      if (space !== undefined) await sql.execute(ADVANCE, [through, space.number]);
    },
  };
}
