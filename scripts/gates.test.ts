import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runBun } from "./command.ts";
import { GATES, testRooms } from "./gates.ts";

// Each gate is kept seen to fail: the rows below are written into a copy of a tiny project, every gate runs once over
// the rows that are meant for it, and must name the file and the rule. Without the rows every gate must be silent.

const PROJECT = join(import.meta.dir, "..");
const CONFIGS = [
  ".dependency-cruiser.cjs",
  "biome.json",
  "knip.json",
  "no-random.grit",
  "tsconfig.json",
  "tsconfig.umi.json",
];

type Tree = Readonly<Record<string, string>>;

/** A project with a file in every folder that a rule speaks of, and nothing wrong. */
const CLEAN: Tree = {
  "package.json": '{ "name": "fixture", "version": "1.0.0", "type": "module", "private": true }\n',
  "scripts/casts.json": '{ "casts": 0, "lines": 50 }\n',
  ...Object.fromEntries(
    ["core", "umi", "store", "api", "api/wire", "app"].map((room) => [`src/${room}/README.md`, "What it is for.\n"]),
  ),
  "src/core/id.ts": [
    "/** One of the two. */",
    'export type LeftId = "left";',
    'export type RightId = "right";',
    "",
    "/** The other one. */",
    'export const otherOf = (id: LeftId | RightId): LeftId | RightId => (id === "left" ? "right" : "left");',
    "",
  ].join("\n"),
  "src/umi/index.ts": [
    'import { otherOf } from "../core/id.ts";',
    'import { nameOf } from "./_name.ts";',
    "",
    "/** What the library is for. */",
    "export function remember(signal?: AbortSignal): string {",
    '  return signal?.aborted === true ? "" : nameOf(otherOf("left"));',
    "}",
    "",
  ].join("\n"),
  "src/umi/_name.ts": "/** The name itself. */\nexport const nameOf = (id: string): string => id;\n",
  "src/store/rows.ts": "/** Rows. */\nexport const rows = (): readonly string[] => [];\n",
  "src/api/wire/time.ts":
    "/** ISO text. */\nexport const isoOf = (epochMs: number): string => new Date(epochMs).toISOString();\n",
  "src/api/routes.ts": "/** Routes. */\nexport const routes = (): readonly string[] => [];\n",
  "src/app/main.ts": [
    'import { writeSync } from "node:fs";',
    'import { routes } from "../api/routes.ts";',
    'import { isoOf } from "../api/wire/time.ts";',
    'import { rows } from "../store/rows.ts";',
    'import { remember } from "../umi/index.ts";',
    "",
    "writeSync(1, [isoOf(Date.now()), remember(), ...rows(), ...routes()].join());",
    "",
  ].join("\n"),
  "src/app/main.test.ts": [
    'import { expect, test } from "bun:test";',
    'import { rows } from "../store/rows.ts";',
    "",
    'test("rows() are none", () => {',
    "  expect(rows()).toEqual([]);",
    "});",
    "",
  ].join("\n"),
};

/** A seeded violation: what is wrong, the files that make it so, and what the gate must say of the first of them. */
interface Seed {
  readonly gate: string;
  readonly wrong: string;
  readonly files: Tree;
  readonly says: string;
}

const seed = (gate: string, wrong: string, says: string, files: Tree): Seed => ({ gate, wrong, says, files });
const typed = (wrong: string, says: string, files: Tree) => seed("types", wrong, says, files);
const linted = (wrong: string, says: string, files: Tree) => seed("format and lint", wrong, says, files);
const imported = (wrong: string, says: string, files: Tree) => seed("imports go left", wrong, says, files);

const LONG_FUNCTION = `/** Long. */\nexport function long(): void {\n${"  otherwise();\n".repeat(78)}}\nfunction otherwise(): void {}\n`;
const LONG_FILE = `/** Long. */\nexport const a: unknown[] = [];\n${"a.push(1);\n".repeat(410)}`;
const branches = "    if (a > b) {\n      if (b > 2) return b;\n    }\n";
const COMPLEX = `/** Deep. */\nexport function deep(a: number, b: number): number {\n  for (;;) {\n${branches.repeat(4)}  }\n}\n`;

