import type { ReadingStore } from "../../umi/reading.ts";
import type { Session } from "../base/session.ts";
import { findSpace } from "../base/space.hot.ts";
import { indexedEntryOf } from "./rows.hot.ts";

/** {@link ReadingStore} over SQL. */
export function sqlReadingStore(session: Session): ReadingStore {
  return {
    async next(name, limit) {
      const space = await findSpace(session, name);
      if (space === undefined) return [];
      const rows = await session.db
        .selectFrom("umi_entries")
        .select(["number", "id", "session", "speaker", "role", "text", "at", "tags", "terms"])
        .where("space_number", "=", space.number)
        .where("number", ">", (eb) =>
          eb.selectFrom("umi_spaces").select("read_through").where("number", "=", space.number),
        )
        .orderBy("number")
        .limit(limit)
        .execute();
      return rows.map((row) => indexedEntryOf(row).entry);
    },
    async advance(name, through) {
      const space = await findSpace(session, name);
      if (space === undefined) return;
      await session.db
        .updateTable("umi_spaces")
        .set({ read_through: through })
        .where("number", "=", space.number)
        .where("read_through", "<", through)
        .execute();
    },
  };
}
