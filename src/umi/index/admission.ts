import { Failure } from "../../core/failure.ts";
import type { NewEntry } from "./entry.ts";
import { ADD_ENTRIES_MAX, ENTRY_CHARS_MAX } from "./entry-store.ts";

/** Throws what {@link import("./entry-store.ts").EntryStore.add} promises when these entries cannot be added. */
export function refuseUnfit(entries: readonly NewEntry[], isTaken: (id: string) => boolean): void {
  if (entries.length > ADD_ENTRIES_MAX)
    throw new Failure("invalid", `At most ${ADD_ENTRIES_MAX} entries are added at once, got ${entries.length}`);
  const ids = new Set<string>();
  for (const { id, text } of entries) {
    if (text.length > ENTRY_CHARS_MAX)
      throw new Failure("invalid", `Entry '${id}' has ${text.length} characters, at most ${ENTRY_CHARS_MAX} are kept`);
    if (ids.has(id) || isTaken(id)) throw new Failure("conflict", `Entry '${id}' exists already`);
    ids.add(id);
  }
}
