import { isPublicAddress, parseAddress } from "./address.ts";
import { Failure } from "./failure.ts";

/** The longest address of a page that is taken. */
const URL_CHARS_MAX = 4_096;
const SHOWN_CHARS_MAX = 100;

/** What to send to an address that a client named, and what may come back. */
export interface OutsideRequest {
  readonly method: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For all of it: looking up, connecting, redirects and the body. */
  readonly timeoutMs: number;
  /** A longer answer fails. */
  readonly bytesMax: number;
  /** Breaks it off. */
  readonly signal?: AbortSignal;
  /** Redirects that are followed; each target is checked like the first. */
  readonly redirectsMax: number;
}

/** What came back, whatever its status. */
export interface OutsideAnswer {
  readonly status: number;
  /** The media type without parameters, in lower case; empty when none was given. */
  readonly mediaType: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/**
 * Fetches from an address that somebody outside chose. Throws a Failure when the address leads to this machine, its
 * networks or a cloud's inner servers, by whatever notation, name or redirect, and when there is no answer in time.
 */
export type FetchOutside = (url: string, request: OutsideRequest) => Promise<OutsideAnswer>;

/** Reads an address that somebody outside chose. Throws a `refused` Failure for what can be told without looking it up. */
export function parseOutsideUrl(text: string, allowsPrivate: boolean): URL {
  const url = text.length <= URL_CHARS_MAX && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw new Failure("refused", `The URL '${shown(text)}' must begin with http:// or https://`);
  if (url.username !== "" || url.password !== "")
    throw new Failure("refused", `The URL '${shown(text)}' must not hold a user name or a password`);
  const address = parseAddress(url.hostname);
  const isInside = address === undefined ? isLocalName(url.hostname) : !isPublicAddress(address);
  if (isInside && !allowsPrivate) throw insideFailure(url.hostname);
  return url;
}

/** Says that a host is not on the public internet, and how to allow it. */
export function insideFailure(host: string): Failure {
  return new Failure(
    "refused",
    `The host '${shown(host)}' is not on the public internet; set SELKIE_ALLOW_PRIVATE_URLS to allow such addresses`,
  );
}

function isLocalName(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  return ["localhost", "local", "internal", "home.arpa"].some((end) => name === end || name.endsWith(`.${end}`));
}

function shown(text: string): string {
  return text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX).toWellFormed()}...` : text;
}
