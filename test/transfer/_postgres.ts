import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BINARIES = "/usr/lib/postgresql/15/bin";
/** A server of PostgreSQL must not be root. */
const OTHER_USER = "postgres";

/** A server of PostgreSQL that runs for tests. */
export interface Cluster {
  /** The folder of its socket, where everybody is believed. */
  readonly socket: string;
  /** Where 127.0.0.1 is asked for passwords. */
  readonly port: number;
  /** The certificate that it shows, for `localhost`. */
  readonly certificate: string;
  /** What a statement answers, a row a line. */
  sql(statement: string, database?: string): string;
  /** Runs a file of statements. */
  load(path: string, database: string): void;
  /** Ends it, and removes all of it. */
  stop(): void;
}

/** Why no server can be run here; undefined where one can. */
export function withoutPostgres(): string | undefined {
  if (!existsSync(join(BINARIES, "initdb"))) return `there is no PostgreSQL in ${BINARIES}`;
  if (Bun.which("openssl") === null) return "there is no openssl";
  if (process.getuid?.() === 0 && idOf("-u") === undefined) return `there is no user ${OTHER_USER} to run it as`;
  return undefined;
}

/** A server with an empty database, which asks for the password of a user over TCP. */
export function startCluster(password: string): Cluster {
  const root = mkdtempSync(join(tmpdir(), "selkie-pg-"));
  chmodSync(root, 0o755);
  const home = join(root, "home");
  mkdirSync(home);
  const data = join(home, "data");
  writeFileSync(join(home, "password"), password);
  const certificate = join(home, "server.crt");
  const key = join(home, "server.key");
  run([
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost",
    "-keyout",
    key,
    "-out",
    certificate,
  ]);
  chmodSync(key, 0o600);
  if (process.getuid?.() === 0)
    for (const path of [home, join(home, "password"), certificate, key])
      chownSync(path, idOf("-u") ?? 0, idOf("-g") ?? 0);
  asOther([
    join(BINARIES, "initdb"),
    "-D",
    data,
    "-U",
    "letta",
    "-E",
    "UTF8",
    "--locale=C",
    "--auth-local=trust",
    "--auth-host=scram-sha-256",
    `--pwfile=${join(home, "password")}`,
  ]);
  const secured = `ssl = on\nssl_cert_file = '${certificate}'\nssl_key_file = '${key}'\n`;
  appendFileSync(join(data, "postgresql.conf"), secured);
  const port = freePort();
  const settings = [
    `-p ${port}`,
    `-k ${home}`,
    "-c listen_addresses=127.0.0.1",
    "-c fsync=off",
    "-c timezone=Asia/Kolkata",
  ];
  asOther([
    join(BINARIES, "pg_ctl"),
    "-D",
    data,
    "-w",
    "-t",
    "30",
    "-l",
    join(home, "log"),
    "-o",
    settings.join(" "),
    "start",
  ]);
  const psql = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", home, "-p", String(port), "-U", "letta"];
  return {
    socket: home,
    port,
    certificate,
    sql: (statement, database = "postgres") => run([...psql, "-d", database, "-c", statement]).trim(),
    load: (path, database) => void run([...psql, "-d", database, "-f", path]),
    stop() {
      try {
        asOther([join(BINARIES, "pg_ctl"), "-D", data, "-w", "-m", "immediate", "stop"]);
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
    },
  };
}

function idOf(option: "-u" | "-g"): number | undefined {
  const { status, stdout } = spawnSync("id", [option, OTHER_USER], { encoding: "utf8" });
  return status === 0 ? Number(stdout) : undefined;
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

function asOther(command: readonly string[]): string {
  const isRoot = process.getuid?.() === 0;
  return run(isRoot ? ["runuser", "-u", OTHER_USER, "--", ...command] : command);
}

function run([program = "", ...args]: readonly string[]): string {
  // What pg_ctl starts would keep a pipe open for as long as it runs.
  const isStart = args.includes("start");
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: "utf8",
    cwd: "/",
    stdio: isStart ? "ignore" : "pipe",
    env: { PATH: process.env["PATH"] },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${status}: ${stderr}`);
  return stdout ?? "";
}
