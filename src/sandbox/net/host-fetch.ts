import { z } from "zod";
import { joinBytes } from "../../core/bytes.ts";
import { type AddressCheck, checkedAddresses, type PinnedRequest, pinnedTo } from "../../core/checked-address.ts";
import { Failure } from "../../core/failure.ts";
import type { Fetch } from "../../core/world.ts";
import type { NetworkGrant } from "./grant.ts";
import { plainHost } from "./host-pattern.ts";
import { type FindOwnServer, type OwnServer, ownServerFor } from "./own-server.ts";
import { ungranted } from "./proxy.ts";

/** Bytes of a body, either way. */
const BODY_BYTES_MAX = 8 * 1024 * 1024;
/** Four characters of base64 for three bytes. */
const BASE64_CHARS_MAX = Math.ceil(BODY_BYTES_MAX / 3) * 4;
const URL_CHARS_MAX = 16_384;
const HEADERS_MAX = 100;
const HEADER_CHARS_MAX = 8_192;
const REDIRECTS_MAX = 10;
/** For all of a request: looking up, connecting, redirects and the body. */
const TIMEOUT_MS = 120_000;

/** Headers that belong to the connection, which is not the tool's. */
const OF_CONNECTION =
  /^(?:host|connection|content-length|transfer-encoding|keep-alive|upgrade|te|trailer|expect|proxy-.*)$/i;
/** Headers that are for one origin alone. */
const OF_ORIGIN = /^(?:authorization|cookie)$/i;
/** Headers of a body that a redirect without it has no use for. */
const OF_BODY = /^content-/i;
/** What says how the body came, which is not how it is handed on. */
const OF_TRANSFER = /^(?:content-encoding|content-length|transfer-encoding|connection|keep-alive)$/i;

/** What a jail asks for, as JSON. */
const HostRequest = z.strictObject({
  url: z.string().max(URL_CHARS_MAX),
  method: z
    .string()
    .regex(/^[A-Z]{1,20}$/)
    .default("GET"),
  headers: z
    .array(z.tuple([z.string().max(HEADER_CHARS_MAX), z.string().max(HEADER_CHARS_MAX)]))
    .max(HEADERS_MAX)
    .default([]),
  /** Base64. */
  body: z.string().max(BASE64_CHARS_MAX).nullish(),
  redirect: z.enum(["follow", "manual", "error"]).default("follow"),
});
type HostRequest = z.infer<typeof HostRequest>;

/** What a jail is answered, as JSON. */
export interface HostAnswer {
  /** Where the answer came from, behind all redirects. */
  readonly url: string;
  readonly redirected: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Base64, of what was compressed as it was before. */
  readonly body: string;
}

/** What the function is made of. */
export interface HostFetchOptions {
  readonly fetch: Fetch;
  readonly check: AddressCheck;
  /** Finds the server itself, for grants of it. */
  readonly own?: FindOwnServer;
}

/** One request of a jail. */
export interface HostFetchCall {
  readonly grant: NetworkGrant;
  /** JSON as the jail wrote it: `{url, method, headers: [[name, value]], body: base64, redirect}`, all but the first optional. */
  readonly request: unknown;
  readonly signal: AbortSignal;
}

/** What {@link createHostFetch} makes. Rejects with a Failure whose words are for the tool. */
export type HostFetch = (call: HostFetchCall) => Promise<HostAnswer>;

/**
 * `fetch` for jails that have no network of their own: JavaScript and WebAssembly. Every hop is granted and checked as
 * the proxy does it. Bodies are held whole and bounded.
 */
export function createHostFetch(options: HostFetchOptions): HostFetch {
  return async ({ grant, request: asked, signal }) => {
    const parsed = HostRequest.safeParse(asked);
    if (!parsed.success) throw new Failure("refused", `The request makes no sense: ${z.prettifyError(parsed.error)}`);
    const until = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    return followed(options, grant, { ...parsed.data, signal: until });
  };
}

interface Hop extends HostRequest {
  readonly signal: AbortSignal;
}

