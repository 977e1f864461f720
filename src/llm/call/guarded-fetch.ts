import type { Fetch } from "../../core/world.ts";

/** The most bytes read of one successful answer. A longer one fails. */
export const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** The most bytes read of an error answer. The rest is dropped. */
export const ERROR_BYTES_MAX = 64 * 1024;

/**
 * Wraps `fetch` for talking to a provider: no redirect is followed (it would carry the key elsewhere), and an HTML page
 * in place of an answer counts as a bad gateway. Whoever reads a body sees to it that it ends.
 */
export function guardedFetch(fetch: Fetch): Fetch {
  return async (input, init) => {
    const response = await fetch(input, { ...init, redirect: "manual" });
    if (!response.ok) return cutShort(response, response.status);
    if (response.headers.get("content-type")?.startsWith("text/html") === true) return cutShort(response, 502);
    const length = lengthOf(response);
    if (!(length > ANSWER_BYTES_MAX)) return response;
    response.body?.cancel().catch(() => undefined);
    throw new Error(`The answer is ${length} bytes long, more than ${ANSWER_BYTES_MAX}`);
  };
}

/** How long a body says that it is; NaN when it does not. */
function lengthOf({ headers }: Response): number {
  return Number(headers.get("content-length") ?? Number.NaN);
}

/** Wraps `fetch` for those who read whatever comes: no body grows past {@link ANSWER_BYTES_MAX}. */
export function boundedFetch(fetch: Fetch): Fetch {
  return async (input, init) => bounded(await fetch(input, init), () => undefined);
}

/** The same answer with at most {@link ERROR_BYTES_MAX} bytes of its body. */
async function cutShort(response: Response, status: number): Promise<Response> {
  const body = await readStart(response, ERROR_BYTES_MAX);
  // A body-less status such as 304 may not carry one; and only these headers matter to a caller.
  const headers = new Headers();
  for (const name of ["content-type", "retry-after", "retry-after-ms", "x-request-id", "request-id", "location"]) {
    const value = response.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const shown = status >= 200 && status <= 599 && status !== 204 && status !== 205 && status !== 304 ? status : 502;
  return new Response(body, { status: shown, headers });
}

/** The first `bytesMax` bytes of a body as text; the rest is not read. */
export async function readStart(response: Response, bytesMax: number): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let text = "";
  let left = bytesMax;
  while (left > 0) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value.subarray(0, left), { stream: true });
    left -= value.length;
  }
  reader.cancel().catch(() => undefined);
  return text;
}

/** The same answer, whose body fails once it is longer than {@link ANSWER_BYTES_MAX}, and tells whenever something comes. */
export function bounded(response: Response, onBytes: () => void): Response {
  const length = lengthOf(response);
  if (length <= ANSWER_BYTES_MAX || response.body === null) return response;
  const reader = response.body.getReader();
  let left = ANSWER_BYTES_MAX;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      onBytes();
      left -= value.length;
      if (left < 0) {
        reader.cancel().catch(() => undefined);
        return controller.error(new Error(`The answer is longer than ${ANSWER_BYTES_MAX} bytes`));
      }
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return new Response(body, { status: response.status, headers: response.headers });
}
