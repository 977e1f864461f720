import { type Caller, mayEverywhere } from "../../access/may.ts";
import type { Store } from "../ports/ports.ts";
import type { RetentionRules } from "../retention.ts";

/** What retention is read and set with. */
export interface RetentionWorkshop {
  readonly store: Store;
  /** Told that something may be old by other rules now. */
  readonly retention: { wake(): void };
}

/** How long the caller's organisation keeps what it does not keep for ever. */
export function retentionRules({ store }: RetentionWorkshop, caller: Caller): Promise<RetentionRules> {
  return store.reader(mayEverywhere(caller, "access:read")).retention.rules();
}

/** Sets that. What is too old by the new rules goes soon. */
export async function changeRetention(
  { store, retention: work }: RetentionWorkshop,
  caller: Caller,
  change: Partial<RetentionRules>,
): Promise<RetentionRules> {
  const actor = mayEverywhere(caller, "access:write");
  const rules = await store.write(actor, async ({ retention }) => {
    const next = { ...(await retention.rules()), ...change };
    await retention.saveRules(next);
    return next;
  });
  work.wake();
  return rules;
}
