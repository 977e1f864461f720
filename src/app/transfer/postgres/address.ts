import { Failure } from "../../../core/failure.ts";

/** How the connection is secured, in libpq's words. */
export type SslMode = "disable" | "prefer" | "require" | "verify-ca" | "verify-full";

/** Where a database is, and as whom to ask. */
export interface Address {
  /** What may be shown of it: no password, no parameters. */
  readonly shown: string;
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string | undefined;
  readonly sslMode: SslMode;
  /** A file with the certificates of those who may vouch for the server; the system's when undefined. */
  readonly sslRootCert: string | undefined;
  readonly connectTimeoutMs: number;
}

const SCHEME = /^postgres(?:ql)?(?:\+[a-z0-9_]+)?:\/\//i;
const NO_HOST = "none.invalid";
const PORT = 5432;
const PORT_MAX = 65_535;
const CONNECT_TIMEOUT_S = 10;
const CONNECT_TIMEOUT_MAX_S = 300;
/** What may stand behind the `?`. `ssl` is what some drivers of Python call `sslmode`. */
const PARAMETERS: readonly string[] = [
  "host",
  "port",
  "user",
  "password",
  "dbname",
  "sslmode",
  "ssl",
  "sslrootcert",
  "connect_timeout",
  "application_name",
];
const SSL_MODES: Readonly<Record<string, SslMode>> = {
  disable: "disable",
  false: "disable",
  allow: "prefer",
  prefer: "prefer",
  require: "require",
  true: "require",
  "verify-ca": "verify-ca",
  "verify-full": "verify-full",
};
const FORM = "postgres://USER@HOST:5432/DATABASE";

/** Whether a source is a database to connect to, with or without the name of a Python driver: `postgresql+asyncpg://`. */
export function isPostgresUrl(from: string): boolean {
  return SCHEME.test(from);
}

/**
 * Reads a URL as libpq does; what it does not say comes of PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD and PGSSLMODE.
 * Throws a `refused` Failure that repeats nothing of it but names of parameters: a password may stand anywhere in what is mistyped.
 */
export function readAddress(from: string, environment: Readonly<Record<string, string | undefined>>): Address {
  // A URL without a host is one to libpq alone.
  const text = from.replace(SCHEME, "postgres://").replace(/^(postgres:\/\/(?:[^/?#]*@)?)(?=[/?:]|$)/, `$1${NO_HOST}`);
  const url = URL.parse(text);
  // What stands behind an unwritten slash of a password would be shown as the name of a database.
  if (url === null || url.pathname.includes("@"))
    throw new Failure(
      "refused",
      `--from: the URL of the database cannot be read. Write it as ${FORM}; signs such as @ / : # % ? in a password are written %40 %2F %3A %23 %25 %3F, or give it by PGPASSWORD`,
    );
  const said = parametersOf(url);
  const part = (name: string, inUrl: string, variable: string) =>
    said.get(name) || decoded(inUrl) || environment[variable] || undefined;
  const user = part("user", url.username, "PGUSER");
  const database = part("dbname", url.pathname.slice(1), "PGDATABASE") ?? user;
  if (user === undefined || database === undefined)
    throw new Failure("refused", `--from: the URL of the database names no user. Write it as ${FORM}`);
  const named = url.hostname === NO_HOST ? "" : url.hostname.replace(/^\[(.*)\]$/, "$1");
  const host = part("host", named, "PGHOST") ?? "localhost";
  const port = portOf(part("port", url.port, "PGPORT"));
  const mode = said.get("sslmode") ?? said.get("ssl") ?? environment["PGSSLMODE"] ?? "prefer";
  const sslMode = SSL_MODES[mode];
  if (sslMode === undefined)
    throw new Failure("refused", `--from: sslmode is none of ${Object.keys(SSL_MODES).join(", ")}`);
  return {
    shown: host.startsWith("/")
      ? `postgres://${user}@/${database}?host=${host}`
      : `postgres://${user}@${host.includes(":") ? `[${host}]` : host}:${port}/${database}`,
    host,
    port,
    user,
    database,
    password: part("password", url.password, "PGPASSWORD"),
    sslMode,
    sslRootCert: said.get("sslrootcert") ?? environment["PGSSLROOTCERT"] ?? undefined,
    connectTimeoutMs: timeoutOf(said.get("connect_timeout") ?? environment["PGCONNECT_TIMEOUT"]),
  };
}

function parametersOf(url: URL): ReadonlyMap<string, string> {
  const said = new Map(url.searchParams);
  const unknown = [...said.keys()].filter((name) => !PARAMETERS.includes(name));
  if (unknown.length > 0)
    throw new Failure(
      "refused",
      `--from: the URL of the database says ${unknown.join(", ")}, which is not known here. What is known: ${PARAMETERS.join(", ")}`,
    );
  return said;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that was meant as one.
    return text;
  }
}

function portOf(text: string | undefined): number {
  const port = text === undefined ? PORT : Number(text);
  if (Number.isInteger(port) && port > 0 && port <= PORT_MAX) return port;
  throw new Failure("refused", `--from: the port of the database must be a number from 1 to ${PORT_MAX}`);
}

function timeoutOf(text: string | undefined): number {
  const seconds = text === undefined ? CONNECT_TIMEOUT_S : Number(text);
  if (Number.isFinite(seconds) && seconds >= 1) return Math.min(seconds, CONNECT_TIMEOUT_MAX_S) * 1_000;
  throw new Failure("refused", "--from: connect_timeout must be a number of seconds, 1 or more");
}
