import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { createGunzip } from "node:zlib";
import { Failure } from "../../core/failure.ts";
import { copyHeader } from "./copy-text.ts";
import { TAKEN_FILES } from "./taken-files.ts";

/** What is told of the rows of a dump, in the order of the file. */
export interface DumpReader {
  /** A table begins, whose rows come next. */
  table(name: string, columns: readonly string[]): void;
  /** A row of the table that began last, as COPY writes it. */
  row(line: string): void;
  /** That table has so many rows, which are not told one by one. */
  counted?(rows: number): void;
  /** Bytes of the file that were read, now and then. */
  progress?(bytesRead: number, bytesTotal: number): void;
}

const GZIP = [0x1f, 0x8b] as const;
/** What a dump in PostgreSQL's own format begins with. */
const CUSTOM_FORMAT = "PGDMP";
const LINE_BREAK = 0x0a;
const BACKSLASH = 0x5c;
const DOT = 0x2e;
/** Rows begin behind a shorter line than this. */
const HEADER_BYTES_MAX = 10_000;
/** Bytes that one row may have: vectors and traces are long. */
const LINE_BYTES_MAX = 256 * 1024 * 1024;
/** What a plain dump ends with, but for what newer versions put behind it. */
const COMPLETE = "-- PostgreSQL database dump complete";

/**
 * Reads a plain dump, as it is or compressed by gzip, from its beginning to its end, holding one piece of it at a time. Throws
 * a `refused` Failure for what is no plain dump, and for one that was cut off.
 */
export async function readPlainDump(path: string, reader: DumpReader): Promise<void> {
  const head = beginningOf(path);
  if (head.toString("latin1").startsWith(CUSTOM_FORMAT))
    throw new Failure(
      "refused",
      `${path} is a dump in PostgreSQL's custom format. Make a plain one of it: pg_restore --file=dump.sql ${path}`,
    );
  const lines = createLines(path, reader);
  const total = statSync(path).size;
  const raw = createReadStream(path, { highWaterMark: 1024 * 1024 });
  const bytes = head[0] === GZIP[0] && head[1] === GZIP[1] ? raw.pipe(createGunzip()) : raw;
  try {
    for await (const chunk of bytes) {
      lines.take(chunk);
      reader.progress?.(raw.bytesRead, total);
    }
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure(
      "refused",
      `${path} cannot be read to its end: ${cause instanceof Error ? cause.message : cause}`,
      {
        cause,
      },
    );
  } finally {
    raw.destroy();
  }
  lines.end();
}

function beginningOf(path: string): Buffer {
  const head = Buffer.alloc(16);
  const file = openSync(path, "r");
  try {
    return head.subarray(0, readSync(file, head));
  } finally {
    closeSync(file);
  }
}

/** Takes pieces of the text as they come, and tells the reader of every row. */
function createLines(path: string, reader: DumpReader) {
  let rest: Buffer | undefined;
  let isInRows = false;
  let isComplete = false;
  let tables = 0;

  function row(bytes: Buffer): void {
    const isEnd = bytes.length === 2 && bytes[0] === BACKSLASH && bytes[1] === DOT;
    if (isEnd) isInRows = false;
    else reader.row(bytes.toString());
  }

  function between(bytes: Buffer): void {
    if (bytes.length > HEADER_BYTES_MAX) return;
    const text = bytes.toString();
    if (text === COMPLETE) isComplete = true;
    const header = text.startsWith("COPY ") ? copyHeader(text) : undefined;
    if (header === undefined) return;
    tables++;
    isInRows = true;
    reader.table(header.table, header.columns);
  }

  return {
    take(chunk: Buffer): void {
      const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
      let from = 0;
      for (let at = bytes.indexOf(LINE_BREAK); at !== -1; at = bytes.indexOf(LINE_BREAK, from)) {
        const line = bytes.subarray(from, at);
        if (isInRows) row(line);
        else between(line);
        from = at + 1;
      }
      rest = from < bytes.length ? Buffer.from(bytes.subarray(from)) : undefined;
      if (rest !== undefined && rest.length > LINE_BYTES_MAX)
        throw new Failure("refused", `${path} has a row of more than ${LINE_BYTES_MAX / 1024 / 1024} MB`);
    },
    end(): void {
      if (tables === 0)
        throw new Failure("refused", `${path} is no plain dump of a database: it has no rows by COPY. ${TAKEN_FILES}`);
      if (isInRows || !isComplete)
        throw new Failure(
          "refused",
          `${path} is cut off: it ends in the middle. Make the dump again; nothing was imported`,
        );
    },
  };
}
