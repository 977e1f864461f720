import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SELKIE } from "../_harness/program.ts";
import { startServer, temporaryDirectory } from "../_harness/server-process.ts";

// The examples of the pages for people are run as they stand, in order, against a server of their own. A comment after a
// block names what must be seen, `<!-- says: Ada -->`, or that it cannot be tried here, `<!-- not run -->`. And every link
// of a page leads somewhere.

const ROOT = join(import.meta.dir, "../..");
const PAGES = ["getting-started", "agents-and-memory", "tools", "streams-and-runs"];
/** Where the pages say that the server is. */
const ADDRESS = "http://127.0.0.1:8283";
/** How long one example may take: the first call of a tool proves its jail. */
const EXAMPLE_MS_MAX = 60_000;
const PAGE_MS_MAX = 240_000;

interface Example {
  readonly at: string;
  readonly language: string;
  readonly body: string;
  readonly note: string;
}

let folder: ReturnType<typeof temporaryDirectory>;

beforeAll(() => {
  folder = temporaryDirectory();
  const selkie = join(folder.path, "selkie");
  writeFileSync(selkie, `#!/bin/sh\nexec ${SELKIE.map((word) => `'${word}'`).join(" ")} "$@"\n`);
  chmodSync(selkie, 0o755);
  symlinkSync(join(ROOT, "node_modules"), join(folder.path, "node_modules"));
});

afterAll(() => folder.remove());

function examplesOf(page: string): readonly Example[] {
  const text = readFileSync(join(ROOT, "docs", `${page}.md`), "utf8");
  const found = [...text.matchAll(/^```(sh|ts|python)\n([\s\S]*?)^```\n(?:\n?<!-- (.*?) -->)?/gm)];
  return found.map(({ index, 1: language = "", 2: body = "", 3: note = "" }) => {
    const line = text.slice(0, index).split("\n").length;
    return { at: `docs/${page}.md:${line}`, language, body, note };
  });
}

/** Why tools in Python cannot run here; undefined where they can. */
async function whyNoTools(url: string): Promise<string | undefined> {
  const source = 'def one() -> int:\n    """One."""\n    return 1\n';
  const answer = await fetch(`${url}/v1/tools/run`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ source_code: source, args: {} }),
  });
  const text = await answer.text();
  return text.includes('"tool_return":"1"') || process.env["SELKIE_CI_JAILS"] === "required" ? undefined : text;
}

/** Which program runs an example; what a shell sets is there for the next. */
function commandOf(language: string, body: string, name: string): readonly string[] {
  const state = join(folder.path, `${name}.env`);
  if (language === "sh") {
    if (!existsSync(state)) writeFileSync(state, "");
    return ["sh", "-c", `set -ea\n. '${state}'\n${body}\nexport -p > '${state}'`];
  }
  const file = join(folder.path, `${name}.${language === "ts" ? "ts" : "py"}`);
  writeFileSync(file, body);
  return language === "ts" ? [process.execPath, file] : ["python3", file];
}

async function run({ language, body }: Example, url: string, name: string) {
  const child = Bun.spawn([...commandOf(language, body.replaceAll(ADDRESS, url), name)], {
    cwd: folder.path,
    env: {
      ...process.env,
      PATH: `${folder.path}:${process.env["PATH"] ?? ""}`,
      HOME: folder.path,
      SELKIE_URL: url,
      SELKIE_DATA: join(folder.path, "terminal"),
      NO_COLOR: "1",
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: EXAMPLE_MS_MAX,
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out: `${out}${code === 0 ? "" : err}` };
}

for (const page of PAGES)
  test(
    `the examples of docs/${page}.md do what the page says`,
    async () => {
      const examples = examplesOf(page);
      const data = temporaryDirectory();
      const server = await startServer(data.path);
      let tried = 0;
      try {
        const lacking = page === "tools" ? await whyNoTools(server.url) : undefined;
        if (lacking !== undefined) {
          process.stderr.write(`skipped, as no tools in Python run here: docs/${page}.md (${lacking})\n`);
          return;
        }
        for (const example of examples.filter(({ note }) => note !== "not run")) {
          const says = /^says: (.+)$/.exec(example.note)?.[1];
          if (says === undefined) throw new Error(`${example.at}: no comment says what is seen, or that it is not run`);
          if (example.language === "python" && Bun.which("python3") === null) continue;
          const { code, out } = await run(example, server.url, page);
          expect({ at: example.at, code, seen: out.includes(says) ? says : out }).toEqual({
            at: example.at,
            code: 0,
            seen: says,
          });
          tried += 1;
        }
      } finally {
        await server.stop();
        data.remove();
      }
      expect(tried).toBeGreaterThan(3);
    },
    PAGE_MS_MAX,
  );

test("every link of a page leads to a file that is there, and to a heading that it has", () => {
  const pages = ["*.md", "docs/**/*.md"].flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd: ROOT })]);
  expect(pages.length).toBeGreaterThan(20);
  const broken = pages.flatMap((page) =>
    linksOf(page)
      .filter((link) => !leads(page, link))
      .map((link) => [page, link]),
  );
  expect(broken).toEqual([]);
});

function linksOf(page: string): readonly string[] {
  const text = readFileSync(join(ROOT, page), "utf8").replace(/^```[\s\S]*?^```$/gm, "");
  return [...text.matchAll(/\]\((?![a-z]+:)([^)\s]+)\)/g)].map(([, link = ""]) => link);
}

function leads(page: string, link: string): boolean {
  const [path = "", heading] = link.split("#");
  const target = path === "" ? page : join(dirname(page), path);
  if (!existsSync(join(ROOT, target))) return false;
  return heading === undefined || !target.endsWith(".md") || headingsOf(target).includes(heading);
}

/** Headings as the pages of a repository name them. */
function headingsOf(page: string): readonly string[] {
  const text = readFileSync(join(ROOT, page), "utf8").replace(/^```[\s\S]*?^```$/gm, "");
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, words = ""]) =>
    words
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** Words of an error that vary are left out: numbers, names, addresses. Shorter pieces are found everywhere. */
const PIECE_WORDS_MIN = 3;

test("the errors of docs/troubleshooting.md are those that the server tells", () => {
  const page = readFileSync(join(ROOT, "docs/troubleshooting.md"), "utf8");
  const quoted = [...page.matchAll(/^\*\*(.+?)\*\*/gm)].flatMap(([, words = ""]) => [...words.matchAll(/`([^`]+)`/g)]);
  const pieces = quoted.flatMap(([, error = ""]) =>
    error
      .split(/\.\.\.|\S*[\d"/'[(_]\S*/)
      .map((piece) => piece.trim())
      .filter((piece) => piece.split(" ").length >= PIECE_WORDS_MIN),
  );
  expect(pieces.length).toBeGreaterThan(12);
  const files = [...new Bun.Glob("src/**/*.ts").scanSync({ cwd: ROOT })].filter((path) => !path.endsWith(".test.ts"));
  const source = files.map((path) => readFileSync(join(ROOT, path), "utf8")).join("\n");
  expect(pieces.filter((piece) => !source.includes(piece))).toEqual([]);
});
