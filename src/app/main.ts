// First, because it may start this program anew.
import "./serving/connection-limit.ts";
import { Failure } from "../core/failure.ts";
import { runCommand } from "./command/cli.ts";
import { entryUrl } from "./entries.ts";
import { READ_DOCUMENTS } from "./tools/documents.ts";

try {
  if (process.argv[2] === READ_DOCUMENTS) await import(entryUrl("tools/document-worker").href);
  else process.exitCode = await runCommand(process.argv.slice(2), process.env);
} catch (error) {
  const text =
    error instanceof Failure ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`selkie: ${text}\n`);
  process.exitCode = 1;
}
// Timers and pooled connections must not keep a finished command alive.
process.exit();
