import { type AddressBytes, isPublicAddress, parseAddress } from "./address.ts";
import { Failure } from "./failure.ts";
import { insideFailure } from "./outside.ts";

/** The addresses of a host name. Rejects when it has none. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

/** How the address of a host is found, and which are not reached. */
export interface AddressCheck {
  readonly resolveHost: ResolveHost;
  /** Lets addresses of this machine and its networks be reached. */
  readonly allowsPrivate: boolean;
  /** Whether an address of the public internet is this machine's own. It then counts as private. */
  readonly isHere?: (address: AddressBytes) => boolean;
}

/**
 * The addresses of a host, each of them checked. One that is inside is reason enough to refuse all, for the next look
 * might give that one. Whoever connects takes one of these and does not look the name up again. Throws a `refused`
 * Failure for a host that is not public, and an `unavailable` one where there is no address.
 */
export async function checkedAddresses(host: string, check: AddressCheck): Promise<readonly [string, ...string[]]> {
  const bare = host.startsWith("[") ? host.slice(1, -1) : host;
  const [first, ...others] = parseAddress(host) === undefined ? await resolved(bare, check) : [bare];
  if (first === undefined) throw new Failure("unavailable", `${host} has no address`);
  const isInside = [first, ...others].some((address) => {
    const bytes = parseAddress(address);
    return bytes === undefined || !isPublicAddress(bytes) || check.isHere?.(bytes) === true;
  });
  if (isInside && !check.allowsPrivate) throw insideFailure(host);
  return [first, ...others];
}

async function resolved(host: string, { resolveHost }: AddressCheck): Promise<readonly string[]> {
  try {
    return await resolveHost(host);
  } catch (error) {
    throw new Failure("unavailable", `${host} cannot be looked up`, { cause: error });
  }
}

/** A request that goes to an address that was checked, under the name that was asked for. */
export interface PinnedRequest {
  readonly href: string;
  /** The header `host`. */
  readonly host: string;
  /** For the options of `fetch`: the name that the certificate must hold. An address of its own has no name to ask for. */
  readonly tls: { readonly tls?: { readonly serverName: string } };
}

/** Says how to send a request for `url` to `address`. */
export function pinnedTo(url: URL, address: string): PinnedRequest {
  const pinned = new URL(url.href);
  pinned.hostname = address.includes(":") ? `[${address}]` : address;
  const isName = parseAddress(url.hostname) === undefined;
  return { href: pinned.href, host: url.host, tls: isName ? { tls: { serverName: url.hostname } } : {} };
}