async function followed(options: HostFetchOptions, grant: NetworkGrant, first: Hop): Promise<HostAnswer> {
  let hop = first;
  for (let redirects = 0; ; redirects++) {
    const url = readUrl(hop.url);
    const response = await sent(options, grant, { ...hop, url });
    const location = response.headers.get("location");
    const isRedirect = [301, 302, 303, 307, 308].includes(response.status) && location !== null;
    if (!isRedirect || hop.redirect === "manual") return answerOf(url, response, redirects > 0);
    response.body?.cancel().catch(() => undefined);
    if (hop.redirect === "error") throw new Failure("refused", `${url.host} redirects`);
    if (redirects === REDIRECTS_MAX)
      throw new Failure("refused", `More than ${REDIRECTS_MAX} redirects from ${url.host}`);
    if (!URL.canParse(location, url.href)) throw new Failure("refused", `${url.host} redirects to no valid address`);
    hop = redirected(hop, url, response.status, new URL(location, url.href));
  }
}

/** The next request, as browsers make it: what was meant for one origin does not go to another. */
function redirected(hop: Hop, from: URL, status: number, to: URL): Hop {
  const isPlain = status === 303 ? hop.method !== "HEAD" : status <= 302 && hop.method === "POST";
  const headers = hop.headers.filter(
    ([name]) => !(isPlain && OF_BODY.test(name)) && !(from.origin !== to.origin && OF_ORIGIN.test(name)),
  );
  return { ...hop, ...(isPlain ? { method: "GET", body: null } : {}), headers, url: to.href };
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw new Failure("refused", "The URL must begin with http:// or https://");
  if (url.username !== "" || url.password !== "")
    throw new Failure("refused", "The URL must not hold a user name or a password");
  return url;
}

async function sent(
  { fetch, check, own }: HostFetchOptions,
  grant: NetworkGrant,
  { url, method, headers, body, signal }: Omit<Hop, "url"> & { readonly url: URL },
): Promise<Response> {
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  const host = plainHost(url.hostname) ?? url.hostname;
  const reach = grant.reach(host, port);
  if (reach === "no") throw new Failure("refused", ungranted(host, port));
  const pinned =
    reach === "own"
      ? pinnedToServer(url, ownServerFor(own, headers))
      : pinnedTo(url, await addressOf(url, check, reach === "anywhere"));
  const init: BunFetchRequestInit = {
    method,
    headers: [...headers.filter(([name]) => !OF_CONNECTION.test(name)), ["host", pinned.host]],
    ...(body ? { body: Buffer.from(body, "base64") } : {}),
    redirect: "manual",
    signal,
    // Connections are told apart by address, and an address may be of several hosts.
    keepalive: false,
    ...pinned.tls,
  };
  try {
    return await fetch(pinned.href, init);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replaceAll(pinned.href, url.href) : String(error);
    throw new Failure("unavailable", `${url.host} cannot be reached: ${reason}`, { cause: error });
  }
}

async function addressOf(url: URL, check: AddressCheck, mayBePrivate: boolean): Promise<string> {
  const allowsPrivate = check.allowsPrivate && mayBePrivate;
  const [address] = await checkedAddresses(url.hostname, { ...check, allowsPrivate });
  return address;
}

function pinnedToServer(url: URL, { host, port }: OwnServer): PinnedRequest {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return { href: `http://${authority}${url.pathname}${url.search}`, host: authority, tls: {} };
}

async function answerOf(url: URL, response: Response, redirected: boolean): Promise<HostAnswer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > BODY_BYTES_MAX) {
      reader.cancel().catch(() => undefined);
      throw new Failure("too_large", `The answer of ${url.host} is longer than ${BODY_BYTES_MAX} bytes`);
    }
    chunks.push(value);
  }
  const { status, statusText } = response;
  const headers = [...response.headers].filter(([name]) => !OF_TRANSFER.test(name));
  const body = Buffer.from(joinBytes(chunks, size)).toString("base64");
  return { url: url.href, redirected, status, statusText, headers, body };
}
