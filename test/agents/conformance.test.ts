// Sends the recorded exchanges of the server that this one continues, and compares what differs with
// docs/conformance.md: the page names every difference and why it is there, and nothing else.
import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer, temporaryDirectory } from "../_harness/server-process.ts";
import EXCLUSIONS from "./conformance-exclusions.json" with { type: "json" };

const CHECKER = join(import.meta.dir, "../../../shared/letta/conformance");
const PAGE = join(import.meta.dir, "../../docs/conformance.md");
const REPLAY_MS_MAX = 120_000;
const MODEL_START_MS_MAX = 10_000;
const DIFFERENCES_SHOWN_MAX = 3;

/** An exchange as the checker saw it. */
interface Exchange {
  readonly file: string;
  readonly result: string;
  readonly diffs: readonly Difference[];
}

interface Difference {
  readonly kind: string;
  readonly path: string;
  readonly message: string;
}

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly results: readonly Exchange[];
}

/** A part of the page: exchanges that differ for one reason, and the places where they may. */
interface Section {
  readonly title: string;
  readonly count: number;
  readonly places: readonly string[];
  readonly exchanges: readonly string[];
}

/** The part of an answer where something differs, without the way to it: its last key, or `$` for the whole. */
function placeOf({ kind, path }: Difference): string {
  if (kind === "status") return "HTTP status";
  if (kind === "dependency") return "id";
  return (
    path
      .replaceAll(/\[[^\]]*\]/g, "")
      .split(".")
      .at(-1) ?? "$"
  );
}

function nameOf(exchange: Exchange): string {
  return exchange.file.replace(/\.json$/, "");
}

