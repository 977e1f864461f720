// It runs before anything is installed, so nothing here may import a package.
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const ROOT = join(import.meta.dir, "..");
/** Variables that lead to what this machine has installed or downloaded already. */
const OWN_VARIABLES = /^(npm_|bun_|xdg_|selkie_(?!ci_)|letta_|node_path$)/i;

/** Somebody who has just cloned the project: an empty home, empty caches, nothing installed. */
export interface Newcomer {
  /** The clone of what is committed. */
  readonly clone: string;
  readonly environment: Readonly<Record<string, string>>;
  /** A folder of theirs beside the clone. */
  readonly folder: string;
  /** Removes all of it. */
  remove(): void;
}

/** Clones what is committed here into a new folder, with a home of its own beside it. */
export function newcomer(): Newcomer {
  const folder = mkdtempSync(join(tmpdir(), "selkie-newcomer-"));
  const [clone, home] = [join(folder, "selkie"), join(folder, "home")];
  mkdirSync(home);
  const { exitCode, stderr } = Bun.spawnSync(["git", "clone", "--quiet", ROOT, clone], { env: process.env });
  if (exitCode !== 0) throw new Error(`git clone failed: ${stderr}`);
  // Data that tests read where it lies, if it is there.
  const shared = join(ROOT, "../shared");
  if (existsSync(shared)) symlinkSync(realpathSync(shared), join(folder, "shared"));
  return {
    clone,
    folder,
    environment: { ...ownless(process.env), HOME: home, npm_config_cache: join(home, ".npm") },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The environment without what npx and this machine's own settings add to it. */
function ownless(environment: NodeJS.ProcessEnv): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined && !OWN_VARIABLES.test(name)) kept[name] = value;
  const path = (environment["PATH"] ?? "").split(delimiter).filter((entry) => !entry.includes("node_modules"));
  return { ...kept, PATH: path.join(delimiter) };
}
