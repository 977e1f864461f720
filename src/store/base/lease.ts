import { Failure } from "../../core/failure.ts";
import type { SqlDatabase } from "./driver.ts";
import { raiseToken, readToken } from "./fencing-token.hot.ts";
import { inTransaction } from "./transaction.hot.ts";

/** The right to write to a database, which one server has at a time. */
export interface Lease {
  /** Call inside each transaction, first: throws an `unavailable` Failure when a later server has taken the lease. */
  check(): Promise<void>;
}

/**
 * Takes the lease from whichever server had it. The number it is known by, its fencing token, only grows, and every
 * transaction compares it: a server that was paused, or thought dead, can change nothing once another has started.
 * `onLost` is told at the first transaction that is refused.
 */
export async function takeLease(database: SqlDatabase, onLost: () => void = () => {}): Promise<Lease> {
  const { writer } = database;
  const token = await inTransaction(database, async () => {
    await raiseToken(writer);
    return readToken(writer);
  });
  // On disk before anything is done in its name: after a power cut no other server may get the same number.
  await database.flush();
  let isLost = false;
  return {
    async check() {
      if ((await readToken(writer)) === token) return;
      if (!isLost) onLost();
      isLost = true;
      throw new Failure("unavailable", "Another server has taken over this database; nothing was stored");
    },
  };
}
