import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import type { OrganizationId } from "../../core/id.ts";
import type { FetchOutside } from "../../core/outside.ts";
import { cut } from "../../core/text.ts";
import { fetchWebpage } from "../builtin/web.ts";
import { type OutsideWork, outsideWork } from "../outside-builtin.ts";

/** How long a page may take to come, bytes of it, and redirects on the way to it. */
const PAGE_MS_MAX = 30_000;
const PAGE_BYTES_MAX = 20 * 1024 * 1024;
const REDIRECTS_MAX = 10;
/** Text first, which some sites have beside their pages. */
const ACCEPT = "text/markdown, text/html, text/plain, application/pdf;q=0.9, */*;q=0.5";
/** What servers say that do not know what a page is. */
const UNTOLD = "text/html";

/** A page as it came. */
export interface Page {
  /** For whom it was fetched. */
  readonly owner: OrganizationId;
  /** Without parameters, in lower case. */
  readonly mediaType: string;
  /** What stands last in its address, for people, and to tell its type where that is not told. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What reading pages needs. */
export interface FetchPageOptions {
  readonly fetchOutside: FetchOutside;
  /** The text of a page. Throws a Failure that says why there is none. */
  readonly readPage: (page: Page, signal: AbortSignal) => Promise<string>;
}

/** How `fetch_webpage` does its work. */
export function fetchPageWork({ fetchOutside, readPage }: FetchPageOptions): OutsideWork {
  return outsideWork(fetchWebpage, z.object({ url: z.string() }), async ({ url }, { signal, limits, actor }) => {
    const { status, mediaType, body } = await fetchOutside(url, {
      method: "GET",
      headers: { accept: ACCEPT },
      timeoutMs: PAGE_MS_MAX,
      bytesMax: PAGE_BYTES_MAX,
      redirectsMax: REDIRECTS_MAX,
      signal,
    });
    const { hostname, pathname } = new URL(url);
    if (status < 200 || status > 299) throw new Failure("unavailable", `${hostname} answered with status ${status}`);
    if (/^(image|audio|video|font)\/(?!svg)/.test(mediaType))
      throw new Failure("unsupported", `There is no text at this address: it is ${cut(mediaType, 100)}`);
    const name = pathname.split("/").findLast((part) => part !== "") ?? hostname;
    const page = { owner: actor.organizationId, mediaType: mediaType === "" ? UNTOLD : mediaType, name, bytes: body };
    return cut(await readPage(page, signal), limits.outputCharsMax);
  });
}
