import { networkInterfaces, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type AddressBytes, parseAddress } from "../core/address.ts";
import { openToolNetwork, type ToolNetwork } from "../sandbox/net/tool-network.ts";
import type { Settings } from "./command/settings.ts";
import { resolveBySystem } from "./safe-fetch.ts";
import { realWorld } from "./world.ts";

/** Digits of the digest that tells one data folder's sockets from another's. */
const DIGEST_CHARS = 16;
/** Whom jails run as when the server is root: nobody. */
const NOBODY = { uid: 65_534, gid: 65_534 };

/**
 * What tools reach the network by. Its sockets lie among the system's temporary files: a data folder may be a volume that
 * knows no sockets, and one of root's is closed to the user that jails run as.
 */
export function openNetworkOfTools({ toolNetwork, allowsPrivateUrls, dataDirectory }: Settings): ToolNetwork {
  const digest = new Bun.CryptoHasher("sha256").update(resolve(dataDirectory)).digest("hex").slice(0, DIGEST_CHARS);
  return openToolNetwork({
    policy: toolNetwork,
    check: { resolveHost: resolveBySystem, allowsPrivate: allowsPrivateUrls, isHere },
    fetch: realWorld().fetch,
    directoryPrefix: join(tmpdir(), `selkie-${digest}-`),
    ...(process.getuid?.() === 0 ? { jailUser: NOBODY } : {}),
  });
}

/** Whether one of this machine's interfaces has the address. */
function isHere(address: AddressBytes): boolean {
  const own = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return own.some((one) => parseAddress(one.address)?.join() === address.join());
}
