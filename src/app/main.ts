// First, because it may start this program anew.
import "./serving/connection-limit.ts";
import { Failure } from "../core/failure.ts";
import { entryUrl } from "./entries.ts";
import { WORKERS } from "./own-command.ts";

try {
  const worker = WORKERS.get(process.argv[2] ?? "");
  if (worker !== undefined) await import(entryUrl(worker).href);
  else {
    // Loaded here, for a worker that is started for one call has no use for it.
    const { runCommand } = await import("./command/cli.ts");
    process.exitCode = await runCommand(process.argv.slice(2), process.env);
  }
} catch (error) {
  const text =
    error instanceof Failure ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`selkie: ${text}\n`);
  process.exitCode = 1;
}
// Timers and pooled connections must not keep a finished command alive.
process.exit();