function sectionsOf(page: string): readonly Section[] {
  return page
    .split(/^## /m)
    .slice(1)
    .map((text) => {
      const [, title = "", count = ""] = /^(.*) \((\d+)\)$/m.exec(text) ?? [];
      const places = /^Differs in: (.*)\.$/m.exec(text)?.[1] ?? "";
      return {
        title,
        count: Number(count),
        places: quoted(places),
        exchanges: [...text.matchAll(/^- `(\d{3}_[^`]+)`$/gm)].map(([, name = ""]) => name),
      };
    });
}

function quoted(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
}

/** What the title of a section begins with whose exchanges are answered alike at times: they count as different always. */
const SOMETIMES = "Sometimes: ";

/** The outcome with what is answered alike only at times counted as different. */
function steady(page: string, outcome: Outcome): Outcome {
  const named = sectionsOf(page).filter(({ title }) => title.startsWith(SOMETIMES));
  const sometimes = new Set(named.flatMap(({ exchanges }) => exchanges));
  const lucky = outcome.results.filter((exchange) => exchange.result === "pass" && sometimes.has(nameOf(exchange)));
  return {
    ...outcome,
    passed: outcome.passed - lucky.length,
    failed: outcome.failed + lucky.length,
    results: outcome.results.map((exchange) =>
      lucky.includes(exchange) ? { ...exchange, result: "sometimes" } : exchange,
    ),
  };
}

/** What the page does not say of these exchanges, or says wrongly; nothing when it is true. */
function untruths(page: string, outcome: Outcome): readonly string[] {
  const { results, passed, failed, skipped } = steady(page, outcome);
  const sections = sectionsOf(page);
  const differing = results.filter((exchange) => exchange.result !== "pass");
  const names = new Set(differing.map(nameOf));
  const unexplained = differing.flatMap((exchange) => {
    const reasons = sections.filter((section) => section.exchanges.includes(nameOf(exchange)));
    const places = new Set(reasons.flatMap((section) => section.places));
    if (reasons.length === 0) return [`${nameOf(exchange)} differs, and is not on the page`];
    const elsewhere = exchange.diffs.filter((difference) => !places.has(placeOf(difference)));
    return elsewhere
      .slice(0, DIFFERENCES_SHOWN_MAX)
      .map((difference) => `${nameOf(exchange)} differs: ${difference.path} ${difference.message}`);
  });
  const stale = sections.flatMap(({ title, exchanges }) =>
    exchanges.filter((name) => !names.has(name)).map((name) => `${name} is answered alike, but stands in '${title}'`),
  );
  const miscounted = sections
    .filter((section) => section.count !== section.exchanges.length || section.count === 0)
    .map(({ title, exchanges }) => `'${title}' has ${exchanges.length} exchanges`);
  const summary = summaryOf(results.length, passed, failed, skipped);
  return [...unexplained, ...stale, ...miscounted, ...(page.includes(summary) ? [] : [`The page lacks: ${summary}`])];
}

function summaryOf(all: number, passed: number, failed: number, skipped: number): string {
  return `${all} are counted: ${passed} are answered alike, ${failed} differently, and ${skipped} cannot be sent`;
}

/** The page without what is answered alike by now, and with the counts of today. */
function renewed(page: string, outcome: Outcome): string {
  const { results, passed, failed, skipped } = steady(page, outcome);
  const alike = new Set(results.filter((exchange) => exchange.result === "pass").map(nameOf));
  const [head = "", ...sections] = page.split(/^(?=## )/m);
  const kept = sections.flatMap((text) => {
    const lines = text.split("\n").filter((line) => !alike.has(/^- `(.*)`$/.exec(line)?.[1] ?? ""));
    const count = lines.filter((line) => line.startsWith("- `")).length;
    return count === 0 ? [] : [lines.join("\n").replace(/\(\d+\)$/m, `(${count})`)];
  });
  const summary = summaryOf(results.length, passed, failed, skipped);
  const fresh = [head.replace(/\d+ are counted: .* cannot be sent/, summary), ...kept].join("");
  return fresh.replace(/\d+ of \d+ are answered alike: [\d.]+ %/, shareOf(fresh, results.length));
}

/** What may differ because our own words are ours. */
const OWN_WORDS = "Our own words";
const EXCLUDED_MAX = 16;

/** How many exchanges are alike, our own words and what is left out aside, as the page says it. */
function shareOf(page: string, all: number): string {
  const sections = sectionsOf(page).filter(({ title }) => title !== OWN_WORDS);
  const differing = new Set(sections.flatMap(({ exchanges }) => exchanges));
  const counted = all - Object.keys(EXCLUSIONS).length;
  const alike = all - differing.size;
  return `${alike} of ${counted} are answered alike: ${((100 * alike) / counted).toFixed(1)} %`;
}

function freePort(): number {
  const probe = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const { port } = probe;
  void probe.stop(true);
  if (port === undefined) throw new Error("No port is free");
  return port;
}

async function untilAnswers(url: string): Promise<void> {
  for (let tries = 0; tries < MODEL_START_MS_MAX / 50; tries++) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer !== undefined) return;
    await Bun.sleep(50);
  }
  throw new Error(`${url} does not answer`);
}

/** The program that the checker runs by, under the name that it gives it. */
function nodePath(): string {
  return Bun.spawnSync(["node", "-p", "process.execPath"]).stdout.toString().trim();
}

