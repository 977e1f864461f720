import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { JAIL_LIMITS, type Opening } from "../jail.ts";
import { childFilter } from "../seccomp.ts";
import type { Python } from "./find-python.ts";
import { WORKER_PROGRAM } from "./python-program.ts";

/** Children of one worker that run at once: more would take the processor from those who read an answer as it comes. */
const PARALLEL_MAX = 4;

/** Where a jail's own disk is, inside. */
const SCRATCH = "/tmp";
/** The socket of the server's proxy, inside. */
const PROXY_SOCKET = "/proxy";
/** Where programs in the jail reach the proxy. */
const PROXY_URL = "http://127.0.0.1:3128";
/** What reads of time zones, and with a network of certificates, where a machine has them. */
const ZONES = ["/usr/share/zoneinfo"];
const CERTIFICATES = ["/etc/ssl", "/usr/lib/ssl", "/usr/share/ca-certificates"];

/** Reads the first line from the server, which brings the program, and runs that. */
const START = `import os
data = b""
while b"\\n" not in data: data += os.read(3, 65536)
line, rest = data.split(b"\\n", 1)
import json
config = json.loads(line)
exec(compile(config.pop("program"), "worker", "exec"))`;

/** What one worker of Python tools is for. */
export interface PythonWorkerWish {
  readonly python: Python;
  /** This machine by its name in `process.arch`. */
  readonly arch: string;
  /** A folder of this machine with packages that its tools may import; none when null. */
  readonly packages: string | null;
  /** The socket of a proxy of the server's through which it may reach the network; no network when null. */
  readonly proxy: string | null;
}

/** How a worker of Python tools is opened. */
export function pythonOpening({ python, arch, packages, proxy }: PythonWorkerWish): Opening {
  const system = [...ZONES, ...(proxy === null ? [] : CERTIFICATES)].filter((path) => existsSync(path));
  const needed = [python.executable, ...python.needs, ...system].map((path) => ({ from: path, to: path }));
  const filter = childFilter(arch);
  const network = { HTTP_PROXY: PROXY_URL, HTTPS_PROXY: PROXY_URL, http_proxy: PROXY_URL, https_proxy: PROXY_URL };
  return {
    command: [python.executable, "-I", "-S", "-c", START],
    binds: [
      ...needed,
      ...(packages === null ? [] : [{ from: packages, to: "/packages" }]),
      ...(proxy === null ? [] : [{ from: proxy, to: PROXY_SOCKET }]),
    ],
    environment: { PATH: "/usr/bin:/bin", LANG: "C.UTF-8", PYTHONDONTWRITEBYTECODE: "1" },
    config: {
      program: WORKER_PROGRAM,
      packages: packages === null ? [] : ["/packages"],
      proxy: proxy === null ? null : PROXY_SOCKET,
      scratch: SCRATCH,
      parallel: Math.min(cpus().length, PARALLEL_MAX),
      childFilter: filter === undefined ? null : Buffer.from(filter).toString("base64"),
      environment: { PATH: "/usr/bin:/bin", HOME: SCRATCH, LANG: "C.UTF-8", ...(proxy === null ? {} : network) },
    },
    limits: JAIL_LIMITS,
    network: proxy !== null,
    processes: true,
    proc: false,
    cancel: "line",
  };
}
