import { Failure } from "../../core/failure.ts";
import type { Actor, OrganizationId, UserId } from "../../core/id.ts";
import type { Session } from "./session.ts";

/** JSON text of a column as the value it was written from. The store wrote it, so its shape is known; what is no JSON is `damaged`. */
export function fromJson<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new Failure("damaged", "A row of the database is damaged. Run selkie doctor, and restore a backup", {
      cause,
    });
  }
}

/**
 * The rows of a list that can be read. The others are told of and left out, as they would hide all that is listed with
 * them; who asks for one of them by its id hears that it is damaged.
 */
export function readable<Row extends { readonly id: string }, T>(
  { onDamaged }: Pick<Session, "onDamaged">,
  { table, rows }: { readonly table: string; readonly rows: readonly Row[] },
  decode: (row: Row) => T,
): readonly T[] {
  return rows.flatMap((row) => {
    try {
      return [decode(row)];
    } catch (error) {
      if (!(error instanceof Failure) || error.kind !== "damaged") throw error;
      onDamaged(table, row.id);
      return [];
    }
  });
}

/** The columns that name whose a row is. */
export interface ActorColumns {
  readonly organization_id: OrganizationId;
  readonly user_id: UserId;
}

/** On whose behalf the work of a row is done, as the row says. */
export function toActor(row: ActorColumns): Actor {
  return { organizationId: row.organization_id, userId: row.user_id };
}

/** As {@link fromJson}, null for null. */
export function fromJsonOrNull<T>(text: string | null): T | null {
  return text === null ? null : fromJson<T>(text);
}

/** A value as JSON text, null for null. */
export function toJsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

/** A truth value as SQL stores it. */
export function toFlag(value: boolean): number {
  return value ? 1 : 0;
}

/** As {@link toFlag}, null for null. */
export function toFlagOrNull(value: boolean | null): number | null {
  return value === null ? null : toFlag(value);
}

/** A stored truth value. */
export function fromFlagOrNull(value: number | null): boolean | null {
  return value === null ? null : value !== 0;
}

/** `text` as a pattern for `like ... escape '\'` that finds it anywhere. */
export function containing(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, "\\$&")}%`;
}
