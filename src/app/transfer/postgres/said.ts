import { Failure } from "../../../core/failure.ts";
import type { Address } from "./address.ts";

const PASSWORD_WAYS = "Give it in the URL, by PGPASSWORD or in ~/.pgpass (which only its owner may read)";

type Say = (address: Address, message: string) => string;

const NO_SERVER: Say = ({ shown, host }, message) =>
  `No connection to ${shown}: ${message}. Is PostgreSQL running there, and reachable from here? ${host.startsWith("/") ? "The folder must be that of its socket" : "Within a container its port must be published"}`;
const NO_PASSWORD: Say = ({ shown }) => `${shown} asks for a password. ${PASSWORD_WAYS}`;
const STOPPED: Say = ({ shown }, message) =>
  `${shown} ended the connection: ${message}. Nothing was stored; the same command begins again`;

/** What errors mean, by the codes of PostgreSQL and of the system. */
const BY_CODE: Readonly<Record<string, Say>> = {
  ECONNREFUSED: NO_SERVER,
  ECONNRESET: NO_SERVER,
  ENOENT: NO_SERVER,
  ENOTFOUND: NO_SERVER,
  EAI_AGAIN: NO_SERVER,
  EHOSTUNREACH: NO_SERVER,
  ENETUNREACH: NO_SERVER,
  ETIMEDOUT: NO_SERVER,
  "28P01": ({ shown }) => `${shown} refused the password, or knows no such user. ${PASSWORD_WAYS}`,
  "28000": ({ shown }, message) =>
    `${shown} does not let this user in: ${message}. Its pg_hba.conf says who may come from where; ?sslmode=require asks for TLS`,
  "3D000": ({ shown, database }) =>
    `${shown}: that server has no database '${database}'. Letta's is called letta where nothing else was said`,
  "42501": ({ shown, user }, message) =>
    `${shown}: ${message}. A role that may read all of it is needed: GRANT SELECT ON ALL TABLES IN SCHEMA public TO "${user}"; where rows are hidden by policies, its owner`,
  "53300": ({ shown }) =>
    `${shown} has no connection left. Stop Letta's server, which need not run meanwhile, and try again`,
  "55P03": ({ shown }) =>
    `${shown}: somebody holds a lock on a table. Let it end, a migration for instance, and try again`,
  "57P03": ({ shown }, message) => `${shown} is not ready: ${message}. Try again when it is up`,
  "57P01": STOPPED,
  "57P02": STOPPED,
  "57014": ({ shown }) =>
    `${shown} took too long to answer, or the query was cancelled there. Nothing was stored; try again`,
  "40001": ({ shown }) =>
    `${shown} is a copy that follows another server, and gave up. Read from the first server instead`,
};

/** What errors mean that have no code, by what they say. */
const BY_TEXT: readonly (readonly [RegExp, Say])[] = [
  [/password must be a (non-empty )?string/i, NO_PASSWORD],
  [
    /timeout expired/i,
    ({ shown, connectTimeoutMs }) =>
      `${shown} did not answer within ${connectTimeoutMs / 1_000} s. Is it reachable from here? ?connect_timeout=60 waits longer`,
  ],
  [
    /does not support SSL/i,
    ({ shown, sslMode }) =>
      `${shown} has no TLS, which sslmode=${sslMode} asks for. ?sslmode=disable goes without, where the network can be trusted`,
  ],
  [
    /certificate|self[- ]signed|altnames/i,
    ({ shown, sslMode }, message) =>
      `${shown} has a certificate that sslmode=${sslMode} does not take: ${message}. ?sslrootcert=FILE names who may vouch for it`,
  ],
  [/terminated|closed|not queryable/i, STOPPED],
];

/** Whether a server refused only because it speaks no TLS. */
export function isWithoutTls(error: unknown): boolean {
  return error instanceof Error && /does not support SSL/i.test(error.message);
}

/** An error of a connection, in words that name the thing and the way out. A Failure stays as it is. */
export function saidOf(error: unknown, address: Address): unknown {
  if (error instanceof Failure || !(error instanceof Error)) return error;
  const code = codeOf(error);
  const message = withoutPassword(error.message || code || "it says nothing more", address);
  const say = (code === undefined ? undefined : BY_CODE[code]) ?? BY_TEXT.find(([text]) => text.test(message))?.[1];
  const kind = say === NO_SERVER ? "unavailable" : "refused";
  // No cause: what a driver throws may hold what it was given.
  return new Failure(kind, say?.(address, message) ?? `${address.shown}: ${message}`);
}

/** Several addresses of a name that all failed come as one error, which says nothing itself. */
function codeOf(error: Error): string | undefined {
  if ("code" in error && typeof error.code === "string") return error.code;
  return error instanceof AggregateError && error.errors[0] instanceof Error ? codeOf(error.errors[0]) : undefined;
}

/** No message should have it. One that is also a name, as in Letta's own container, is no secret and would hide the name. */
function withoutPassword(message: string, { password, user, database }: Address): string {
  return password && password !== user && password !== database ? message.replaceAll(password, "***") : message;
}
