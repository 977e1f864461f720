import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { openToolPackages, type ToolPackages } from "../../sandbox/packages/tool-packages.ts";
import type { Settings } from "../command/settings.ts";
import { resolveBySystem } from "../safe-fetch.ts";
import { isHere } from "./own-address.ts";

/** Digits of the digest that tells one data folder from another. */
const DIGEST_CHARS = 16;

/** Tells what belongs to one data folder from what belongs to another, in places that are for all. */
export function digestOf(dataDirectory: string): string {
  return createHash("sha256").update(resolve(dataDirectory)).digest("hex").slice(0, DIGEST_CHARS);
}

/**
 * Packages of tools lie in the data folder. Root's data folder is closed to the user that its jails run as, so its packages
 * lie where the system keeps what can be made again.
 */
export function openPackagesOfTools({ tools, dataDirectory, environment }: Settings): ToolPackages {
  const isRoot = process.getuid?.() === 0;
  return openToolPackages({
    directory: isRoot
      ? join("/var/cache", `selkie-packages-${digestOf(dataDirectory)}`)
      : join(resolve(dataDirectory), "selkie.packages"),
    pipIndexUrl: tools.pipIndexUrl,
    npm: {
      executable: process.execPath,
      registryUrl: tools.npmRegistryUrl,
      environment,
      check: { resolveHost: resolveBySystem, isHere },
    },
  });
}
