import type { ImportReport } from "../report.ts";
import { reasonOf } from "../unusable-row.ts";
import { storeTalk, talkId } from "./store-talk.ts";
import type { Talk } from "./talk.ts";
import { type ElsewhereImport, recipientOf } from "./work.ts";

/** Conversations that are told apart; one that is there twice beyond that counts as here already. */
const SEEN_MAX = 500_000;

/** Stores conversations, each whole or not at all, and accounts for all that was said in them. */
export function createTalkTaking(work: ElsewhereImport, report: ImportReport) {
  const seen = new Set<string>();

  /** Whether it is the first of its id in this file. */
  function isFirst(id: string): boolean {
    if (seen.has(id)) return false;
    if (seen.size < SEEN_MAX) seen.add(id);
    return true;
  }

  /** Stores it, or says why not. */
  async function stored(user: string | null, talk: Talk): Promise<string | undefined> {
    const filled = await recipientOf(work, user);
    if (typeof filled === "string") return filled;
    if (!isFirst(talkId(work, filled.agent, talk))) return "its id is there twice";
    try {
      const { outcome, aside, untimed } = await storeTalk(work, filled.agent, talk);
      report[outcome]("conversations");
      report[outcome]("messages", talk.turns.length);
      if (aside > 0) report.changed("messages", "found by searches, and not in the context any more", aside);
      if (untimed > 0) report.changed("messages", "without a time: they got that of the one before", untimed);
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  }

  return {
    async take(user: string | null, talk: Talk): Promise<void> {
      tellLeft(report, talk);
      report.found("conversations");
      if (talk.turns.length === 0) return report.left("conversations", "nothing was said in it");
      report.found("messages", talk.turns.length);
      const reason = await stored(user, talk);
      if (reason === undefined) return;
      report.left("conversations", reason);
      report.left("messages", `its conversation was left: ${reason}`, talk.turns.length);
    },
  };
}

function tellLeft(report: ImportReport, { left, files }: Talk): void {
  const tell = (table: string, reason: string, rows: number) => {
    report.found(table, rows);
    report.left(table, reason, rows);
  };
  for (const [reason, rows] of left) tell("messages", reason, rows);
  if (files > 0) tell("files", "files and images are named where they were, and not brought along", files);
}
