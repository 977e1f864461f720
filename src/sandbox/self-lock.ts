import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../core/failure.ts";
import type { Jail, Opening } from "./jail.ts";
import { jailFilter } from "./seccomp.ts";
import { type Identity, startWorker } from "./worker.ts";

/** Who runs it, and on what. */
export interface SelfLockOptions {
  readonly arch: string;
  /** Another user than the server's where there can be one: what the lock leaves open is then closed by that. */
  readonly identity: Identity | null;
}

/**
 * A jail for machines without namespaces for everybody: the worker, whose program is ours, locks itself in with Landlock
 * and our filter before it reads anything foreign. Weaker than bubblewrap: that a file is there and how large it is can be
 * seen, and files together are limited by the disk alone.
 */
export function selfLockJail({ arch, identity }: SelfLockOptions): Jail {
  return {
    name: "Landlock",
    async open(opening) {
      if (opening.network) throw new Failure("refused", "A worker that locks itself in has no network");
      const filter = jailFilter(arch, opening);
      if (filter === undefined) throw new Failure("refused", `The system calls of ${arch} are not known`);
      const scratch = mkdtempSync(join(tmpdir(), "selkie-tools-"));
      const forget = () => rmSync(scratch, { recursive: true, force: true });
      try {
        if (identity !== null) chownSync(scratch, identity.uid, identity.gid);
        const worker = await startWorker({
          identity,
          argv: opening.command,
          environment: opening.environment,
          lock: {
            read: opening.binds.map(({ from }) => from),
            network: opening.network,
            filter: Buffer.from(filter).toString("base64"),
          },
          opening: { ...opening, config: outside(opening, scratch) },
        });
        void worker.ended.then(forget);
        return worker;
      } catch (error) {
        forget();
        throw error;
      }
    },
  };
}

/** The config with the names that files have on this machine. */
function outside({ config, binds }: Opening, scratch: string): Opening["config"] {
  const named = new Map(binds.map(({ from, to }) => [to, from]));
  const packages = Array.isArray(config["packages"]) ? config["packages"] : [];
  const environment = config["environment"];
  return {
    ...config,
    scratch,
    packages: packages.map((path) => named.get(String(path)) ?? path),
    environment: { ...(typeof environment === "object" ? environment : {}), HOME: scratch },
  };
}
