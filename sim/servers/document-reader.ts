import type { ReadDocument } from "../../src/agent/files/document.ts";
import { Failure } from "../../src/core/failure.ts";
import { fileMarkIn, UNREADABLE } from "../judge/files/file-book.ts";
import type { Oracle } from "../judge/oracle.ts";
import type { SimOptions } from "../plan/options.ts";
import type { Faults } from "../world/faults.ts";
import type { SeededRandom } from "../world/random.ts";
import type { Scheduler } from "../world/scheduler.ts";
import { type Incarnation, never } from "../world/world.ts";

/** How a document can take long, or not be read. */
export const DOCUMENT_FAULTS = ["slow", "died", "unavailable"] as const;

/** As long as the shipped reader lets one document take. */
const SLOW_MS = [5_000, 30_000] as const;

/** Where documents are read: a place outside of the server's process. */
export interface DocumentReader {
  readerFor(incarnation: Incarnation): ReadDocument;
}

/** What it is made of. */
export interface DocumentReaderOptions {
  readonly options: SimOptions;
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly faults: Faults;
  readonly oracle: Oracle;
}

/** Reads documents, slowly, or says that it cannot: what it says is all that the shipped one may say. */
export function createDocumentReader(made: DocumentReaderOptions): DocumentReader {
  return {
    readerFor: (incarnation) => (document, signal) =>
      incarnation.mayAct("a document reader") ? read(made, incarnation, document.bytes, signal) : never(),
  };
}

async function read(
  { options, scheduler, random, faults, oracle }: DocumentReaderOptions,
  incarnation: Incarnation,
  ...[bytes, signal]: readonly [Uint8Array, AbortSignal]
): Promise<string> {
  const text = new TextDecoder().decode(bytes);
  const fault = faults.chance(random, options.outsideFaultRate) ? random.pick(DOCUMENT_FAULTS) : undefined;
  if (fault !== undefined) faults.applied(`document ${fault}`);
  const worksMs = fault === "slow" ? random.between(...SLOW_MS) : random.between(1, options.thinkMs);
  await scheduler.wait("document is read", worksMs, incarnation, signal);
  if (signal.aborted) throw new Failure("unavailable", "The server is stopping");
  if (text.startsWith(UNREADABLE)) throw new Failure("refused", "It cannot be read as PDF");
  if (fault === undefined || fault === "slow") return text;
  oracle.files.unread.add(fileMarkIn(text) ?? "");
  throw new Failure(fault === "died" ? "refused" : "unavailable", "It takes more memory than a document may");
}
