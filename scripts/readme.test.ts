import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { firstSteps } from "./readme.ts";

const root = join(import.meta.dir, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const namesIn = (text: string) => [...new Set(text.match(/\bSELKIE_[A-Z_]+[A-Z]\b/g))].sort();

test("firstSteps() start the server with the Bun that package.json pins", () => {
  const { packageManager } = JSON.parse(read("package.json"));
  expect(firstSteps().start).toEqual(["npx", "-y", packageManager, "start"]);
  const versions = ["README.md", "AGENTS.md"].flatMap((path) => read(path).match(/bun@[\d.]+\d/g) ?? []);
  expect([...new Set(versions)]).toEqual([packageManager]);
});

test("README names every setting that the server reads, and no other", () => {
  expect(namesIn(read("README.md"))).toEqual(
    namesIn(["settings", "cli", "providers"].map((name) => read(`src/app/${name}.ts`)).join()),
  );
});

test("README links only to files that are there", async () => {
  const targets = [...read("README.md").matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target = ""]) => target);
  expect(targets.length).toBeGreaterThan(0);
  for (const target of targets) expect([target, await Bun.file(join(root, target)).exists()]).toEqual([target, true]);
});
