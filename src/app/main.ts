// First, because it may start this program anew.
import "./serving/connection-limit.ts";
import { Failure } from "../core/failure.ts";
import { runCommand } from "./command/cli.ts";

try {
  process.exitCode = await runCommand(process.argv.slice(2), process.env);
} catch (error) {
  const text =
    error instanceof Failure ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`selkie: ${text}\n`);
  process.exitCode = 1;
}
// Timers and pooled connections must not keep a finished command alive.
process.exit();