/** A folder that holds one file too many, beside a test, which does not count. */
const FULL_FOLDER: Tree = Object.fromEntries(
  [..."abcdefghijklmnopqrstuvwxy", "z.test"].map((name) => [`src/tools/${name}.ts`, "export {};\n"]),
);

const SEEDS: readonly Seed[] = [
  typed("an optional set to undefined", "TS2375", {
    "src/core/s1.ts": "/** x */\nexport const a: { b?: string } = { b: undefined };\n",
  }),
  typed("an element of a list taken for granted", "TS2322", {
    "src/core/s2.ts": "/** x */\nexport const first = (list: string[]): string => list[0];\n",
  }),
  typed("an enum", "TS1294", { "src/core/s3.ts": "/** x */\nexport enum Color {\n  Red,\n}\n" }),
  typed("a name of an index signature behind a dot", "TS4111", {
    "src/core/s4.ts": "/** x */\nexport const a = (r: Record<string, string>): string | undefined => r.a;\n",
  }),
  seed("types of umi alone", "the runtime in umi", "TS2868", {
    "src/umi/u1.ts": "/** x */\nexport const version = (): string => Bun.version;\n",
  }),

  linted("any", "noExplicitAny", { "src/app/l1.ts": "/** x */\nexport const a = (b: any): unknown => b;\n" }),
  linted("!", "noNonNullAssertion", {
    "src/app/l2.ts": "/** x */\nexport const a = (b?: string): string => b!;\n",
  }),
  linted("console", "noConsole", { "src/app/l3.ts": 'console.log("x");\n' }),
  linted("a default export", "noDefaultExport", { "src/app/l4.ts": "export default 1;\n" }),
  linted("a floating promise", "noFloatingPromises", {
    "src/app/l5.ts": "async function a(): Promise<void> {}\n/** x */\nexport function b(): void {\n  a();\n}\n",
  }),
  linted("Date in umi", "noRestrictedGlobals", {
    "src/umi/l6.ts": "/** x */\nexport const a = (): number => Date.now();\n",
  }),
  linted("a timer in api", "noRestrictedGlobals", {
    "src/api/l7.ts": "/** x */\nexport const a = (): unknown => setTimeout(() => {}, 1);\n",
  }),
  linted("Date in api outside wire", "noRestrictedGlobals", {
    "src/api/l8.ts": "/** x */\nexport const a = (): number => Date.now();\n",
  }),
  linted("a timer in wire", "noRestrictedGlobals", {
    "src/api/wire/l9.ts": "/** x */\nexport const a = (): unknown => setInterval(() => {}, 1);\n",
  }),
  linted("process in store", "noRestrictedGlobals", {
    "src/store/l10.ts": "/** x */\nexport const a = (): unknown => process.env;\n",
  }),
  linted("Bun in run", "noRestrictedGlobals", {
    "src/run/l11.ts": "/** x */\nexport const a = (): string => Bun.version;\n",
  }),
  linted("Math.random()", "plugin", {
    "src/umi/l12.ts": "/** x */\nexport const a = (): number => Math.random();\n",
  }),
  linted("a long function", "noExcessiveLinesPerFunction", { "src/app/l13.ts": LONG_FUNCTION }),
  linted("a long file", "noExcessiveLinesPerFile", { "src/app/l14.ts": LONG_FILE }),
  linted("deep branches", "noExcessiveCognitiveComplexity", { "src/app/l15.ts": COMPLEX }),
  linted("a parameter assigned to", "noParameterAssign", {
    "src/app/l16.ts": "/** x */\nexport function a(b: number): number {\n  b = 2;\n  return b;\n}\n",
  }),
  linted("a file name in camel case", "useFilenamingConvention", {
    "src/app/camelCase.ts": "/** x */\nexport const a = 1;\n",
  }),
  linted("an import without its extension", "useImportExtensions", {
    "src/app/l18.ts": 'import { rows } from "../store/rows";\n\n/** x */\nexport const a = rows;\n',
  }),
  linted("an unformatted file", "format", { "src/app/l19.ts": "/** x */\nexport const a  =  1\n" }),
  linted("a thrown text", "useThrowOnlyError", {
    "src/app/l20.ts": '/** x */\nexport function a(): never {\n  throw "x";\n}\n',
  }),
  linted("a union that a switch forgets", "useExhaustiveSwitchCases", {
    "src/app/l21.ts": [
      "/** x */",
      'export function a(b: "c" | "d"): number {',
      "  switch (b) {",
      '    case "c":',
      "      return 1;",
      "  }",
      "  return 2;",
      "}",
      "",
    ].join("\n"),
  }),

  imported("umi imports store", "umi-imports-only-leftwards", {
    "src/umi/d1.ts": 'import "../store/rows.ts";\n',
  }),
  imported("api imports store", "edges-do-not-meet", { "src/api/d2.ts": 'import "../store/rows.ts";\n' }),
  imported("store imports run", "store-never-sees-run", {
    "src/store/d16.ts": 'import "../run/turn.ts";\n',
    "src/run/turn.ts": "/** x */\nexport const turn = 1;\n",
  }),
  imported("an alias in an example", "no-unresolvable", { "examples/d17.ts": 'import "@/rows";\n' }),
  imported("a folder that is in no order", "every-folder-is-in-the-order", {
    "src/extras/d3.ts": 'import "../core/id.ts";\n',
  }),
  imported("node:fs in umi", "runtime-apis-only-in-app-and-sandbox", { "src/umi/d4.ts": 'import "node:fs";\n' }),
  imported("bun:sqlite in store", "runtime-apis-only-in-app-and-sandbox", {
    "src/store/d5.ts": 'import "bun:sqlite";\n',
  }),
  imported("a cycle of types", "no-cycles", {
    "src/store/d6-other.ts":
      'import type { A } from "./d6.ts";\n/** x */\nexport interface B {\n  readonly a?: A;\n}\n',
    "src/store/d6.ts":
      'import type { B } from "./d6-other.ts";\n/** x */\nexport interface A {\n  readonly b?: B;\n}\n',
  }),
  imported("another folder's private file", "underscore-files-are-private", {
    "src/store/d7.ts": 'import "../umi/_name.ts";\n',
  }),
  imported("an alias that nothing resolves", "no-unresolvable", { "src/store/d8.ts": 'import "@/rows";\n' }),
  imported("src imports sim", "src-imports-nothing-beside-it", {
    "src/core/d9.ts": 'import "../../sim/world.ts";\n',
    "sim/world.ts": "/** x */\nexport const world = 1;\n",
  }),
  imported("a test's tools in production", "no-test-code-in-production", {
    "src/store/d10.ts": 'import "fast-check";\n',
  }),
  imported("a package in core", "core-and-umi-need-no-packages", { "src/core/d11.ts": 'import "zod";\n' }),
  imported("kysely outside store", "kysely-only-in-store", { "src/app/d12.ts": 'import "kysely";\n' }),
  imported("hono in agent", "hono-only-in-api-and-app", { "src/agent/d13.ts": 'import "hono";\n' }),
  imported("the terminal's package in api", "terminal-package-only-in-app", {
    "src/api/d15.ts": 'import "@earendil-works/pi-tui";\n',
  }),
  imported("the sign-in package in api", "sign-in-package-only-in-app-oidc", {
    "src/api/d16.ts": 'import "oauth4webapi";\n',
  }),
  imported("the driver of PostgreSQL in store", "postgres-driver-only-in-app-transfer", {
    "src/store/d17.ts": 'import "pg";\n',
  }),
  imported("a provider package in api", "provider-packages-only-in-llm", {
    "src/api/d14.ts": 'import "@ai-sdk/openai";\n',
  }),

  seed("nothing unused", "a file that nobody imports", "", { "src/core/orphan.ts": "export {};\n" }),
  seed("nothing unused", "an export that nobody imports", "nobodyCalls", {
    "src/core/export.ts": "/** x */\nexport const nobodyCalls = 1;\n/** x */\nexport const somebodyCalls = 2;\n",
    "src/core/export.test.ts": 'import { somebodyCalls } from "./export.ts";\n\nvoid somebodyCalls;\n',
  }),
  seed("nothing only tests use", "an export for a test alone", "", {
    "src/core/later.ts": "/** x */\nexport const later = 1;\n",
    "src/core/later.test.ts": 'import { later } from "./later.ts";\n\nvoid later;\n',
  }),

  seed("exports have docs", "an export without a doc comment", "bare has no doc", {
    "src/core/bare.ts": "/** Described. */\nexport const described = 1;\n\nexport const bare = 2;\n",
  }),
  seed("exports have docs", "a declaration that is exported in a list", "listed has no doc", {
    "src/core/listed.ts": "const listed = 1;\nexport { listed };\n",
  }),
  seed("exports have docs", "an ordinary comment in place of one", "plain has no doc", {
    "src/core/plain.ts": "// Ordinary.\nexport function plain(): void {}\n",
  }),
  seed("names", "an export called Manager", "AgentManager is a name", {
    "src/core/names.ts": "/** x */\nexport class AgentManager {}\n/** Fine. */\nexport class Database {}\n",
  }),
  seed("names", "an export called V2", "LoopV2 is a name", {
    "src/core/loop.ts": "/** x */\nexport interface LoopV2 {\n  readonly a: string;\n}\n",
  }),
  seed("names", "a file called utils", "file name", { "src/core/string-utils.ts": "export {};\n" }),
  seed("names", "a file of the tests called helper", "file name", { "test/talk/helper.ts": "export {};\n" }),
  seed("names", "a file of the console called base", "file name", { "console/base.tsx": "export {};\n" }),

  seed("rooms", "a folder that does not say what it is for", "without a README.md", {
    "src/tools/tool.ts": "export {};\n",
  }),
  seed("rooms", "a page that names a file that is gone", "names run/walker.ts, which", {
    "docs/trip.md": "From `main.ts` by `api/*.ts` to `run/walker.ts`.\n",
  }),

  seed("house", "25 files in a folder", "lies flat with 24 others", FULL_FOLDER),
  seed("house", "a function of four parameters", "far takes 4 parameters", {
    "src/core/h3.ts": "/** x */\nexport function far(a: 1, b: 2, c: 3, d: 4): number {\n  return a + b + c + d;\n}\n",
  }),
  seed("house", "an arrow function of four parameters", "takes 4 parameters", {
    "src/core/h4.ts": "/** x */\nexport const near = (a: 1, b: 2, c: 3, d: 4): number => a + b + c + d;\n",
  }),
  seed("house", "a route that stores", "calls .save()", {
    "src/api/h2.ts": "/** x */\nexport const a = (store: { save(): void }): void => store.save();\n",
  }),
  seed("house", "a route that opens a transaction", "calls .write()", {
    "src/api/h3.ts": "/** x */\nexport const a = (store: { write(): void }): void => store.write();\n",
  }),
  seed("house", "a route that acts as somebody without a check", "names DEFAULT_ACTOR, which asks nobody", {
    "src/api/h4.ts":
      'import { DEFAULT_ACTOR } from "../core/id.ts";\n/** x */\nexport const a = (): unknown => DEFAULT_ACTOR;\n',
  }),
  seed("house", "a statement that is written out in a file that is not hot", "writes a statement out", {
    "src/store/h5.ts":
      '/** x */\nexport const a = (db: { execute(a: string, b: readonly 1[]): void }): void => db.execute("", []);\n',
  }),
  seed("house", "a hot file that does not say why", 'does not begin with "// Hot:"', {
    "src/store/h6.hot.ts": '/** x */\nexport const a = (): string => "";\n',
  }),
  seed("house", "a cast more than there were", "has 1 casts", {
    "scripts/casts.json": '{ "casts": 0, "lines": 50 }\n',
    "src/core/cast.ts": "/** x */\nexport const a = (b: unknown): string => b as string;\n",
  }),
];

