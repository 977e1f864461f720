import type { Settings } from "../command/settings.ts";
import type { Server } from "../compose.ts";
import { openServer } from "../serving/serve.ts";

/** How long work that began by itself may still take; what is left goes on at the next start. */
const DRAIN_MS = 1_000;

/** Uses a data folder that no other server is at work on. What was stored is on disk when this resolves. */
export async function withServer<T>(settings: Settings, use: (server: Server) => Promise<T>): Promise<T> {
  const { server, close } = await openServer(settings, { settlesCopy: false });
  try {
    const result = await use(server);
    await server.store.durable();
    return result;
  } finally {
    // What is imported may owe work, and that begins at once: the database must not close in the midst of it.
    await server.runner.drain(DRAIN_MS);
    await close();
  }
}
