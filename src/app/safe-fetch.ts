import { lookup } from "node:dns/promises";
import { joinBytes } from "../core/bytes.ts";
import { type AddressCheck, checkedAddresses, pinnedTo } from "../core/checked-address.ts";
import type { Clock } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import { type FetchOutside, type OutsideAnswer, type OutsideRequest, parseOutsideUrl } from "../core/outside.ts";
import type { Fetch } from "../core/world.ts";

/** What fetching from outside is made of. */
export interface SafeFetchOptions extends AddressCheck {
  readonly fetch: Fetch;
  readonly clock: Clock;
}

/** The system's resolver. */
export async function resolveBySystem(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/**
 * {@link FetchOutside} over `fetch`. A host is looked up once, every address it has is checked, and the connection
 * goes to the checked address itself, so that a second lookup cannot give another one. TLS still checks the name.
 */
export function createSafeFetch(options: SafeFetchOptions): FetchOutside {
  return async (url, request) => {
    const stop = new AbortController();
    const timeout = options.clock
      .sleep(request.timeoutMs, stop.signal)
      .then(() => new Failure("timeout", `No answer within ${request.timeoutMs / 1000} s from ${hostOf(url)}`));
    const signal = request.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, request.signal]);
    const work = followed(options, url, request, signal);
    try {
      const first = await Promise.race([work, timeout]);
      if (first instanceof Failure) throw first;
      return first;
    } finally {
      work.catch(() => undefined);
      stop.abort();
    }
  };
}

/**
 * A `fetch` for who reads streams: the address is checked and pinned as for {@link createSafeFetch}, no redirect is
 * followed, and the body comes as it is read. How long it may take and become is up to whoever reads it.
 */
export function createCheckedFetch({ fetch, ...check }: Omit<SafeFetchOptions, "clock">): Fetch {
  return async (input, init = {}) => {
    const url = parseOutsideUrl(input instanceof Request ? input.url : String(input), check.allowsPrivate);
    return pinned({ fetch, ...check }, url, init);
  };
}

/**
 * The answer behind all redirects. Each address on the way is checked as the first one was: a server outside may
 * redirect to one inside.
 */
async function followed(
  options: SafeFetchOptions,
  start: string,
  request: OutsideRequest,
  signal: AbortSignal,
): Promise<OutsideAnswer> {
  let target = start;
  for (let redirects = 0; ; redirects++) {
    const url = parseOutsideUrl(target, options.allowsPrivate);
    const response = await sent(options, url, request, signal);
    const location = response.headers.get("location");
    const isRedirect = response.status >= 300 && response.status < 400 && location !== null;
    if (!isRedirect || redirects >= request.redirectsMax) return read(response, request.bytesMax, url.hostname);
    response.body?.cancel().catch(() => undefined);
    if (!URL.canParse(location, url.href))
      throw new Failure("refused", `${url.hostname} redirects to no valid address`);
    target = new URL(location, url.href).href;
  }
}

/** Sends the request to an address of the host that was checked. */
async function sent(
  options: SafeFetchOptions,
  url: URL,
  { method, headers, body }: OutsideRequest,
  signal: AbortSignal,
): Promise<Response> {
  return pinned(options, url, {
    method,
    headers: { "user-agent": "selkie", ...headers },
    ...(body === undefined ? {} : { body }),
    signal,
  });
}

/** Sends a request to an address that was checked, and follows no redirect. */
async function pinned(
  { fetch, ...check }: Omit<SafeFetchOptions, "clock">,
  url: URL,
  init: RequestInit,
): Promise<Response> {
  const [address] = await checkedAddresses(url.hostname, check);
  const { href, host, tls } = pinnedTo(url, address);
  const headers = new Headers(init.headers);
  headers.set("host", host);
  const sent: BunFetchRequestInit = { ...init, headers, redirect: "manual", ...tls };
  try {
    return await fetch(href, sent);
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure("unavailable", `${url.hostname} cannot be reached: ${reason.replaceAll(href, url.href)}`, {
      cause: error,
    });
  }
}

/** The whole answer; a body longer than `bytesMax` fails as soon as that shows. */
async function read(response: Response, bytesMax: number, host: string): Promise<OutsideAnswer> {
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > bytesMax) {
      reader.cancel().catch(() => undefined);
      throw new Failure("too_large", `The answer of ${host} is longer than ${bytesMax} bytes`);
    }
    chunks.push(value);
  }
  const [type = ""] = (response.headers.get("content-type") ?? "").split(";");
  return { status: response.status, mediaType: type.trim().toLowerCase(), body: joinBytes(chunks, size) };
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : "the address";
}
