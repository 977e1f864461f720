// Every folder with code says in a README.md what it is for, and whatever a page names by a file's name is there. Pages
// name files by the end of their path: `runner.ts`, `run/runner.ts`, `*-checks.ts`.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sourceFiles } from "./exports.ts";
import { FOLDERS } from "./gates.ts";

/** A file that a page names. */
const NAMED = /`([\w./*-]+\.tsx?)`/g;
/** Files that pages tell readers to make, and patterns of names. */
const TO_BE_MADE = new Set(["otter.ts", "hello.ts", "_name.ts", "_test-name.ts"]);

const root = process.argv[2] ?? ".";
const files = sourceFiles(root, FOLDERS);
const found = [
  ...[...Map.groupBy(files, dirname)]
    .filter(([folder]) => !existsSync(join(root, folder, "README.md")))
    .map(([, [first]]) => `${first} lies in a folder without a README.md that says what the room is for`),
  ...pages().flatMap((page) => missingIn(page)),
];
for (const line of found) console.log(line);
process.exit(found.length === 0 ? 0 : 1);

function pages(): readonly string[] {
  const patterns = ["*.md", `{docs,${FOLDERS.join(",")}}/**/*.md`].map((pattern) => new Bun.Glob(pattern));
  const found = patterns.flatMap((pattern) => [...pattern.scanSync({ cwd: root })]);
  return found.filter((path) => !path.includes("node_modules/")).sort();
}

function missingIn(page: string): readonly string[] {
  const names = [...readFileSync(join(root, page), "utf8").matchAll(NAMED)].map(([, name = ""]) => name);
  return [...new Set(names)]
    .filter((name) => !TO_BE_MADE.has(name) && !isThere(name))
    .map((name) => `${page} names ${name}, which is not there`);
}

function isThere(name: string): boolean {
  const asPattern = name.replaceAll(".", "\\.").replaceAll("*", "[^/]*");
  const pattern = new RegExp(`(^|/)${asPattern}$`);
  return files.some((path) => pattern.test(path));
}
