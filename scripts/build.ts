// Builds the server into one executable: `bun run build [--target bun-linux-arm64] [--out dist/name]`.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";

/** What to build, and for which machine. */
export interface BuildOptions {
  /** The folder that holds `src/app/main.ts`. */
  readonly root: string;
  /** The file to write. */
  readonly out: string;
  /** Bun's name for the machine, such as `bun-linux-arm64`; this one when absent. */
  readonly target?: string | undefined;
}

/** Modules that stand on their own: the program, the workers that it starts, and what only a chat loads. */
const ENTRIES = [
  "src/app/main.ts",
  "src/app/copies/database-worker.ts",
  "src/app/disk/checkpoint-worker.ts",
  "src/app/serving/body-worker.ts",
  "src/app/serving/token-worker.ts",
  "src/app/terminal/screen.ts",
  "src/app/tools/document-worker.ts",
  "src/app/tools/pure-worker.ts",
];

/** Writes the executable and returns its size in bytes. The old one stays in place until the new one is whole. */
export async function build({ root, out, target }: BuildOptions): Promise<number> {
  const folder = dirname(out);
  const prefix = `.${basename(out)}-draft-`;
  const draft = join(folder, `${prefix}${process.pid}`);
  mkdirSync(draft, { recursive: true });
  removeDeadDrafts(folder, prefix);
  try {
    const built = await Bun.build({
      entrypoints: ENTRIES.map((entry) => join(root, entry)).filter((path) => existsSync(path)),
      // Names inside the executable follow from this, and those of src/app/entries.ts from them.
      root: join(root, "src/app"),
      target: "bun",
      format: "esm",
      minify: true,
      bytecode: true,
      sourcemap: "linked",
      compile: {
        outfile: join(draft, "selkie"),
        // A bunfig.toml that happens to lie where the server is started could make it run anything.
        autoloadBunfig: false,
        ...(target === undefined ? {} : { target: requireTarget(target) }),
      },
    });
    for (const log of built.logs) console.error(String(log));
    // Source maps are inside the executable too. The program's name gets ".exe" on Windows.
    const program = readdirSync(draft).find((name) => !name.endsWith(".map"));
    if (program === undefined) throw new Error(`Bun wrote no executable into ${draft}`);
    renameSync(join(draft, program), out);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return statSync(out).size;
}

/** A build that was killed leaves its draft behind, more than 100 MB. */
function removeDeadDrafts(folder: string, prefix: string): void {
  for (const name of readdirSync(folder).filter((name) => name.startsWith(prefix))) {
    try {
      process.kill(Number(name.slice(prefix.length)), 0);
    } catch {
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
}

function requireTarget(target: string): Bun.Build.CompileTarget {
  if (isTarget(target)) return target;
  throw new Error(`--target must be one of Bun's, such as bun-linux-arm64, got '${target}'`);
}

function isTarget(target: string): target is Bun.Build.CompileTarget {
  return /^bun-(linux|darwin|windows)-(x64|arm64)(-[a-z0-9]+)*$/.test(target);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { target: { type: "string" }, out: { type: "string" } } });
  const root = join(import.meta.dir, "..");
  const suffix = values.target?.replace("bun", "") ?? "";
  const extension = (values.target ?? process.platform).includes("win") && !suffix.includes("darwin") ? ".exe" : "";
  const out = values.out === undefined ? join(root, "dist", `selkie${suffix}${extension}`) : resolve(values.out);
  const start = performance.now();
  const bytes = await build({ root, out, target: values.target });
  console.log(`${out}  ${(bytes / 1e6).toFixed(1)} MB  ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

if (import.meta.main) await main();
