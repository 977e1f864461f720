// It runs before anything is installed, so nothing here may import a package.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Outcome, runBun } from "./command.ts";

/** What decides which packages are installed. */
export const INSTALL_INPUTS = ["package.json", "bun.lock"];

/** A text that differs when the content of any of the files, or Bun, does. */
export function fingerprint(root: string, paths: readonly string[]): string {
  const hash = new Bun.CryptoHasher("sha256");
  hash.update(`${Bun.version} ${process.platform} ${process.arch}\n`);
  for (const path of paths) {
    const content = readFileSync(join(root, path));
    hash.update(`${path} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

/** Whether the file `stamp` says that what `expected` stands for was done to its end. */
export function isCurrent(stamp: string, expected: string): boolean {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === expected;
}

/** Installs the locked packages of the project in `root`; undefined when they are there already. */
export async function install(root: string, onBegin = () => {}): Promise<Outcome | undefined> {
  const stamp = join(root, "node_modules/.selkie-installed");
  const wanted = fingerprint(root, INSTALL_INPUTS);
  if (isCurrent(stamp, wanted)) return undefined;
  onBegin();
  const outcome = await runBun(["install", "--frozen-lockfile"], root);
  if (outcome.code === 0) writeFileSync(stamp, wanted);
  return outcome;
}
