import type { Document, ReadDocument } from "../../agent/files/document.ts";
import { Failure } from "../../core/failure.ts";
import { cut } from "../../core/text.ts";
import { createGate } from "../gate.ts";
import {
  type Bind,
  JAIL_LIMITS,
  type Jail,
  type JailLimits,
  MEGABYTE,
  type WorkerAnswer,
  type WorkerCall,
} from "../jail.ts";
import { COMPILING } from "../worker.ts";

/** How long one document may take unless it is told otherwise. */
const READ_MS_MAX = 30_000;
/** Memory that its process may ask for: the runtime itself takes most of half a gigabyte. */
const DATA_BYTES = 1_024 * MEGABYTE;
const OPEN_FILES = 128;
/** Documents that are read at once, of one organisation fewer, and those that wait. */
const AT_ONCE_MAX = 3;
const OF_ONE_MAX = 2;
const WAITING_MAX = 64;

const LIMITS: JailLimits = { ...JAIL_LIMITS, addressBytes: null, dataBytes: DATA_BYTES, openFiles: OPEN_FILES };

/** The program that reads documents, and what it needs in a jail. */
export interface ReaderProgram {
  readonly command: readonly string[];
  readonly binds: readonly Bind[];
}

/** Where documents are read; `whyNone` says why nowhere, as part of a sentence. */
export type DocumentPlace = { readonly jail: Jail; readonly program: ReaderProgram } | { readonly whyNone: string };

/** See {@link ReadDocument}: each document in a process of its own, which is gone afterwards whatever came of it. */
export function createDocumentReader(
  findPlace: () => Promise<DocumentPlace>,
  readMsMax: number = READ_MS_MAX,
): ReadDocument {
  const gate = createGate({ most: AT_ONCE_MAX, mostEach: OF_ONE_MAX, waitingMax: WAITING_MAX });
  return async (document, signal) => {
    const place = await findPlace();
    if ("whyNone" in place)
      throw new Failure(
        "unavailable",
        `'${shown(document)}' cannot be read, as ${place.whyNone}. Send its text instead`,
      );
    const leave = await gate.enter(signal, document.owner);
    if (leave === undefined)
      throw new Failure("unavailable", `${WAITING_MAX} documents wait to be read already; try again later`);
    if (leave === null) throw stopping();
    try {
      return await read(place, document, { timeoutMs: readMsMax, signal });
    } finally {
      leave();
    }
  };
}

function stopping(): Failure {
  return new Failure("unavailable", "The server is stopping");
}

async function read(
  { jail, program }: Exclude<DocumentPlace, { readonly whyNone: string }>,
  document: Document,
  wait: Pick<WorkerCall, "timeoutMs" | "signal">,
): Promise<string> {
  const worker = await jail.open({
    ...program,
    environment: { HOME: "/tmp", PATH: "/bin", ...COMPILING },
    config: {},
    limits: LIMITS,
    network: false,
    processes: false,
    proc: true,
    cancel: "kill",
  });
  try {
    const data = Buffer.from(document.bytes).toString("base64");
    const answer = await worker.call({ message: { format: document.format, data }, ...wait });
    return textOf(document, answer);
  } finally {
    await worker.close();
  }
}

function textOf(document: Document, answer: WorkerAnswer): string {
  const name = shown(document);
  if (answer.kind === "line" && typeof answer.line["text"] === "string") return answer.line["text"];
  if (answer.kind === "line")
    throw new Failure(
      "refused",
      `'${name}' cannot be read as ${document.format.toUpperCase()}: ${answer.line["refusal"]}`,
    );
  if (answer.how === "cancelled") throw stopping();
  throw new Failure(
    "refused",
    `'${name}' takes more time or memory than a document may, ${DATA_BYTES / MEGABYTE} MB (${answer.reason.slice(0, 200)}); split it`,
  );
}

function shown({ name }: Document): string {
  return cut(name, 100);
}
