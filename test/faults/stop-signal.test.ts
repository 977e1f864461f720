import { afterEach, beforeEach, expect, test } from "bun:test";
import { SELKIE } from "../_harness/program.ts";
import { startServer, temporaryDirectory } from "../_harness/server-process.ts";

/** Longer than the server looks away from what started it. */
const STOP_MS_MAX = 5_000;

let directory: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

/** Starts a server by this shell script, in which "$@" is the server's command. */
function startedBy(script: string, environment: Readonly<Record<string, string>> = {}) {
  return startServer(directory.path, environment, ["bash", "-c", script, "shell", ...SELKIE]);
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/v1/health/`)).ok;
  } catch {
    return false;
  }
}

async function stops(url: string): Promise<boolean> {
  const end = performance.now() + STOP_MS_MAX;
  while (await answers(url)) {
    if (performance.now() > end) return false;
    await Bun.sleep(20);
  }
  return true;
}

test("stopSignal() stops the server in good order when its terminal is closed", async () => {
  const server = await startedBy('exec "$@"');
  expect(await server.stop("SIGHUP")).toBe(0);
});

test("stopSignal() lets a server live on that was started to outlive its terminal", async () => {
  const server = await startedBy('trap "" HUP; exec "$@"');
  void server.stop("SIGHUP");
  await Bun.sleep(300);
  expect(await answers(server.url)).toBe(true);
  expect(await server.stop()).toBe(0);
});

test("stopSignal() stops the server when the package runner that started it is gone", async () => {
  // As npm does: a runner that waits for a shell, which waits for the program.
  const runner = `exec -a "npm exec selkie" bash -c '"$@" & wait' npm "$@"`;
  const server = await startedBy(runner, { npm_config_user_agent: "npm/11" });
  await server.kill();
  expect(await stops(server.url)).toBe(true);
});
