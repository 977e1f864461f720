import type { SqlDatabase } from "../../src/store/base/driver.ts";

/** Which process used which fencing token. */
export interface LeaseBook {
  /** A process that holds the lease by this token is about to write to the disk; a copy of it is another. */
  used(disk: object, token: number, holder: string): void;
}

/** The one {@link LeaseBook}: no two processes may ever write by one token, whatever the disk lost between them. */
export function createLeaseBook(fail: (invariant: string, detail: string) => void, checked: () => void): LeaseBook {
  const disks = new Map<object, Map<number, string>>();
  return {
    used(disk, token, holder) {
      checked();
      const holders = disks.get(disk) ?? new Map<number, string>();
      disks.set(disk, holders);
      const other = holders.get(token) ?? holder;
      if (other !== holder) fail("S10 lease", `${other} and ${holder} both wrote by the fencing token ${token}`);
      holders.set(token, holder);
    },
  };
}

/** The database of a process whose tokens are noted: the first that it reads is its own, and it looks again before each write. */
export function withLeaseBook(database: SqlDatabase, disk: object, holder: string, leases: LeaseBook): SqlDatabase {
  const { writer } = database;
  let own: number | undefined;
  return {
    ...database,
    writer: {
      async execute(sql, parameters) {
        const result = await writer.execute(sql, parameters);
        if (!sql.startsWith("select fencing_token")) return result;
        const token = Number(result.rows[0]?.["fencing_token"]);
        if (own === token) leases.used(disk, token, holder);
        own ??= token;
        return result;
      },
    },
  };
}
