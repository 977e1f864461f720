import { type Kysely, type RawBuilder, type SqlBool, sql } from "kysely";
import type { AuditEntry, AuditFilter, AuditNote, AuditStore } from "../../agent/ports/audit.ts";
import type { Instant } from "../../core/clock.ts";
import type { Actor, OrganizationId } from "../../core/id.ts";
import { PAGE_ITEMS_MAX } from "../../core/page.ts";
import { sha256 } from "../../core/sha256.ts";
import type { Tables } from "../base/schema.ts";
import type { Session } from "../base/session.ts";
import { AUDIT } from "./tables.ts";

/** Entries that are looked at together when a chain is checked. */
const CHECKED_AT_ONCE = 1_000;

type Link = Pick<AuditEntry, "number" | "hash">;

/** Before the first entry of all. */
const BEGINNING: Link = { number: 0, hash: "" };

/** What of an entry its hash is over: one form for each, whatever made it. */
function hashOf(organizationId: OrganizationId, entry: Omit<AuditEntry, "hash">): string {
  const { previousHash, number, at, actorKind, actorId, keyId, requestId, address } = entry;
  const { action, resourceKind, resourceId, outcome, change } = entry;
  return sha256(
    JSON.stringify([
      previousHash,
      organizationId,
      number,
      at,
      [actorKind, actorId, keyId, requestId, address],
      [action, resourceKind, resourceId, outcome, change],
    ]),
  );
}

/** Adds what was noted to the log, as a part of the transaction that did it. */
export async function storeAudit(session: Session, actor: Actor, notes: readonly AuditNote[]): Promise<void> {
  const { db, organizationId, world } = session;
  const { userId, keyId, origin } = actor;
  const by = {
    actorKind: origin?.kind ?? "system",
    actorId: userId,
    keyId,
    requestId: origin?.requestId ?? null,
    address: origin?.address() ?? null,
  };
  let before = await newest(db, organizationId);
  for (const note of notes) {
    const made = { ...note, ...by, number: before.number + 1, at: world.clock.now(), previousHash: before.hash };
    // As the row gives it back: what JSON leaves out is left out of the hash, too.
    const plain = { ...made, change: JSON.parse(JSON.stringify(made.change)) };
    const entry: AuditEntry = { ...plain, hash: hashOf(organizationId, plain) };
    await db
      .insertInto("audit")
      .values({ ...AUDIT.row(entry), organization_id: organizationId })
      .execute();
    before = entry;
  }
}

/** The last entry, or where the log begins anew when all have gone. */
async function newest(db: Kysely<Tables>, organizationId: OrganizationId): Promise<Link> {
  const row = await db
    .selectFrom("audit")
    .select(["number", "hash"])
    .where("organization_id", "=", organizationId)
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? anchorOf(db, organizationId) : { ...row, number: Number(row.number) };
}

/** What the first entry that is kept follows. */
async function anchorOf(db: Kysely<Tables>, organizationId: OrganizationId): Promise<Link> {
  const row = await db
    .selectFrom("audit_anchors")
    .select(["number", "hash"])
    .where("organization_id", "=", organizationId)
    .executeTakeFirst();
  return row === undefined ? BEGINNING : { ...row, number: Number(row.number) };
}

/** {@link AuditStore} over SQL, but for what the transaction at hand adds. */
export function sqlAuditStore(session: Session, note: AuditStore["note"]): AuditStore {
  const { db, organizationId } = session;
  return {
    note,
    async list(filter, { beyond, limit, order }) {
      const rows = await db
        .selectFrom("audit")
        .select(AUDIT.selection)
        .where("organization_id", "=", organizationId)
        .where(matches(filter))
        .$if(beyond !== undefined, (query) => query.where("number", order === "asc" ? ">" : "<", beyond ?? 0))
        .orderBy("number", order)
        .limit(Math.max(0, Math.min(limit, PAGE_ITEMS_MAX)))
        .execute();
      return rows.map(toEntry);
    },
  };
}

function matches(filter: AuditFilter): RawBuilder<SqlBool> {
  const { actorId, action, resourceKind, resourceId, outcome, start, end } = filter;
  const equal: Readonly<Record<string, string | undefined>> = {
    actor_id: actorId,
    action,
    resource_kind: resourceKind,
    resource_id: resourceId,
    outcome,
  };
  const conditions = Object.entries(equal).flatMap(([column, value]) =>
    value === undefined ? [] : [sql`${sql.ref(`audit.${column}`)} = ${value}`],
  );
  if (start !== undefined) conditions.push(sql`audit.at >= ${start}`);
  if (end !== undefined) conditions.push(sql`audit.at <= ${end}`);
  return sql<SqlBool>`${sql.join([sql`1 = 1`, ...conditions], sql` and `)}`;
}

function toEntry(row: Parameters<typeof AUDIT.read>[0]): AuditEntry {
  const entry = AUDIT.read(row);
  return { ...entry, number: Number(entry.number) };
}

/**
 * Removes up to `limit` entries from before `cutoff`, the oldest first, and gives how many. The last of them leaves its
 * number and hash behind, from which the chain goes on.
 */
export async function cutAudit(session: Session, cutoff: Instant, limit: number): Promise<number> {
  const { db, organizationId, world } = session;
  const rows = await db
    .selectFrom("audit")
    .select(["number", "hash", "at"])
    .where("organization_id", "=", organizationId)
    .orderBy("number")
    .limit(limit)
    .execute();
  // Only the head goes: an entry whose clock was ahead keeps those behind it until its own time has come.
  const end = rows.findIndex(({ at }) => at >= cutoff);
  const last = rows[(end < 0 ? rows.length : end) - 1];
  if (last === undefined) return 0;
  const anchor = { number: Number(last.number), hash: last.hash, cut_at: world.clock.now() };
  await db
    .insertInto("audit_anchors")
    .values({ organization_id: organizationId, ...anchor })
    .onConflict((conflict) => conflict.column("organization_id").doUpdateSet(anchor))
    .execute();
  const { numDeletedRows } = await db
    .deleteFrom("audit")
    .where("organization_id", "=", organizationId)
    .where("number", "<=", anchor.number)
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** Says of each organisation whose log does not hold together where it breaks; nothing where all do. */
export async function brokenAudit(db: Kysely<Tables>): Promise<readonly string[]> {
  const broken: string[] = [];
  for (let last = ""; ; ) {
    const row = await db
      .selectFrom("audit")
      .select("organization_id")
      .where(sql<SqlBool>`organization_id > ${last}`)
      .orderBy("organization_id")
      .limit(1)
      .executeTakeFirst();
    if (row === undefined) return broken;
    last = row.organization_id;
    const place = await breakOf(db, row.organization_id);
    if (place !== undefined) broken.push(`the audit log of ${last} does not hold together at entry ${place}`);
  }
}

/** The number of the first entry that does not follow from the one before, or was changed; undefined when there is none. */
async function breakOf(db: Kysely<Tables>, organizationId: OrganizationId): Promise<number | undefined> {
  let before = await anchorOf(db, organizationId);
  for (;;) {
    const rows = await db
      .selectFrom("audit")
      .select(AUDIT.selection)
      .where("organization_id", "=", organizationId)
      .where("number", ">", before.number)
      .orderBy("number")
      .limit(CHECKED_AT_ONCE)
      .execute();
    for (const entry of rows.map(toEntry)) {
      const follows = entry.number === before.number + 1 && entry.previousHash === before.hash;
      if (!follows || hashOf(organizationId, entry) !== entry.hash) return entry.number;
      before = entry;
    }
    if (rows.length < CHECKED_AT_ONCE) return undefined;
  }
}
