// Installs and builds what is missing or old, then becomes the server: `bun run start [options of selkie serve]`.
// It runs before anything is installed, so nothing here may import a package.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.ts";
import { runBun } from "./command.ts";

const ROOT = join(import.meta.dir, "..");
const PROGRAM = join(ROOT, "dist", process.platform === "win32" ? "selkie.exe" : "selkie");
/** What was installed, and what was built, as {@link fingerprint} tells it. */
const INSTALLED = join(ROOT, "node_modules", ".selkie-installed");
const BUILT = join(ROOT, "dist", ".selkie-built");
const INSTALL_INPUTS = ["package.json", "bun.lock"];
const SOURCES = "src/**/*.{ts,json}";

/** A text that differs when the content of any of the files, or Bun, does. */
function fingerprint(paths: readonly string[]): string {
  const hash = new Bun.CryptoHasher("sha256");
  hash.update(`${Bun.version} ${process.platform} ${process.arch}\n`);
  for (const path of paths) {
    const content = readFileSync(join(ROOT, path));
    hash.update(`${path} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

function isCurrent(stamp: string, expected: string): boolean {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === expected;
}

function say(text: string): void {
  process.stderr.write(`selkie: ${text}\n`);
}

async function install(): Promise<void> {
  const wanted = fingerprint(INSTALL_INPUTS);
  if (isCurrent(INSTALLED, wanted)) return;
  say("installing packages (the first time takes a while)");
  const { code, output, seconds } = await runBun(["install", "--frozen-lockfile"], ROOT);
  if (code !== 0) throw new Error(`bun install failed:\n${output}`);
  writeFileSync(INSTALLED, wanted);
  say(`installed in ${seconds.toFixed(1)} s`);
}

async function rebuild(): Promise<void> {
  const sources = [...new Bun.Glob(SOURCES).scanSync({ cwd: ROOT })]
    .filter((path) => !path.endsWith(".test.ts"))
    .sort();
  const wanted = fingerprint([...INSTALL_INPUTS, "tsconfig.json", "scripts/build.ts", ...sources]);
  if (existsSync(PROGRAM) && isCurrent(BUILT, wanted)) return;
  say("building the executable");
  const start = performance.now();
  const bytes = await build({ root: ROOT, out: PROGRAM });
  writeFileSync(BUILT, wanted);
  say(`built in ${((performance.now() - start) / 1000).toFixed(1)} s, ${(bytes / 1e6).toFixed(0)} MB`);
}

/** Turns this process into the server, so that signals and the exit code are its own. Windows has no such call. */
async function become(args: readonly string[]): Promise<never> {
  if (process.platform !== "win32") process.execve?.(PROGRAM, [PROGRAM, ...args], process.env);
  const server = Bun.spawn([PROGRAM, ...args], { stdio: ["inherit", "inherit", "inherit"] });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => server.kill(signal));
  process.exit(await server.exited);
}

try {
  await install();
  await rebuild();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  // A failed build says where in the errors that it holds.
  for (const cause of error instanceof AggregateError ? error.errors : []) say(Bun.inspect(cause));
  process.exit(1);
}
await become(["serve", ...process.argv.slice(2)]);
