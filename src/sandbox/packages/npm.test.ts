import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRegistry, type TestFile, tarballOf } from "./_test-archives.ts";
import { npmSet } from "./npm.ts";
import { createPackageCache } from "./package-cache.ts";
import { npmRequirements } from "./requirements.ts";

const CHECK = { resolveHost: async () => ["127.0.0.1"] };
let folder: string;
let registry: ReturnType<typeof startRegistry>;
beforeAll(() => {
  registry = startRegistry();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "selkie-npm-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));
afterAll(() => registry.stop());

function add(name: string, manifest: object = {}, files: readonly TestFile[] = []) {
  const whole = { name, version: "1.0.0", main: "index.js", ...manifest };
  const own = [
    { path: "package/package.json", text: JSON.stringify(whole) },
    { path: "package/index.js", text: `module.exports = ${JSON.stringify(name)};\n` },
    ...files,
  ];
  registry.addTarball(name, tarballOf(own), manifest);
}

async function installed(requirements: unknown, registryUrl = registry.url): Promise<string> {
  const environment = { HOME: folder };
  const set = npmSet(npmRequirements(requirements), {
    executable: process.execPath,
    registryUrl,
    environment,
    check: CHECK,
  });
  const cache = createPackageCache({ directory: join(folder, "cache") });
  const held = await cache.hold(set, { owner: "org-a", signal: new AbortController().signal });
  return held.path;
}

test("packages and what they need are installed, and can be imported from there", async () => {
  add("kelp", { dependencies: { "@sea/foam": "^1.0.0" }, bin: { kelp: "index.js" } });
  add("@sea/foam");
  const path = await installed([{ name: "kelp", version: "1.0.0" }]);
  const code = `console.log(require(${JSON.stringify(join(path, "node_modules", "kelp"))}), require(${JSON.stringify(join(path, "node_modules", "@sea/foam"))}))`;
  const { stdout } = Bun.spawnSync([process.execPath, "-e", code]);
  expect(stdout.toString()).toBe("kelp @sea/foam\n");
  expect(readdirSync(join(path, "node_modules")).sort()).toEqual(["@sea", "kelp"]);
});

test("no script of a package runs", async () => {
  const mark = join(folder, "ran");
  const script = `/bin/sh -c "/bin/echo ran > ${mark}"`;
  const scripts = { preinstall: script, install: script, postinstall: script, prepare: script };
  // One whose scripts Bun would run by itself.
  add("esbuild", { scripts, hasInstallScript: true });
  await installed([{ name: "esbuild" }]);
  expect(existsSync(mark)).toBe(false);
});

test("what lies outside is neither written nor linked to", async () => {
  add("climber", {}, [
    { path: "../../../../escaped.js", text: "1" },
    { path: "package/../../../../../escaped.js", text: "1" },
    { path: `${folder}/escaped.js`, text: "1" },
    { path: "package/passwd", link: "/etc/passwd" },
    { path: "package/up", link: "../../../../.." },
  ]);
  // The whole path of one is taken for one below the package.
  const path = await installed([{ name: "climber" }]);
  const escaped = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.includes("escaped"));
  expect(escaped.filter((name) => !join(folder, name).startsWith(`${path}/node_modules/climber/`))).toEqual([]);
  expect(existsSync(join(path, "node_modules/climber/passwd"))).toBe(false);
});

test("what a package names elsewhere than in the registry is not brought in", async () => {
  const secret = join(folder, "secret");
  mkdirSync(secret);
  writeFileSync(join(secret, "package.json"), '{"name":"inner","version":"1.0.0"}');
  writeFileSync(join(secret, "data"), "canary");
  const git = (...words: string[]) =>
    Bun.spawnSync(["git", "-c", "user.name=t", "-c", "user.email=t@t", ...words], { cwd: secret });
  git("init", "-q");
  git("add", ".");
  git("commit", "-qm", "x");
  const places = [`file:${secret}`, `link:${secret}`, `git+file://${secret}`, "github:a/b", `file:../../../../secret`];
  for (const [number, place] of places.entries()) {
    add(`taker${number}`, { dependencies: { inner: place } });
    const path = await installed([{ name: `taker${number}` }]).catch(() => "");
    const found =
      path === "" ? [] : readdirSync(path, { recursive: true }).filter((name) => String(name).includes("inner"));
    expect([place, ...found]).toEqual([place]);
  }
});

test("what a package names at an address of this machine is not asked for", async () => {
  const asked: string[] = [];
  const inside = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      asked.push(request.url);
      return new Response(tarballOf([{ path: "package/package.json", text: '{"name":"inner","version":"1.0.0"}' }]));
    },
  });
  for (const [number, host] of ["127.0.0.1", "localhost", "inside.example.org"].entries()) {
    const url = `http://${host}:${inside.port}/inner.tgz`;
    add(`reacher${number}`, { dependencies: { inner: url } });
    await expect(installed([{ name: `reacher${number}` }])).rejects.toThrow(/cannot be installed/);
  }
  expect(asked).toEqual([]);
  await inside.stop(true);
});

test("a package that is not there, and a registry that is not, are told with what helps", async () => {
  await expect(installed([{ name: "no-such-thing", version: "^2.0.0" }])).rejects.toThrow(
    /no-such-thing@\^2\.0\.0 cannot be/,
  );
  const nowhere = Bun.serve({ port: 0, fetch: () => new Response() });
  const { port } = nowhere;
  await nowhere.stop(true);
  const asked = installed([{ name: "kelp" }], `http://127.0.0.1:${port}`);
  await expect(asked).rejects.toThrow(/kelp cannot.*Set SELKIE_NPM_REGISTRY/s);
});

test("the installer gets none of the server's secrets", async () => {
  const program = join(folder, "program");
  writeFileSync(program, `#!/bin/sh\nexport > ${folder}/seen; exit 1\n`, { mode: 0o755 });
  const environment = { OPENAI_API_KEY: "secret", SELKIE_API_KEY: "secret", PATH: "/bin" };
  const set = npmSet(npmRequirements([{ name: "kelp" }]), {
    executable: program,
    registryUrl: null,
    environment,
    check: CHECK,
  });
  const cache = createPackageCache({ directory: join(folder, "cache") });
  await expect(cache.hold(set, { owner: "org-a", signal: new AbortController().signal })).rejects.toThrow(
    /cannot be installed/,
  );
  expect(readFileSync(join(folder, "seen"), "utf8")).not.toContain("secret");
});
