import type { Context } from "hono";
import { FILE_BYTES_MAX } from "../../agent/files/uploads.ts";
import { Failure } from "../../core/failure.ts";
import type { ApiEnv } from "../http/env.ts";
import { readBytes } from "../http/request.ts";

/** Room for what surrounds the file in a body. */
const FORM_BYTES_MAX = 64 * 1024;
/** Uploads that are in memory at once, each with its whole file, twice for a moment. */
const UPLOADS_AT_ONCE_MAX = 4;
/** When somebody who was refused may try again. */
const RETRY_MS = 2_000;

/** A file as it came. */
export interface UploadedFile {
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** A file as it came, and what else the form holds. */
export interface UploadedForm extends UploadedFile {
  /** The text of another field; undefined where there is none. */
  readonly field: (name: string) => string | undefined;
}

/** See {@link createUploadReader}. */
export type UploadReader = <T>(c: Context<ApiEnv>, use: (form: UploadedForm) => Promise<T>) => Promise<T>;

/**
 * What reads uploads, a few at a time. A file is in memory until `use` is done with it: nothing of one that is cut
 * off, too large or no form is kept anywhere. Throws a `too_many` Failure where others are being read.
 */
export function createUploadReader(): UploadReader {
  let reading = 0;
  return async (c, use) => {
    if (reading >= UPLOADS_AT_ONCE_MAX)
      throw new Failure("too_many", `${reading} files are being uploaded; try again in a moment`, {
        retryAfterMs: RETRY_MS,
      });
    reading++;
    try {
      return await use(await uploadOf(c));
    } finally {
      reading--;
    }
  };
}

async function uploadOf(c: Context<ApiEnv>): Promise<UploadedForm> {
  const contentType = c.req.header("content-type") ?? "";
  if (!/^multipart\/form-data\s*;/i.test(contentType))
    throw new Failure("invalid", "The body must be multipart/form-data with a field 'file' that holds the file");
  const bytes = await readBytes(c, FILE_BYTES_MAX + FORM_BYTES_MAX);
  const form = await formOf(bytes, contentType);
  const file = form.get("file");
  if (file === null || typeof file === "string")
    throw new Failure("invalid", "file: a file is required in the field 'file' of the form");
  if (file.size > FILE_BYTES_MAX)
    throw new Failure("too_large", `The file is larger than ${FILE_BYTES_MAX / 1024 / 1024} MB`);
  const field = (name: string) => {
    const value = form.get(name);
    return typeof value === "string" ? value : undefined;
  };
  return { name: file.name, mediaType: file.type, bytes: new Uint8Array(await file.arrayBuffer()), field };
}

async function formOf(bytes: ArrayBuffer, contentType: string) {
  try {
    return await new Response(bytes, { headers: { "content-type": contentType } }).formData();
  } catch (cause) {
    throw new Failure("invalid", "The body is no multipart/form-data that can be read", { cause });
  }
}
