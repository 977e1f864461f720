// The server with tools that run outside, in a process of its own: it tells when a call stands at SELKIE_TEST_STOP_AT, and
// lets it go no further.
import { compose } from "../../src/app/compose.ts";
import { openSqlite } from "../../src/app/disk/sqlite.ts";
import { providersFrom } from "../../src/app/providers.ts";
import { realWorld } from "../../src/app/world.ts";
import { processRuntime } from "./process-runtime.ts";

const { SELKIE_TEST_STOP_AT: stopAt, SELKIE_TEST_REACHED: reached = "" } = process.env;
const directory = process.argv.at(-1) ?? "";
const server = await compose({
  world: realWorld(),
  database: openSqlite(directory),
  providers: providersFrom(process.env),
  apiKey: null,
  origins: [],
  localOnly: true,
  llmRequestTimeoutMs: 30_000,
  llmStreamTimeoutMs: 30_000,
  log: () => {},
  toolRuntime: processRuntime(async (moment, { callId }) => {
    if (moment !== stopAt) return;
    await Bun.write(reached, callId);
    await new Promise(() => {});
  }),
});
await server.runner.recover();
const http = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => server.api.fetch(request) });
process.stdout.write(`listens on http://127.0.0.1:${http.port}\n`);
