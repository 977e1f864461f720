import { tmpdir } from "node:os";
import { join } from "node:path";
import { openToolNetwork, type ToolNetwork } from "../../sandbox/net/tool-network.ts";
import { NOBODY } from "../../sandbox/worker.ts";
import type { Settings } from "../command/settings.ts";
import { resolveBySystem } from "../safe-fetch.ts";
import { realWorld } from "../world.ts";
import { isHere } from "./own-address.ts";
import { digestOf } from "./packages.ts";

/**
 * What tools reach the network by. Its sockets lie among the system's temporary files: a data folder may be a volume that
 * knows no sockets, and one of root's is closed to the user that jails run as.
 */
export function openNetworkOfTools({ tools, allowsPrivateUrls, dataDirectory }: Settings): ToolNetwork {
  return openToolNetwork({
    policy: tools.network,
    check: { resolveHost: resolveBySystem, allowsPrivate: allowsPrivateUrls, isHere },
    fetch: realWorld().fetch,
    directoryPrefix: join(tmpdir(), `selkie-${digestOf(dataDirectory)}-`),
    ...(process.getuid?.() === 0 ? { jailUser: NOBODY } : {}),
  });
}
