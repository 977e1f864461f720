/** The transaction that a connection's owner has begun. */
export interface SqliteTransaction {
  /** Whether it was begun and has not ended, as its owner sees it. */
  isOpen(): boolean;
  /** Call before a statement: throws why its transaction is over, if it is. */
  before(sql: string): void;
  /** Call once it is executed. */
  after(sql: string): void;
  /** Call when it failed. */
  failed(failure: unknown): void;
}

/**
 * Follows the transactions of a connection; `isOpenThere` tells what SQLite has open. After some errors it rolls back by
 * itself; whatever the owner executes then would be stored at once and alone, so nothing but `rollback` is taken any more.
 */
export function transactionOn(isOpenThere: () => boolean): SqliteTransaction {
  let isOpen = false;
  let lost: unknown;
  return {
    isOpen: () => isOpen,
    before(sql) {
      // Whatever becomes of it: where SQLite has rolled back by itself, it only says so.
      if (sql === "rollback") {
        isOpen = false;
        lost = undefined;
      }
      if (lost !== undefined) throw lost;
    },
    after(sql) {
      if (sql === "begin immediate") isOpen = true;
      else if (sql === "commit") isOpen = false;
    },
    failed(failure) {
      if (isOpen && !isOpenThere()) lost ??= failure;
    },
  };
}
