// Installs and builds what is missing or old, then becomes the server: `bun run start [options of selkie serve]`.
// It runs before anything is installed, so nothing here may import a package. The build is a process of its own: this
// one has looked for packages where there were none, and would not find them later.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { launcherIsRunning } from "../src/app/command/launcher.ts";
import { runBun } from "./command.ts";
import { fingerprint, INSTALL_INPUTS, install, isCurrent } from "./install.ts";

const ROOT = join(import.meta.dir, "..");
const PROGRAM = join(ROOT, "dist", process.platform === "win32" ? "selkie.exe" : "selkie");
/** What was built, as {@link fingerprint} tells it. */
const BUILT = join(ROOT, "dist", ".selkie-built");
const SOURCES = "src/**/*.{ts,json}";
/** How often one that waits is told that the work goes on. */
const STILL_MS = 5_000;

function say(text: string): void {
  process.stderr.write(`selkie: ${text}\n`);
}

/** Does the work and says every few seconds that it still does. */
async function saying<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const timer = setInterval(() => say(`still ${what} (${Math.round((performance.now() - start) / 1000)} s)`), STILL_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

async function installPackages(): Promise<void> {
  const outcome = await saying("installing packages", () =>
    install(ROOT, () => say("installing packages (the first time takes a while)")),
  );
  if (outcome === undefined) return;
  if (outcome.code !== 0)
    throw new Error(
      `packages could not be installed; the registry of npm must be reachable. Bun says:\n${outcome.output.trim()}`,
    );
  say(`installed in ${outcome.seconds.toFixed(1)} s`);
}

async function rebuild(): Promise<void> {
  const sources = [...new Bun.Glob(SOURCES).scanSync({ cwd: ROOT })]
    .filter((path) => !path.endsWith(".test.ts"))
    .sort();
  const wanted = fingerprint(ROOT, [...INSTALL_INPUTS, "tsconfig.json", "scripts/build.ts", ...sources]);
  if (existsSync(PROGRAM) && isCurrent(BUILT, wanted)) return;
  say("building the executable");
  const { code, output, seconds } = await saying("building", () =>
    runBun(["scripts/build.ts", "--out", PROGRAM], ROOT),
  );
  if (code !== 0) throw new Error(`the executable could not be built:\n${output.trim()}`);
  writeFileSync(BUILT, wanted);
  say(`built in ${seconds.toFixed(1)} s, ${(Bun.file(PROGRAM).size / 1e6).toFixed(0)} MB`);
}

/** Turns this process into the server, so that signals and the exit code are its own. Windows has no such call. */
async function become(args: readonly string[]): Promise<never> {
  if (process.platform !== "win32") process.execve?.(PROGRAM, [PROGRAM, ...args], process.env);
  const server = Bun.spawn([PROGRAM, ...args], { stdio: ["inherit", "inherit", "inherit"] });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => server.kill(signal));
  process.exit(await server.exited);
}

const isWanted = launcherIsRunning();
try {
  for (const step of [installPackages, rebuild]) {
    await step();
    // Whoever started this was told to stop meanwhile, and nobody would stop the server.
    if (!isWanted()) process.exit(143);
  }
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
await become(["serve", ...process.argv.slice(2)]);
