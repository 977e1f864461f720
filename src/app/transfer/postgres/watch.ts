import type { Client } from "pg";
import { Failure } from "../../../core/failure.ts";
import type { Address } from "./address.ts";
import { connect, ended } from "./connect.ts";

/** Watches over what is asked of a server. */
export interface Watch {
  /** Something came. */
  heard(): void;
}

/** What is needed to cancel what a server is at work on. */
interface Watched {
  readonly address: Address;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** How long nothing may come: a count of a large table is silent for long. */
const SILENCE_MS = 300_000;
const CHECK_MS = 1_000;
/** How long cancelling may take; a server that sends to a connection that is gone ends the query itself. */
const CANCEL_MS = 3_000;

/**
 * Does work by a connection, and rejects early where nothing comes for long or the signal aborts. What the server is at work on is
 * cancelled then, as it would go on waiting for a lock with nobody to tell.
 */
export async function watched<T>(client: Client, by: Watched, use: (watch: Watch) => Promise<T>): Promise<T> {
  const { address, signal } = by;
  const { promise: broken, reject } = Promise.withResolvers<never>();
  let heardMs = performance.now();
  let cancelling: Promise<void> | undefined;
  const working = processOf(client);
  const giveUp = (reason: unknown) => {
    cancelling ??= cancel(working, by).finally(() => reject(reason));
  };
  const stop = () => giveUp(signal.reason);
  const timer = setInterval(() => {
    if (performance.now() - heardMs < SILENCE_MS) return;
    giveUp(
      new Failure(
        "timeout",
        `${address.shown} sent nothing for ${SILENCE_MS / 1_000} s. Nothing was stored; try again`,
      ),
    );
  }, CHECK_MS);
  signal.addEventListener("abort", stop, { once: true });
  try {
    await Promise.race([working, broken]);
    return await Promise.race([
      use({
        heard() {
          heardMs = performance.now();
        },
      }),
      broken,
    ]);
  } finally {
    clearInterval(timer);
    signal.removeEventListener("abort", stop);
    await cancelling;
  }
}

async function processOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ readonly pid: number }>("select pg_catalog.pg_backend_pid() as pid");
  return rows[0]?.pid ?? 0;
}

/** Asks by a connection of its own, which is secured as the first was. Never rejects. */
async function cancel(working: Promise<number>, { address, environment }: Watched): Promise<void> {
  const asked = (async () => {
    const pid = await working;
    const client = await connect({ ...address, connectTimeoutMs: CANCEL_MS }, environment);
    try {
      await client.query("select pg_catalog.pg_cancel_backend($1)", [pid]);
    } finally {
      await ended(client);
    }
  })().catch(() => undefined);
  await Promise.race([asked, Bun.sleep(CANCEL_MS)]);
}
