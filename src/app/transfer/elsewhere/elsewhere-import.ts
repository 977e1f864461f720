import { createReport, type ImportReport } from "../report.ts";
import { BrokenFile, jsonItems } from "./json-items.ts";
import type { Piece } from "./piece.ts";
import { ITEM_BYTES_MAX, piecesOf } from "./pieces.ts";
import type { SourceFile } from "./source-text.ts";
import { createMemoryTaking } from "./take-memories.ts";
import { createTalkTaking } from "./take-talk.ts";
import { type ElsewhereImport, recipientOf } from "./work.ts";

/** What came of an import. */
export interface ElsewhereReport {
  readonly report: ImportReport;
  /** Parts of the file that could not be read to their end, with why. */
  readonly broken: readonly string[];
}

/**
 * Stores what a file of another program brings, a conversation at a time, and accounts for all of it. Ids follow from those
 * of the file: what is here stays as it is, so that an import that was cut off goes on where it was, and a second one changes
 * nothing.
 */
export async function importElsewhere(work: ElsewhereImport, source: SourceFile): Promise<ElsewhereReport> {
  const broken: string[] = [];
  const taking = createTaking(work);
  for (const text of source.texts) {
    try {
      for await (const item of jsonItems(text.read(work.step), ITEM_BYTES_MAX))
        for (const piece of piecesOf(work.format, item)) await taking.take(piece);
    } catch (error) {
      if (!(error instanceof BrokenFile)) throw error;
      broken.push(`${text.name}: ${error.message}`);
    }
  }
  await taking.flush();
  return { report: taking.report, broken };
}

/** Messages and memories after which the disk is waited for: the database makes room in its log then, which else only grows. */
const DURABLE_ROWS = 2_000;

function createTaking(work: ElsewhereImport) {
  const report = createReport(new Map());
  let durableAt = 0;
  const talks = createTalkTaking(work, report);
  const memories = createMemoryTaking(work, report);

  async function takeUser(user: string, name: string): Promise<void> {
    report.found("users");
    work.recipients.name(user, name);
    const filled = await recipientOf(work, user);
    if (typeof filled === "string") report.left("users", filled);
    else report[filled.isNewUser ? "taken" : "known"]("users");
  }

  return {
    report,
    flush: memories.flush,
    async take(piece: Piece): Promise<void> {
      work.check();
      if (piece.kind === "user") await takeUser(piece.user, piece.name);
      else if (piece.kind === "talk") await talks.take(piece.user, piece.talk);
      else if (piece.kind === "memory") await memories.take(piece.user, piece.memory);
      else {
        report.found(piece.table);
        report.left(piece.table, piece.reason);
      }
      if (report.done() - durableAt < DURABLE_ROWS) return;
      durableAt = report.done();
      await work.store.durable();
    },
  };
}
