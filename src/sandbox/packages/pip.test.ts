import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRegistry, tarballOf, wheelOf } from "./_test-archives.ts";
import { createPackageCache } from "./package-cache.ts";
import { type PipOptions, pipSet } from "./pip.ts";
import { pipRequirements } from "./requirements.ts";

const PYTHON = "/usr/bin/python3";
const version = existsSync(PYTHON) ? textOf([PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]) : "";
const hasPip = version !== "" && Bun.spawnSync([PYTHON, "-I", "-m", "pip", "--version"]).success;
if (!hasPip && process.env["SELKIE_CI_JAILS"] !== "required")
  process.stderr.write(`skipped, as ${PYTHON} has no pip here: packages of Python\n`);

function textOf(command: string[]): string {
  return Bun.spawnSync(command).stdout.toString().trim();
}

const CHECK = { resolveHost: async () => ["127.0.0.1"] };
let folder: string;
let index: ReturnType<typeof startRegistry>;
beforeAll(() => {
  index = startRegistry();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "selkie-pip-test-"));
  index.seen.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));
afterAll(() => index.stop());

function optionsOf(indexUrl: string | null = `${index.url}/simple`): PipOptions {
  return {
    python: { executable: PYTHON, version },
    indexUrl,
    environment: { PATH: process.env["PATH"] },
    check: CHECK,
  };
}

async function installed(requirements: unknown, options = optionsOf()): Promise<string> {
  const cache = createPackageCache({ directory: join(folder, "cache") });
  const set = pipSet(pipRequirements(requirements), options);
  const held = await cache.hold(set, { owner: "org-a", signal: new AbortController().signal });
  held.release();
  return held.path;
}

/** All that lies in the test's folder after a failure: the cache, empty. */
const left = () => readdirSync(folder, { recursive: true });

describe.skipIf(!hasPip && process.env["SELKIE_CI_JAILS"] !== "required")("packages of Python", () => {
  test("what a wheel names at an address of this machine is not asked for", async () => {
    const asked: string[] = [];
    const inside = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch(request) {
        asked.push(request.url);
        return new Response(wheelOf("inner", "1.0", [{ path: "inner.py", text: "" }]));
      },
    });
    const needs = [`inner @ http://127.0.0.1:${inside.port}/inner-1.0-py3-none-any.whl`];
    index.addWheel("reacher", "1.0", wheelOf("reacher", "1.0", [{ path: "reacher.py", text: "" }], needs));
    await expect(installed([{ name: "reacher" }])).rejects.toThrow(/cannot be installed/);
    expect(asked).toEqual([]);
    await inside.stop(true);
  });

  test("a wheel and what it needs are installed, compiled, and can be imported from there", async () => {
    index.addWheel(
      "kelp",
      "1.0",
      wheelOf("kelp", "1.0", [{ path: "kelp/__init__.py", text: "import foam\nx = foam.y" }], ["foam"]),
    );
    index.addWheel("kelp", "2.0", wheelOf("kelp", "2.0", [{ path: "kelp/__init__.py", text: "x = 2" }]));
    index.addWheel("foam", "3.1", wheelOf("foam", "3.1", [{ path: "foam.py", text: "y = 'foam'" }]));
    const path = await installed([{ name: "Kelp", version: "1.0" }]);
    const code = `import sys; sys.path.append(${JSON.stringify(path)}); import kelp; print(kelp.x)`;
    expect(textOf([PYTHON, "-I", "-c", code])).toBe("foam");
    expect(readdirSync(join(path, "kelp")).sort()).toEqual(["__init__.py", "__pycache__"]);
    expect(readdirSync(join(folder, "cache")).every((name) => name.startsWith("set-"))).toBe(true);
  });

  test("a package without a wheel is refused, and no code of it has run", async () => {
    const mark = join(folder, "ran");
    const setup = `open(${JSON.stringify(mark)}, 'w')\nfrom setuptools import setup\nsetup(name='built', version='1')\n`;
    const files = [
      { path: "built-1.0/setup.py", text: setup },
      { path: "built-1.0/PKG-INFO", text: "Name: built\n" },
    ];
    index.addFile("built-1.0.tar.gz", tarballOf(files));
    await expect(installed([{ name: "built" }])).rejects.toThrow(
      /built cannot be installed.*Only wheels.*No matching/s,
    );
    expect(left()).toEqual(["cache"]);
  });

  test("a wheel that would write outside is refused, and has written nothing", async () => {
    for (const path of ["../escaped.py", "../../escaped.py", `${folder}/escaped.py`, "bad/../../../escaped.py"]) {
      index.addWheel("bad", "1.0", wheelOf("bad", "1.0", [{ path, text: "x = 1" }]));
      await expect(installed([{ name: "bad" }])).rejects.toThrow(/bad cannot be installed/);
      expect(left()).toEqual(["cache"]);
    }
  });

  test("a link in a wheel leads nowhere", async () => {
    index.addWheel("linked", "1.0", wheelOf("linked", "1.0", [{ path: "linked/passwd", link: "/etc/passwd" }]));
    const path = await installed([{ name: "linked" }]);
    expect(readFileSync(join(path, "linked", "passwd"), "utf8")).toBe("/etc/passwd");
  });

  test("the one index is asked and no other, whatever the server's variables say", async () => {
    const other = startRegistry();
    other.addWheel("secretly", "9.0", wheelOf("secretly", "9.0", [{ path: "secretly.py", text: "" }]));
    const environment = { PIP_EXTRA_INDEX_URL: `${other.url}/simple`, PATH: process.env["PATH"] };
    await expect(installed([{ name: "secretly" }], { ...optionsOf(), environment })).rejects.toThrow(
      /cannot be installed/,
    );
    expect(other.seen).toEqual([]);
    // Without that setting pip's own configuration counts.
    const own = { PIP_INDEX_URL: `${other.url}/simple`, PATH: process.env["PATH"], PIP_CONFIG_FILE: "/dev/null" };
    await installed([{ name: "secretly" }], { ...optionsOf(null), environment: own });
    expect(other.seen).toContain("simple/secretly/");
    await other.stop();
  });

  test("an index that is not there, and a Python without pip, are told with what helps", async () => {
    const nowhere = Bun.serve({ port: 0, fetch: () => new Response() });
    const { port } = nowhere;
    await nowhere.stop(true);
    const options = optionsOf(`http://127.0.0.1:${port}/simple`);
    await expect(installed([{ name: "kelp" }], options)).rejects.toThrow(/kelp cannot.*Set SELKIE_PIP_INDEX_URL/s);
    const bare = join(folder, "python");
    writeFileSync(bare, '#!/bin/sh\necho "$0: No module named pip" >&2; exit 1\n', { mode: 0o755 });
    const without = { ...optionsOf(), python: { executable: bare, version: "3.11" } };
    await expect(installed([{ name: "kelp" }], without)).rejects.toThrow(/has no pip.*python3-pip/);
  });

  test("pip gets none of the server's secrets", async () => {
    const program = join(folder, "python");
    writeFileSync(program, `#!/bin/sh\nenv > ${folder}/seen; exit 1\n`, { mode: 0o755 });
    const environment = { OPENAI_API_KEY: "secret", SELKIE_API_KEY: "secret", PATH: "/bin:/usr/bin" };
    const options = { ...optionsOf(), python: { executable: program, version: "3.11" }, environment };
    await expect(installed([{ name: "kelp" }], options)).rejects.toThrow();
    expect(readFileSync(join(folder, "seen"), "utf8")).not.toContain("secret");
  });
});
