import { Failure } from "../core/failure.ts";
import type { Jail, Opening } from "./jail.ts";
import { jailFilter } from "./seccomp.ts";
import { type Identity, startWorker } from "./worker.ts";

/** Where bubblewrap is, and what it and this machine can do. */
export interface BwrapOptions {
  readonly bwrap: string;
  /** Whether it knows `--disable-userns`: versions before 0.8 do not. */
  readonly disablesUserns: boolean;
  /** This machine by its name in `process.arch`. */
  readonly arch: string;
  /** Who runs it: nobody where the server runs as root, for limits on processes do not bind root; null is the server's user. */
  readonly identity: Identity | null;
  /** Takes a protection away, so that a test can see that its absence is found. */
  readonly without?: Protection;
}

/** Protections that a test may take away. */
export type Protection = "network" | "filter" | "processes";

/** A jail that bubblewrap makes: namespaces of its own, nothing of this machine but what is bound in, our own filter. */
export function bwrapJail(options: BwrapOptions): Jail {
  return {
    name: "bubblewrap",
    async open(opening) {
      const filter = options.without === "filter" ? undefined : jailFilter(options.arch, opening);
      if (filter === undefined && options.without !== "filter")
        throw new Failure("refused", `The system calls of ${options.arch} are not known`);
      const fd = filter === undefined ? [] : ["--seccomp", "5"];
      return startWorker({
        identity: options.identity,
        argv: [options.bwrap, ...fd, ...bwrapArguments(options, opening), "--", ...opening.command],
        environment: opening.environment,
        seccomp: filter,
        watches: true,
        opening,
      });
    },
  };
}

function bwrapArguments({ disablesUserns, without }: BwrapOptions, opening: Opening): readonly string[] {
  const { binds, proc, limits } = opening;
  const spaces = ["user", "ipc", "uts", ...(without === "processes" ? [] : ["pid"])];
  return [
    ...spaces.map((space) => `--unshare-${space}`),
    ...(without === "network" ? [] : ["--unshare-net"]),
    "--unshare-cgroup-try",
    ...(disablesUserns ? ["--disable-userns"] : []),
    ...["--uid", "65534", "--gid", "65534", "--hostname", "jail", "--cap-drop", "ALL"],
    ...["--new-session", "--die-with-parent"],
    // First, for what is bound in may stand below it on this machine.
    ...["--size", String(limits.diskBytes), "--tmpfs", "/tmp"],
    ...binds.flatMap(({ from, to }) => ["--ro-bind", from, to]),
    ...["--dev", "/dev", "--remount-ro", "/dev"],
    ...(without === "processes" ? ["--ro-bind", "/proc", "/proc"] : proc ? ["--proc", "/proc"] : []),
    ...["--remount-ro", "/", "--chdir", "/tmp"],
  ];
}
