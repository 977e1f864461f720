import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { createGunzip } from "node:zlib";
import { Failure } from "../../../core/failure.ts";
import { BrokenFile } from "./json-items.ts";
import type { SourceFile } from "./source-text.ts";
import { isZip, openZip } from "./zip-file.ts";

const GZIP = [0x1f, 0x8b] as const;
const PIECE_BYTES = 256 * 1024;
/** Bytes by which it is seen what a file is. */
const HEAD_BYTES = 64;
const OPENING = /^(?:\u00ef\u00bb\u00bf)?\s*[[{]/;

/** The JSON texts of a file: itself, compressed by gzip or not, or those in a zip. Undefined where it is neither. */
export async function openSourceFile(path: string): Promise<SourceFile | undefined> {
  const head = headOf(path);
  if (isZip(head)) return openZip(path);
  const isPacked = head[0] === GZIP[0] && head[1] === GZIP[1];
  const beginning = isPacked ? await unpackedHead(path) : head;
  if (!OPENING.test(beginning.toString("latin1"))) return undefined;
  return { texts: [{ name: path, read: (progress) => readFile(path, isPacked, progress) }], others: [] };
}

function headOf(path: string): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  const file = openSync(path, "r");
  try {
    return head.subarray(0, readSync(file, head));
  } finally {
    closeSync(file);
  }
}

async function unpackedHead(path: string): Promise<Buffer> {
  try {
    for await (const chunk of readFile(path, true, () => {})) return Buffer.from(chunk.subarray(0, HEAD_BYTES));
  } catch (error) {
    if (!(error instanceof BrokenFile)) throw error;
  }
  return Buffer.alloc(0);
}

async function* readFile(
  path: string,
  isPacked: boolean,
  progress: (share: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const total = statSync(path).size;
  const raw = createReadStream(path, { highWaterMark: PIECE_BYTES });
  const bytes = isPacked ? raw.pipe(createGunzip()) : raw;
  try {
    for await (const chunk of bytes) {
      progress(raw.bytesRead / Math.max(1, total));
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new BrokenFile(`it cannot be read to its end (${cause instanceof Error ? cause.message : cause})`, { cause });
  } finally {
    raw.destroy();
  }
}
