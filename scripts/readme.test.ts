import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runBun } from "./command.ts";
import { firstSteps } from "./readme.ts";

const root = join(import.meta.dir, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const namesIn = (text: string) => [...new Set(text.match(/\bSELKIE_[A-Z_]+[A-Z]\b/g))].sort();

test("firstSteps() start and test the server with the Bun that package.json pins", () => {
  const { packageManager } = JSON.parse(read("package.json"));
  expect(firstSteps().start).toEqual(["npx", "-y", packageManager, "start"]);
  expect(firstSteps().test).toEqual(["npx", "-y", packageManager, "run", "test"]);
  const versions = ["README.md", "AGENTS.md"].flatMap((path) => read(path).match(/bun@[\d.]+\d/g) ?? []);
  expect([...new Set(versions)]).toEqual([packageManager]);
});

test("README names every setting that the server reads, and no other", () => {
  expect(namesIn(read("README.md"))).toEqual(
    namesIn(
      ["command/settings", "command/oidc-settings", "command/cli", "tools/settings", "providers", "sealing/box"]
        .map((name) => read(`src/app/${name}.ts`))
        .join(),
    ),
  );
});

test("README links only to files that are there", async () => {
  const targets = [...read("README.md").matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target = ""]) => target);
  expect(targets.length).toBeGreaterThan(0);
  for (const target of targets) expect([target, await Bun.file(join(root, target)).exists()]).toEqual([target, true]);
});

test("Umi's README shows ten lines that run as they stand, and what they print", async () => {
  const text = read("src/umi/README.md");
  const code = /^```ts\n([\s\S]*?)^```$/m.exec(text)?.[1] ?? "";
  expect(code.trimEnd().split("\n")).toHaveLength(10);
  const { code: exit, output } = await runBun(["-e", code], root);
  const printed = /^It prints [^`]*`([^`]+)`/m.exec(text)?.[1];
  expect([exit, output.trim()]).toEqual([0, printed ?? ""]);
  for (const [, target = ""] of text.matchAll(/\]\(([^)#]+)/g))
    expect([target, await Bun.file(join(root, "src/umi", target)).exists()]).toEqual([target, true]);
});
