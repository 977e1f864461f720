import { type Caller, mayEverywhere } from "../../access/may.ts";
import type { AuditEntry, AuditFilter, AuditPage } from "../ports/audit.ts";
import type { Store } from "../ports/ports.ts";

/** Entries that are read at once where all are wanted. */
const READ_AT_ONCE = 500;

/** A page of the log of actions of the caller's organisation. */
export function readAudit(
  { store }: { readonly store: Store },
  caller: Caller,
  { filter, page }: { readonly filter: AuditFilter; readonly page: AuditPage },
): Promise<readonly AuditEntry[]> {
  return store.reader(mayEverywhere(caller, "audit:read")).audit.list(filter, page);
}

/** All entries that fit, the oldest first, a few at a time; those that are added meanwhile come last. Throws at once where the caller may not. */
export function wholeAudit(
  { store }: { readonly store: Store },
  caller: Caller,
  filter: AuditFilter,
): AsyncGenerator<readonly AuditEntry[], void, undefined> {
  const { audit } = store.reader(mayEverywhere(caller, "audit:read"));
  async function* all() {
    for (let beyond = 0; ; ) {
      const entries = await audit.list(filter, { beyond, limit: READ_AT_ONCE, order: "asc" });
      const last = entries.at(-1);
      if (last === undefined) return;
      await store.durable();
      yield entries;
      beyond = last.number;
    }
  }
  return all();
}
