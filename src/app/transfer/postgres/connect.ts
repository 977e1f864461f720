import { readFileSync } from "node:fs";
import { type ConnectionOptions, checkServerIdentity } from "node:tls";
import { Client } from "pg";
import { Failure } from "../../../core/failure.ts";
import type { Address } from "./address.ts";
import { passwordFromFile } from "./password-file.ts";
import { isWithoutTls } from "./said.ts";

/** By what a server's list of sessions tells this one. */
const APPLICATION = "selkie import";
/** How long a goodbye may take. */
const END_MS = 2_000;

/** Connects; with `prefer` without TLS where the server has none. Throws what the driver throws. */
export async function connect(
  address: Address,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Client> {
  const password = address.password ?? passwordFromFile(address, environment);
  const secured = { ...address, password };
  const ssl = tlsOf(address);
  try {
    return await opened(secured, ssl);
  } catch (error) {
    if (ssl === false || address.sslMode !== "prefer" || !isWithoutTls(error)) throw error;
    return opened(secured, false);
  }
}

async function opened(address: Address, ssl: ConnectionOptions | false): Promise<Client> {
  const { host, port, user, database, password, connectTimeoutMs } = address;
  const client = new Client({
    host,
    port,
    user,
    database,
    // Undefined would have the driver look for one in its own ways.
    password: () => password ?? "",
    ssl,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: APPLICATION,
    keepAlive: true,
  });
  // A connection that breaks also fails the query at work, which is where it is heard.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    void client.end().catch(() => undefined);
    throw error;
  }
  return client;
}

/** Ends a connection, at once where a query is at work, and waits for that only for a moment. */
export async function ended(client: Client): Promise<void> {
  await Promise.race([client.end().catch(() => undefined), Bun.sleep(END_MS)]);
}

/** A connection, unless it is no longer wanted before it is there; then it is ended as soon as it is. */
export async function untilAborted(connecting: Promise<Client>, signal: AbortSignal): Promise<Client> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => {
    connecting.then(ended, () => undefined);
    reject(signal.reason);
  };
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([connecting, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function tlsOf({ host, sslMode, sslRootCert }: Address): ConnectionOptions | false {
  if (sslMode === "disable" || host.startsWith("/")) return false;
  const ca = sslRootCert === undefined || sslRootCert === "system" ? {} : { ca: certificatesOf(sslRootCert) };
  // As with libpq: one who may vouch for the server is named to be asked.
  const isChecked = sslMode.startsWith("verify") || "ca" in ca;
  return {
    ...ca,
    rejectUnauthorized: isChecked,
    checkServerIdentity: (_, certificate) =>
      sslMode === "verify-full" ? checkServerIdentity(host, certificate) : undefined,
  };
}

function certificatesOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new Failure("refused", `--from: sslrootcert names ${path}, which cannot be read`);
  }
}