const folder = mkdtempSync(join(tmpdir(), "selkie-gates-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function plant(name: string, trees: readonly Tree[]): string {
  const root = join(folder, name);
  mkdirSync(root, { recursive: true });
  symlinkSync(join(PROJECT, "node_modules"), join(root, "node_modules"), "dir");
  for (const config of CONFIGS) cpSync(join(PROJECT, config), join(root, config));
  for (const [path, text] of trees.flatMap((tree) => Object.entries(tree))) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

for (const gate of GATES) {
  const rows = SEEDS.filter((row) => row.gate === gate.name);
  describe(`the gate "${gate.name}"`, () => {
    let output = "";
    let code = 0;
    beforeAll(async () => {
      const root = plant(gate.name.replaceAll(" ", "-"), [CLEAN, ...rows.map((row) => row.files)]);
      ({ output, code } = await runBun(gate.args(root), root));
    }, 60_000);

    test("has rows, and fails on them", () => {
      expect(rows.length).toBeGreaterThan(0);
      expect(code).not.toBe(0);
    });

    test.each(rows.map((row) => [row.wrong, row] as const))("catches %s", (_, { says, files }) => {
      const [path = ""] = Object.keys(files);
      const about = output.split("\n").filter((line) => line.includes(path));
      expect(about.some((line) => line.includes(says)) ? [] : [`"${says}" is not among`, ...about]).toEqual([]);
    });
  });
}

test("testRooms() finds the tests of every folder of ours, those that take longest first", () => {
  const root = plant("tests", [
    CLEAN,
    {
      ...{ "test/a.test.ts": "", "test/talk/b.test.ts": "", "test/feed/deep/c.test.ts": "", "test/none/d.ts": "" },
      ...{ "examples/e.test.tsx": "", "sim/f.test.ts": "", "bench/g.ts": "" },
    },
  ]);
  const rooms = testRooms(root);
  expect(rooms.map(({ name }) => name)).toEqual([
    ...["src/", "sim/", "test/talk/"],
    ...["examples/", "test/a.test.ts", "test/feed/"],
  ]);
  for (const { name, args } of rooms) expect(args.at(-1)).toBe(`./${name}`);
});

/** Runs the whole check over a tree whose packages are a link to ours, so that nothing is installed. */
async function checkTree(name: string, trees: readonly Tree[]) {
  const { output, code } = await runBun(
    [join(import.meta.dir, "check.ts"), plant(name, trees), "--installed"],
    tmpdir(),
  );
  const lines = output.trimEnd().split("\n");
  return { code, output, last: lines.at(-1) };
}

test("check passes on a project with nothing wrong", async () => {
  const { code, output, last } = await checkTree("clean", [CLEAN]);
  expect(output).not.toContain("FAIL");
  expect(last).toBe(`${GATES.length + 1} passed, 0 failed`);
  expect(code).toBe(0);
}, 60_000);

test("check counts failed tests, goes on after a failed gate, and says both", async () => {
  const broken: Tree = {
    "src/app/main.test.ts": [
      'import { expect, test } from "bun:test";',
      "",
      'test("adds", () => {',
      "  expect(1 + 1).toBe(2);",
      "});",
      'test("subtracts", () => {',
      "  expect(2 - 1).toBe(2);",
      "});",
      "",
    ].join("\n"),
    "src/core/id.ts": `${CLEAN["src/core/id.ts"] ?? ""}\nexport type Bare = "bare";\n`,
  };
  const { code, output, last } = await checkTree("broken", [CLEAN, broken]);
  expect(output).toContain("src/core/id.ts:8 Bare has no doc comment");
  expect(output).toContain("(fail) subtracts");
  // The unused type is one of the failures too: it has no doc comment, and nobody imports it.
  expect(last).toBe(`${GATES.length - 1} passed, 3 failed`);
  expect(code).toBe(1);
}, 60_000);
