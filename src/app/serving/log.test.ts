import { expect, test } from "bun:test";
import { Failure } from "../../core/failure.ts";
import { ModelFailure } from "../../llm/failure.ts";
import { createLog, type LogLevel } from "./log.ts";

/** A log into memory, and what was written so far; each element is one write. */
function logged(level: LogLevel, isTTY = false) {
  const writes: string[] = [];
  const output = { isTTY, writableLength: 0, write: (text: string) => writes.push(text) > 0 };
  const log = createLog(level, output as never);
  return { log, writes, output, lines: () => writes.join("").split("\n").slice(0, -1) };
}

async function ask(log: ReturnType<typeof createLog>, path: string, status = 200, run?: string): Promise<void> {
  const answer = log.told((_, connection) => {
    if (run !== undefined) connection.runBegan?.(run);
    return new Response(null, { status });
  });
  await answer(new Request(`http://127.0.0.1${path}`), {});
}

test("createLog() says what its level asks for", async () => {
  const said = async (level: LogLevel) => {
    const { log, lines } = logged(level);
    log.error("one", new Failure("full", "no room"));
    log.warn("two");
    log.info("three");
    for (const status of [200, 404, 500]) await ask(log, "/v1/agents/", status);
    await ask(log, "/v1/health/");
    await ask(log, "/favicon.svg");
    log.flush();
    return lines().map((line) => line.replace(/^\S+ (\w+) +/, "$1 ").replace(/ [\d.]+ ms/, ""));
  };
  expect(await said("silent")).toEqual([]);
  expect(await said("error")).toEqual(["error one: no room"]);
  expect(await said("warn")).toEqual(["error one: no room", "warn two", "warn GET /v1/agents/ 500"]);
  const info = ["error one: no room", "warn two", "info three", "info GET /v1/agents/ 200", "info GET /v1/agents/ 404"];
  expect(await said("info")).toEqual([...info, "warn GET /v1/agents/ 500"]);
  const routine = ["debug GET /v1/health/ 200", "debug GET /favicon.svg 200"];
  expect((await said("debug")).slice(-3)).toEqual(["warn GET /v1/agents/ 500", ...routine]);
});

test("createLog() tells a request by its path alone, with the run that it began", async () => {
  const { log, lines } = logged("info");
  await ask(log, "/v1/agents/agent-1/messages?api_key=secret#x", 200, "run-1");
  await ask(log, `/${"a".repeat(5_000)}`, 404);
  log.flush();
  expect(lines()[0]).toMatch(/^\d{4}-\S+Z info {2}GET \/v1\/agents\/agent-1\/messages 200 \d+\.\d ms run-1$/);
  expect(lines()[1]?.length).toBeLessThan(300);
});

test("createLog() writes the lines of many requests at once, and what went wrong after them and at once", async () => {
  const { log, writes } = logged("info");
  for (let i = 0; i < 50; i++) await ask(log, "/v1/agents/");
  expect(writes).toHaveLength(0);
  log.error("broken");
  expect(writes).toHaveLength(1);
  expect(writes[0]?.split("\n").at(-2)).toEndWith("error broken");
  await ask(log, "/v1/agents/");
  await Bun.sleep(300);
  expect(writes).toHaveLength(2);
});

test("createLog() tells a failure in a sentence, a bug with its place, and no line that somebody else makes up", () => {
  const { log, lines } = logged("info");
  log.error("a", new ModelFailure("llm_error", "Failed.", "bad\n2026 error forged\u001b[2J"));
  log.error("b", new Error("bug"));
  expect(lines()[0]).toEndWith("error a: Failed. bad 2026 error forged [2J");
  expect(lines()[1]).toEndWith("error b: Error: bug");
  expect(lines()[2]).toMatch(/^ {4}at .*log\.test\.ts/);
  const debugging = logged("debug");
  debugging.log.error("a", new ModelFailure("llm_error", "Failed.", "why"));
  expect(debugging.lines()[0]).toEndWith("error a: Failed. why");
  expect(debugging.lines()[1]).toMatch(/^ {4}at /);
});

test("createLog() leaves lines out while nobody reads them, and says how many", async () => {
  const { log, output, lines } = logged("info");
  output.writableLength = 2_000_000;
  for (let i = 0; i < 3; i++) await ask(log, "/v1/agents/");
  output.writableLength = 0;
  await ask(log, "/v1/blocks/");
  log.flush();
  expect(lines()).toEqual([expect.stringContaining("3 lines were left out"), expect.stringContaining("/v1/blocks/")]);
});

test("createLog() has colors on a terminal alone", () => {
  const colored = [true, false].map((isTTY) => {
    const { log, writes } = logged("info", isTTY);
    log.warn("x");
    return writes.join("").includes("\u001b[");
  });
  expect(colored).toEqual([(process.env["NO_COLOR"] ?? "") === "", false]);
});
