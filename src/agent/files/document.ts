import { Failure } from "../../core/failure.ts";
import type { OrganizationId } from "../../core/id.ts";
import { cut, wellFormed } from "../../core/text.ts";
import type { FileFormat } from "./media-type.ts";

/** Characters of one file's text. */
export const FILE_CHARS_MAX = 50 * 1024 * 1024;
/** Bytes at the beginning that show whether something is text at all. */
const LOOKED_AT_BYTES = 8_192;

/** A file whose text is not simply there: what reads it must not be trusted with the server. */
export interface Document {
  readonly format: "html" | "pdf" | "docx";
  /** Whose it is: documents of one organisation wait for each other. */
  readonly owner: OrganizationId;
  /** Its name, for people. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads the text of a document, in a place of its own: bounded in time, memory and length. Throws a `refused` Failure
 * that says what is wrong with the document, and an `unavailable` one where this server has no such place.
 */
export type ReadDocument = (document: Document, signal: AbortSignal) => Promise<string>;

/** The text of a file; throws as {@link ReadDocument} does. */
export async function textOfFile(
  { format, ...document }: Omit<Document, "format"> & { readonly format: FileFormat },
  readDocument: ReadDocument,
  signal: AbortSignal,
): Promise<string> {
  const { name, bytes } = document;
  const isDocument = format === "html" || format === "pdf" || format === "docx";
  const text = isDocument ? await readDocument({ ...document, format }, signal) : plainText(name, bytes);
  if (text.length > FILE_CHARS_MAX)
    throw new Failure(
      "refused",
      `The text of '${cut(name, 100)}' is longer than ${FILE_CHARS_MAX} characters; split it`,
    );
  return wellFormed(text);
}

/** Text as its first bytes say that it is written: UTF-8 where nothing else shows, Windows-1252 where it is none. */
function plainText(name: string, bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  if (bytes.subarray(0, LOOKED_AT_BYTES).includes(0))
    throw new Failure("refused", `'${cut(name, 100)}' is not text: there are zero bytes in it. Send it as what it is`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
