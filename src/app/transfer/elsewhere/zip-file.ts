import { crc32 } from "node:zlib";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { Failure } from "../../../core/failure.ts";
import { BrokenFile } from "./json-items.ts";
import type { SourceFile, SourceText } from "./source-text.ts";

/** Files in one zip: an export has one for every image that was ever sent. */
const ENTRIES_MAX = 200_000;
/** Names that are told of what is not taken. */
const OTHERS_MAX = 20;
/** How many times larger a text may be than it is in the zip. What people say becomes ten times smaller at most. */
const GROWTH_MAX = 200;
/** Whatever is smaller than this harms nobody. */
const SMALL_BYTES = 64 * 1024 * 1024;
/** Exports of many conversations have several such files, with numbers. */
const CONVERSATIONS = /(?:^|\/)conversations(?:[-_]?\d+)?\.json$/i;
const JSON_FILE = /\.json$/i;

/** Whether a file begins as zips do. */
export function isZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5);
}

/** The conversations of a zip, or all its JSON files where none is called so. Refuses what would grow beyond reason. */
export async function openZip(path: string): Promise<SourceFile> {
  const all = await namesIn(path);
  const files = all.filter((name) => !name.endsWith("/"));
  const named = files.filter((name) => CONVERSATIONS.test(name));
  const taken = (named.length > 0 ? named : files.filter((name) => JSON_FILE.test(name))).toSorted();
  const texts = taken.map(
    (name): SourceText => ({ name: `${name} in ${path}`, read: (progress) => readEntry(path, name, progress) }),
  );
  const others = files.filter((name) => !taken.includes(name) && JSON_FILE.test(name)).slice(0, OTHERS_MAX);
  return { texts, others };
}

async function namesIn(path: string): Promise<readonly string[]> {
  return withZip(path, async (zip) => {
    const names: string[] = [];
    for await (const { fileName } of zip.eachEntry()) names.push(fileName);
    return names;
  });
}

async function* readEntry(
  path: string,
  name: string,
  progress: (share: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const zip = await opened(path);
  try {
    const entry = await entryOf(zip, name);
    requireReadable(path, entry);
    const stream = await zip.openReadStreamPromise(entry);
    let [done, sum] = [0, 0];
    for await (const chunk of stream) {
      done += chunk.length;
      sum = crc32(chunk, sum);
      progress(done / Math.max(1, entry.uncompressedSize));
      yield chunk;
    }
    if (sum !== entry.crc32) throw new BrokenFile("it is damaged: its checksum is another");
  } catch (cause) {
    if (cause instanceof Failure || cause instanceof BrokenFile) throw cause;
    throw broken(cause);
  } finally {
    zip.close();
  }
}

function requireReadable(path: string, entry: Entry): void {
  const { compressedSize, uncompressedSize, fileName } = entry;
  if (entry.isEncrypted() || !entry.canDecodeFileData())
    throw new Failure("refused", `${fileName} in ${path} is sealed, or packed in a way that is not known here`);
  if (uncompressedSize > SMALL_BYTES && uncompressedSize > compressedSize * GROWTH_MAX)
    throw new Failure(
      "refused",
      `${fileName} in ${path} would become more than ${GROWTH_MAX} times as large as it is: no export does. Unpack it yourself if you trust it, and import ${fileName}`,
    );
}

async function entryOf(zip: ZipFile, name: string): Promise<Entry> {
  for await (const entry of zip.eachEntry()) if (entry.fileName === name) return entry;
  throw new BrokenFile(`${name} is gone from it`);
}

async function withZip<T>(path: string, use: (zip: ZipFile) => Promise<T>): Promise<T> {
  const zip = await opened(path);
  try {
    return await use(zip);
  } catch (cause) {
    throw cause instanceof Failure ? cause : new Failure("refused", `${path}: ${broken(cause).message}`, { cause });
  } finally {
    zip.close();
  }
}

async function opened(path: string): Promise<ZipFile> {
  let zip: ZipFile;
  try {
    zip = await openPromise(path, { autoClose: false });
  } catch (cause) {
    throw new Failure("refused", `${path} is a zip that cannot be read: ${broken(cause).message}`, { cause });
  }
  if (zip.entryCount <= ENTRIES_MAX) return zip;
  zip.close();
  throw new Failure("refused", `${path} holds ${zip.entryCount} files; ${ENTRIES_MAX} are read at most`);
}

function broken(cause: unknown): BrokenFile {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new BrokenFile(`it is cut off or damaged (${why})`, { cause });
}
