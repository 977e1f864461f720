import type { AddressCheck } from "../../core/checked-address.ts";
import type { NetworkGrant } from "../net/grant.ts";
import { openProxy } from "../net/proxy.ts";

/** An installer asks for many packages at once. */
const CONNECTIONS_MAX = 256;
const PROXY_VARIABLE = /^(?:https?|all)_proxy$/i;

/** How addresses are found, and which are this machine's own. */
export type InstallerCheck = Omit<AddressCheck, "allowsPrivate">;

/** What an installer may reach. */
export interface InstallerReach {
  /** The index that is set, or the installer's own: it may be at a private address. */
  readonly indexUrl: string;
  readonly check: InstallerCheck;
  /** The variables that the installer would get. Where they name a proxy, that one decides what is reached. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Runs an installer behind a proxy that checks each address it connects to. A package may name others by any URL, and the
 * installer would fetch them from this machine's networks.
 */
export async function behindProxy<Result>(
  { indexUrl, check, environment }: InstallerReach,
  run: (environment: Readonly<Record<string, string>>) => Promise<Result>,
): Promise<Result> {
  if (Object.keys(environment).some((name) => PROXY_VARIABLE.test(name))) return run(environment);
  const proxy = await openProxy({
    path: "loopback",
    grant: grantOf(indexUrl),
    check: { ...check, allowsPrivate: true },
    limits: { connectionsMax: CONNECTIONS_MAX },
  });
  const url = `http://127.0.0.1:${proxy.port}`;
  const names = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"];
  const { no_proxy: _, NO_PROXY: __, ...others } = environment;
  try {
    return await run({ ...others, ...Object.fromEntries(names.map((name) => [name, url])) });
  } finally {
    await proxy.close();
  }
}

/** The index wherever it is, and every public host: indexes keep their files at others. */
function grantOf(indexUrl: string): NetworkGrant {
  const index = URL.canParse(indexUrl) ? new URL(indexUrl) : undefined;
  const port = index === undefined ? 0 : Number(index.port || (index.protocol === "https:" ? 443 : 80));
  return {
    key: "installer",
    reach: (host, asked) => (host === index?.hostname && asked === port ? "anywhere" : "public"),
  };
}
