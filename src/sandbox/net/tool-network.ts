import { chmodSync, chownSync, existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Failure } from "../../core/failure.ts";
import { type AskingTool, grantOf, type NetworkGrant, type NetworkPolicy, refusalOf } from "./grant.ts";
import { createHostFetch, type HostFetch, type HostFetchOptions } from "./host-fetch.ts";
import type { OwnServer } from "./own-server.ts";
import { type OpenProxy, openProxy } from "./proxy.ts";

/** Proxies that are open at once: as many as there are jails at most. */
const PROXIES_MAX = 256;

/** What tools reach the network by. */
export interface ToolNetworkOptions extends Pick<HostFetchOptions, "fetch" | "check"> {
  readonly policy: NetworkPolicy;
  /** How the path of a folder for sockets begins that is made when it is needed: the same at each start, and no other server's. */
  readonly directoryPrefix: string;
  /** Whom jails run as, where that is not the server's own user. */
  readonly jailUser?: { readonly uid: number; readonly gid: number };
}

/** A proxy of one jail. */
export interface JailProxy {
  /** The Unix socket to bind into the jail. */
  readonly path: string;
  /** Cuts what is open. */
  close(): Promise<void>;
}

/** What tools reach the network by. */
export interface ToolNetwork {
  /** What a tool may reach; null when nothing. Throws a `refused` Failure where its metadata makes no sense. */
  grantOf(tool: AskingTool): NetworkGrant | null;
  /** Why a tool reaches nothing, and what to do about it. */
  refusalOf(tool: AskingTool): string;
  /** Opens a proxy for one jail. */
  open(grant: NetworkGrant): Promise<JailProxy>;
  /** Lets tools that may reach the server itself, from when it listens. */
  serve(own: OwnServer): void;
  /** For jails without sockets. */
  readonly fetch: HostFetch;
  /** Closes all proxies and removes the folder. */
  close(): Promise<void>;
}

/** Waits for jails, after it has removed what a server that was killed has left. */
export function openToolNetwork(options: ToolNetworkOptions): ToolNetwork {
  const { policy, directoryPrefix, jailUser, check } = options;
  removeLeftovers(directoryPrefix);
  const proxies = new Set<OpenProxy>();
  let directory: string | undefined;
  let opened = 0;
  let server: OwnServer | null = null;
  const own = () => server;
  return {
    grantOf: (tool) => grantOf(policy, tool),
    refusalOf: (tool) => refusalOf(policy, tool),
    async open(grant) {
      if (proxies.size >= PROXIES_MAX) throw new Failure("full", `More than ${PROXIES_MAX} proxies are open`);
      // What tidies up folders of temporary files may have taken it.
      if (directory === undefined || !existsSync(directory)) directory = makeDirectory(directoryPrefix, jailUser);
      const path = join(directory, String(++opened));
      const proxy = await openProxy({ path, grant, check, own });
      if (jailUser !== undefined) chownSync(path, jailUser.uid, jailUser.gid);
      proxies.add(proxy);
      return {
        path,
        async close() {
          proxies.delete(proxy);
          await proxy.close();
        },
      };
    },
    serve(listening) {
      server = listening;
    },
    fetch: createHostFetch({ ...options, own }),
    async close() {
      await Promise.all([...proxies].map((proxy) => proxy.close()));
      proxies.clear();
      if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A folder with a name that nobody can take beforehand, for the server and its jails alone. */
function makeDirectory(prefix: string, jailUser: ToolNetworkOptions["jailUser"]): string {
  const directory = mkdtempSync(prefix);
  // Jails of another user go through it to sockets that are theirs. It stays ours, or we could not tell it later.
  if (jailUser !== undefined) chmodSync(directory, 0o711);
  return directory;
}

/** Others may make files of such names where all may: only what is ours is removed. */
function removeLeftovers(prefix: string): void {
  const folder = dirname(prefix);
  const user = process.getuid?.();
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const path = join(folder, name);
    if (name.startsWith(basename(prefix)) && lstatSync(path).uid === user)
      rmSync(path, { recursive: true, force: true });
  }
}
