import { Failure } from "../../core/failure.ts";
import { type Actor, actorOf, type KeyId, type OrganizationId, type UserId } from "../../core/id.ts";

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

/** The columns that name whose a row is. */
export interface ActorColumns {
  readonly organization_id: OrganizationId;
  readonly user_id: UserId;
  /** Absent where rows do not say by which key somebody came. */
  readonly key_id?: KeyId | null;
}

/** On whose behalf the work of a row is done, as the row says. */
export function toActor(row: ActorColumns): Actor {
  return actorOf(row.organization_id, row.user_id, row.key_id ?? null);
}

/** `text` as a pattern for `like ... escape '\'` that finds it anywhere. */
export function containing(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, "\\$&")}%`;
}
