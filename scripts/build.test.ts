import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "./build.ts";

const root = mkdtempSync(join(tmpdir(), "selkie-build-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const MAIN = `
import { broken } from "./broken.ts";
const answers = ["disk/checkpoint", "serving/body", "serving/token"].map((name) => {
  const worker = new Worker(new URL("./" + name + "-worker.ts", import.meta.url));
  return new Promise((resolve) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => resolve("error " + event.message);
  });
});
console.log(process.argv.slice(2).join(" "), ...(await Promise.all(answers)));
try { broken(); } catch (error) { console.log(error.stack); }
process.exit(7);
`;

test("build() writes one executable that holds its workers and names source lines", async () => {
  const app = join(root, "src/app");
  for (const room of ["disk", "serving"]) mkdirSync(join(app, room), { recursive: true });
  writeFileSync(join(app, "main.ts"), MAIN);
  writeFileSync(join(app, "broken.ts"), '\n\nexport function broken() {\n  throw new Error("seen");\n}\n');
  writeFileSync(join(app, "disk/checkpoint-worker.ts"), 'postMessage("from one worker");\n');
  writeFileSync(join(app, "serving/body-worker.ts"), 'postMessage("another");\n');
  writeFileSync(join(app, "serving/token-worker.ts"), 'postMessage("and a third");\n');
  const out = join(root, "dist/selkie");
  // What a build left behind that was killed: no process has this number.
  mkdirSync(join(root, "dist/.selkie-draft-999999999"), { recursive: true });
  const bytes = await build({ root, out });
  // The executable must not need what it was built from.
  rmSync(join(root, "src"), { recursive: true });

  const { stdout, exitCode } = Bun.spawnSync([out, "serve", "--port", "1"], { cwd: tmpdir() });
  const text = stdout.toString();
  expect(text).toContain("serve --port 1 from one worker another and a third");
  expect(text).toMatch(/broken\.ts:4:/);
  expect(exitCode).toBe(7);
  expect(bytes).toBeGreaterThan(10_000_000);
  expect(readdirSync(join(root, "dist"))).toEqual(["selkie"]);
}, 60_000);

test("build() refuses a target that Bun does not have", async () => {
  const attempt = build({ root, out: join(root, "dist/other"), target: "amiga" });
  await expect(attempt).rejects.toThrow(/got 'amiga'/);
  expect(readdirSync(join(root, "dist"))).toEqual(["selkie"]);
});