/** Sends every exchange to a server with an empty database and the checker's own model server. */
async function replay(): Promise<Outcome> {
  const directory = temporaryDirectory();
  const modelUrl = `http://127.0.0.1:${freePort()}`;
  const model = Bun.spawn(["node", join(CHECKER, "mock-llm.mjs"), "--port", new URL(modelUrl).port], {
    stdout: "ignore",
    stderr: "inherit",
  });
  try {
    await untilAnswers(`${modelUrl}/v1/models`);
    const server = await startServer(join(directory.path, "data"), {
      OPENAI_API_KEY: "sk-mock",
      OPENAI_BASE_URL: `${modelUrl}/v1`,
      OPENAI_API_BASE: `${modelUrl}/v1`,
      ANTHROPIC_API_KEY: "sk-ant-mock",
      ANTHROPIC_BASE_URL: modelUrl,
      SELKIE_MCP_COMMANDS: JSON.stringify([[nodePath(), realpathSync(join(CHECKER, "mock-mcp.mjs"))]]),
      // One provider that is set through the API is the checker's own model server.
      SELKIE_ALLOW_PRIVATE_URLS: "true",
      // The recorded server keeps them by default.
      SELKIE_TRACK_PROVIDER_TRACE: "true",
    });
    const report = join(directory.path, "report.json");
    const options = ["--base-url", server.url, "--mock-url", modelUrl, "--json", report];
    const checker = Bun.spawn(["node", join(CHECKER, "replay.mjs"), ...options], {
      stdout: "ignore",
      stderr: "inherit",
    });
    await checker.exited;
    expect(await server.stop()).toBe(0);
    return JSON.parse(readFileSync(report, "utf8"));
  } finally {
    model.kill();
    await model.exited;
    directory.remove();
  }
}

describe.skipIf(!existsSync(CHECKER))("recorded exchanges (skipped where none lie beside the project)", () => {
  let outcome: Outcome;

  beforeAll(async () => {
    outcome = await replay();
    const page = readFileSync(PAGE, "utf8");
    if (process.env["SELKIE_CONFORMANCE_WRITE"] === "true") writeFileSync(PAGE, renewed(page, outcome));
  }, REPLAY_MS_MAX);

  test("what is left out of the count differs, has its reason, and is little", () => {
    const page = readFileSync(PAGE, "utf8");
    const named = sectionsOf(page).flatMap(({ title, exchanges }) => (title === OWN_WORDS ? [] : exchanges));
    const reasons = readFileSync(join(import.meta.dir, "../../docs/compatibility.md"), "utf8");
    const excluded = Object.keys(EXCLUSIONS);
    expect(excluded.filter((name) => !named.includes(name) || !reasons.includes(`| \`${name}\` |`))).toEqual([]);
    expect(excluded.length).toBeLessThanOrEqual(EXCLUDED_MAX);
    expect(page).toContain(shareOf(page, outcome.results.length));
  });

  test("docs/conformance.md names all that differs from them, and nothing else", () => {
    expect(untruths(readFileSync(PAGE, "utf8"), outcome)).toEqual([]);
  });
});

describe("the comparison with the page", () => {
  const differing = {
    file: "001_new.json",
    result: "value-diff",
    diffs: [{ kind: "value", path: "$.a[b].c", message: "?" }],
  };
  const alike = { file: "002_old.json", result: "pass", diffs: [] };
  const seen = { passed: 1, failed: 1, skipped: 0, results: [differing, alike] };
  const page = (body: string) => `${summaryOf(2, 1, 1, 0)}\n${body}`;
  const section = (place: string, ...names: readonly string[]) =>
    `## Why (${names.length})\n\nDiffers in: \`${place}\`.\n\n${names.map((name) => `- \`${name}\`\n`).join("")}`;

  test("untruths() finds what is missing on the page, what is stale, and what differs elsewhere", () => {
    expect(untruths(page(section("c", "001_new")), seen)).toEqual([]);
    expect(untruths(page(""), seen)).toEqual(["001_new differs, and is not on the page"]);
    expect(untruths(page(section("d", "001_new")), seen)).toEqual(["001_new differs: $.a[b].c ?"]);
    expect(untruths(page(section("c", "001_new", "002_old")), seen)).toEqual([
      "002_old is answered alike, but stands in 'Why'",
    ]);
    expect(untruths(section("c", "001_new"), seen)).toHaveLength(1);
    expect(untruths(page(section("c", "001_new").replace("(1)", "(2)")), seen)).toEqual(["'Why' has 1 exchanges"]);
  });

  test("renewed() takes what is answered alike off the page, and counts again", () => {
    expect(renewed(page(section("c", "001_new", "002_old")), seen)).toBe(page(section("c", "001_new")));
    expect(renewed(page(section("c", "002_old")), seen)).toBe(page(""));
  });
});
