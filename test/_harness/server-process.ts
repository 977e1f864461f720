import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SELKIE } from "./program.ts";

/** How long a server process gets to listen. */
const START_MS_MAX = 15_000;

/** A real server in a process of its own, for tests. */
export interface ServerProcess {
  readonly url: string;
  /** Kills it as a crash would: no handler runs. */
  kill(): Promise<void>;
  /** Asks it to stop, by SIGTERM unless told otherwise, and returns its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number>;
}

/** Starts `selkie serve` on a free port, or on that of SELKIE_PORT, and waits until it listens; its log goes to the test's own stderr. */
export async function startServer(
  dataDirectory: string,
  environment: Readonly<Record<string, string>> = {},
  command?: readonly string[],
): Promise<ServerProcess> {
  const entry = command ?? SELKIE;
  const child = Bun.spawn([...entry, "serve", "--port", environment["SELKIE_PORT"] ?? "0", "--data", dataDirectory], {
    env: { PATH: process.env["PATH"] ?? "", HOME: dataDirectory, SELKIE_LOG_LEVEL: "error", ...environment },
    stdout: "pipe",
    stderr: "inherit",
  });
  const url = await Promise.race([listeningUrl(child.stdout), Bun.sleep(START_MS_MAX).then(() => undefined)]);
  if (url === undefined) {
    child.kill(9);
    throw new Error(`The server did not listen within ${START_MS_MAX} ms`);
  }
  return {
    url,
    async kill() {
      child.kill(9);
      await child.exited;
    },
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      return child.exited;
    },
  };
}

/** The command for {@link startServer} by which the server's log goes to the file `path` instead. */
export function loggedTo(path: string): readonly string[] {
  return ["sh", "-c", `exec "$@" 2> '${path}'`, "sh", ...SELKIE];
}

async function listeningUrl(output: ReadableStream<Uint8Array>): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  return new Promise((resolve) => {
    // Read to its end, so that the server never blocks on a full pipe.
    void (async () => {
      for await (const bytes of output) {
        text += decoder.decode(bytes, { stream: true });
        const found = /listens on (http:\S+)/.exec(text)?.[1];
        if (found !== undefined) resolve(found);
      }
      resolve(undefined);
    })();
  });
}

/** A directory that is removed when the test is over. */
export function temporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "selkie-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
