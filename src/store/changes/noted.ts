import type { AuditNote } from "../../agent/ports/audit.ts";
import type { Change } from "../../agent/ports/changes.ts";
import type { Actor, OrganizationId } from "../../core/id.ts";
import type { Session } from "../base/session.ts";
import { storeAudit } from "./audit.ts";
import { storeChanges } from "./changes.hot.ts";
import { sendsStarts } from "./webhooks.ts";

/** Runs whose beginning was told to nobody yet, as nobody listened. Of more, the beginnings are not told. */
const UNTOLD_MAX = 50_000;

/** What a call changed, as far as it is told and checked. */
export interface Told {
  readonly changes?: readonly Change[];
  readonly audit?: AuditNote;
  /** Whether the organisation itself is gone with it: then nobody is left who could be told. */
  readonly isLast?: boolean;
  /** Whether somebody listens for it, who is about to. */
  readonly isAwaited?: boolean;
}

/** What the transaction at hand has changed. One database has one writer, so there is one of it. */
export interface Noted {
  add(told: Told): void;
  /** What has been added so far; {@link Noted.undo} takes back what came after. */
  mark(): NotedMark;
  undo(mark: NotedMark): void;
  /** Stores what was added, as the last of the transaction. */
  store(session: Session, actor: Actor): Promise<void>;
  /** Call when the transaction has ended; gives the organisation that it stored changes of, where it was committed and did. */
  ended(): readonly OrganizationId[];
}

/** A place in what was noted. */
export type NotedMark = readonly [changes: number, audit: number];

/** What decides on which changes are told. */
export interface NotedOptions {
  /** Whether somebody listens to the organisation's changes right now. */
  readonly isHeard: (organizationId: string) => boolean;
}

/**
 * An empty {@link Noted}. That a run begins is told at once only where somebody listens: a message that is answered in one
 * step would pay for a row of its own. Otherwise it is told with the run's end, or to whoever begins to listen before.
 */
export function createNoted({ isHeard }: NotedOptions): Noted {
  const untold = new Set<string>();
  let changes: Change[] = [];
  let audit: AuditNote[] = [];
  let isLast = false;
  let isAwaited = false;
  let storedFor: OrganizationId | undefined;

  async function wanted(session: Session): Promise<readonly Change[]> {
    const all = withoutRepeats(changes);
    const starts = all.filter(({ kind }) => kind === "run.started");
    const isTold = starts.length === 0 || isAwaited || isHeard(session.organizationId) || (await sendsStarts(session));
    return all.flatMap((change) => {
      if (change.kind === "run.started" && !isTold) {
        if (untold.size >= UNTOLD_MAX) untold.clear();
        untold.add(change.id);
        return [];
      }
      const isLate = change.kind === "run.ended" && untold.delete(change.id);
      if (change.kind === "run.started") untold.delete(change.id);
      return isLate ? [{ ...change, kind: "run.started" as const }, change] : [change];
    });
  }

  return {
    add(told) {
      if (told.changes !== undefined) changes.push(...told.changes);
      if (told.audit !== undefined) audit.push(told.audit);
      isLast ||= told.isLast === true;
      isAwaited ||= told.isAwaited === true;
    },
    mark: () => [changes.length, audit.length],
    undo([changesBefore, auditBefore]) {
      changes.length = changesBefore;
      audit.length = auditBefore;
    },
    async store(session, actor) {
      if (changes.length > 0 && !isLast) {
        const told = await wanted(session);
        if (told.length > 0) {
          await storeChanges(session, told);
          storedFor = session.organizationId;
        }
      }
      if (audit.length > 0) await storeAudit(session, actor, audit);
    },
    ended() {
      const changed = storedFor;
      storedFor = undefined;
      isLast = false;
      isAwaited = false;
      if (changes.length > 0) changes = [];
      if (audit.length > 0) audit = [];
      return changed === undefined ? [] : [changed];
    },
  };
}

/** Of what is told more than once in a transaction the first is enough; what was made in it is not changed as well. */
function withoutRepeats(changes: readonly Change[]): readonly Change[] {
  if (changes.length === 1) return changes;
  const seen = new Set<string>();
  return changes.filter(({ kind, id }) => {
    const what = kind.slice(0, kind.indexOf("."));
    const isKnown = seen.has(`${kind} ${id}`) || (kind === `${what}.changed` && seen.has(`${what}.created ${id}`));
    seen.add(`${kind} ${id}`);
    return !isKnown;
  });
}
