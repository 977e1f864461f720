import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openSqlite } from "../../src/app/disk/sqlite.ts";
import { valuesOf } from "../../src/app/transfer/copy-text.ts";
import { vectorOf } from "../../src/app/transfer/v1/vector-text.ts";
import { SELKIE } from "../_harness/program.ts";
import { type Answer, startTestServer } from "../_harness/server.ts";

const DUMP = join(import.meta.dir, "../../../shared/letta/v1-database.sql");
const isThere = existsSync(DUMP);
const directory = mkdtempSync(join(tmpdir(), "selkie-v1-"));

afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Told {
  readonly code: number;
  readonly report: Answer;
  readonly err: string;
}

/** Runs `selkie import` on a data folder; `killAfterMs` kills it then. */
async function bring(
  from: string,
  data: string,
  options: { readonly args?: readonly string[]; readonly killAfterMs?: number } = {},
) {
  const args = ["import", "--from", from, "--data", join(directory, data), "--json", ...(options.args ?? [])];
  const child = Bun.spawn([...SELKIE, ...args], {
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env["PATH"] },
  });
  const killing = options.killAfterMs === undefined ? undefined : setTimeout(() => child.kill(9), options.killAfterMs);
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const code = await child.exited;
  clearTimeout(killing);
  const told: Told = { code, report: code === 0 ? JSON.parse(out) : undefined, err };
  return told;
}

/** Everything that clients would see of a data folder. */
async function shownOf(data: string) {
  const database = openSqlite(join(directory, data));
  const server = await startTestServer({ database });
  try {
    const agents = await server.ok(
      "GET",
      "/v1/agents/?limit=100&order=asc&include=agent.blocks&include=agent.tools&include=agent.tags&include=agent.managed_group",
    );
    const messages: Record<string, Answer> = {};
    for (const { id } of agents)
      messages[id] = await server.ok("GET", `/v1/agents/${id}/messages?limit=1000&order=asc&include_err=true`);
    const lists: Record<string, Answer> = {};
    for (const kind of ["blocks", "archives", "groups", "conversations", "runs", "mcp-servers"])
      lists[kind] = await server.ok("GET", `/v1/${kind}/?limit=1000`);
    return { agents, messages, lists };
  } finally {
    await server.close();
    await database.close();
  }
}

/** Rows of the dump, by the names of their columns. */
function rowsOf(table: string): readonly Readonly<Record<string, string | null>>[] {
  const text = readFileSync(DUMP, "utf8");
  const [, columns = "", rows = ""] =
    new RegExp(`^COPY public\\.${table} \\((.*)\\) FROM stdin;\n([^]*?)^\\\\\\.$`, "m").exec(text) ?? [];
  const names = columns.split(", ").map((name) => name.replaceAll('"', ""));
  return rows
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Object.fromEntries(valuesOf(line).map((value, at) => [names[at] ?? "", value])));
}

describe.skipIf(!isThere)("a real V1 database, where it lies beside the project", () => {
  test("is imported with every row accounted for, and a second time nothing changes", async () => {
    const first = await bring(DUMP, "whole");
    expect({ ...first, report: undefined }).toMatchObject({ code: 0 });
    expect(first.report.unaccounted).toEqual([]);
    const taken = Object.fromEntries(first.report.tables.map((one: Answer) => [one.table, one.taken]));
    expect(taken).toMatchObject({
      agents: 9,
      block: 15,
      tools: 27,
      runs: 63,
      archival_passages: 3,
      mcp_server: 1,
      groups: 2,
    });
    const before = await shownOf("whole");
    const second = await bring(DUMP, "whole");
    expect(second.report.tables.filter((one: Answer) => one.taken > 0)).toEqual([]);
    expect(await shownOf("whole")).toEqual(before);
  }, 60_000);

  test("keeps ids, order, contexts, sharing and vectors", async () => {
    const { agents, messages, lists } = await shownOf("whole");
    const rows = rowsOf("agents").filter((row) => row["is_deleted"] !== "t");
    expect(agents.map(({ id }: Answer) => id).toSorted()).toEqual(rows.map(({ id }) => id ?? "").toSorted());
    for (const row of rows) {
      const agent = agents.find(({ id }: Answer) => id === row["id"]);
      const inContext: readonly string[] = JSON.parse(row["message_ids"] ?? "[]");
      expect([row["id"], agent.message_ids]).toEqual([row["id"], [...inContext]]);
      const own = rowsOf("messages").filter((one) => one["agent_id"] === row["id"] && one["is_deleted"] !== "t");
      const shown = [...new Set(messages[agent.id].map(({ id }: Answer) => id))];
      const known = new Set(own.map(({ id }) => id));
      expect(shown.filter((id) => !known.has(String(id)))).toEqual([]);
      const links = rowsOf("blocks_agents").filter((link) => link["agent_id"] === row["id"]);
      expect(agent.blocks.map(({ id }: Answer) => id).toSorted()).toEqual(
        links.map((link) => link["block_id"] ?? "").toSorted(),
      );
      const tools = rowsOf("tools_agents").filter((link) => link["agent_id"] === row["id"]);
      expect(agent.tools.map(({ id }: Answer) => id).toSorted()).toEqual(
        tools.map((link) => link["tool_id"] ?? "").toSorted(),
      );
    }
    expect(lists["archives"].map(({ id }: Answer) => id)).toEqual(rowsOf("archives").map(({ id }) => id ?? ""));
  }, 60_000);

  test("has agents that answer", async () => {
    const database = openSqlite(join(directory, "whole"));
    const server = await startTestServer({ database });
    for (const { id, llm_config } of await server.ok("GET", "/v1/agents/?limit=100")) {
      // The scripted server speaks for no other.
      if (!llm_config.model.startsWith("gpt-4"))
        await server.ok("PATCH", `/v1/agents/${id}`, { model: "openai/gpt-4o-mini" });
      server.model.say({
        text: "I am still here.",
        calls: [{ name: "send_message", arguments: { message: "I am still here." } }],
      });
      const { status, body } = await server.request("POST", `/v1/agents/${id}/messages`, {
        input: "Are you?",
        max_steps: 1,
      });
      // One of them waits for an approval since before it came.
      expect([id, status === 409 ? body.detail.code : JSON.stringify(body).includes("I am still here.")]).toEqual([
        id,
        status === 409 ? "PENDING_APPROVAL" : true,
      ]);
    }
    await server.close();
    await database.close();
  }, 60_000);

  test("killed at any moment and imported again ends the same", async () => {
    const whole = await bring(DUMP, "reference");
    expect(whole.code).toBe(0);
    const expected = await shownOf("reference");
    let isWhole = false;
    for (let killAfterMs = 300; !isWhole && killAfterMs < 6_000; killAfterMs += 150)
      isWhole = (await bring(DUMP, "killed", { killAfterMs })).code === 0;
    expect((await bring(DUMP, "killed")).report.unaccounted).toEqual([]);
    expect(steady(await shownOf("killed"))).toEqual(steady(expected));
  }, 180_000);

  test("is tried without being stored", async () => {
    const { report } = await bring(DUMP, "trial", { args: ["--dry-run"] });
    expect(report).toMatchObject({ dry_run: true, unaccounted: [] });
    expect(existsSync(join(directory, "trial", "selkie.db"))).toBe(false);
  }, 60_000);

  test("compressed by gzip is the same", async () => {
    const path = join(directory, "dump.sql.gz");
    writeFileSync(path, gzipSync(readFileSync(DUMP)));
    const { report } = await bring(path, "packed");
    expect(report.unaccounted).toEqual([]);
  }, 60_000);

  const text = isThere ? readFileSync(DUMP, "utf8") : "";
  const WRONG: Readonly<Record<string, readonly [text: string, said: string]>> = {
    "cut in the middle of a row": [text.slice(0, text.indexOf("COPY public.runs") + 3_000), "is cut off"],
    "cut between two tables": [text.slice(0, text.indexOf("COPY public.runs")), "is cut off"],
    "of another program": ["-- hello\nselect 1;\n", "is no plain dump"],
    "in PostgreSQL's custom format": ["PGDMP\u0001\u000e", "pg_restore --file=dump.sql"],
    "of another database": [
      "COPY public.things (id) FROM stdin;\n1\n\\.\n\n--\n-- PostgreSQL database dump complete\n--\n",
      "is no dump of a Letta V1 database",
    ],
  };
  for (const [name, [dump, said]] of Object.entries(WRONG))
    test(`${name} is refused before anything is stored`, async () => {
      const path = join(directory, "wrong.sql");
      writeFileSync(path, dump);
      const { code, err } = await bring(path, "wrong");
      expect([code, err]).toEqual([1, expect.stringContaining(said)]);
      expect(existsSync(join(directory, "wrong", "selkie.db"))).toBe(false);
    });

  test("whose rows are damaged loses those, and says so", async () => {
    const damaged = text
      .replace(/^(archive-[^\t]*|.*archive-6b11d471.*)$/m, (line) => line)
      .replace(/("model": "gpt-4o-mini", "display_name": null)/, '"display_name": null')
      .replace(/\tuser\t/, "\tnobody\t");
    const path = join(directory, "damaged.sql");
    writeFileSync(path, damaged);
    const { code, report } = await bring(path, "damaged");
    expect([code, report.unaccounted]).toEqual([0, []]);
    const left = (table: string) => report.tables.find((one: Answer) => one.table === table).left;
    expect(left("agents")).toEqual({ "llm_config is not of the shape that V1 gives it": 1 });
    expect(Object.keys(left("messages")).join()).toContain("its agent was left");
  }, 60_000);
});

/** What does not differ from one import to the next: names of folders aside, only when prompts were compiled does. */
function steady(shown: Awaited<ReturnType<typeof shownOf>>): string {
  return JSON.stringify(shown)
    .replace(/System prompt last recompiled: [^\\]*/g, "")
    .replace(/"updated_at":"[^"]*"/g, "");
}

test("vectorOf() reads what pgvector writes, and as much of it as the model has", () => {
  expect(vectorOf("[0.5,-2e-05,1,0,0]", 3)).toEqual(new Float32Array([0.5, -2e-5, 1]));
  expect(vectorOf("[1,2]", 2)).toEqual(new Float32Array([1, 2]));
  for (const text of ["[1,2]", "", "[a,b,c]", "[0,0,0]", "1,2,3"]) expect(vectorOf(text, 3)).toBeNull();
  expect(vectorOf(null, 3)).toBeNull();
});

test("valuesOf() reads COPY's text format", () => {
  expect(valuesOf("a\\tb\t\\N\t\t\\\\N\tx\\vy\\101\\x41")).toEqual(["a\tb", null, "", "\\N", "x\u000byAA"]);
});

test("vectorOf() reads every number as JavaScript does", () => {
  const numbers = Array.from({ length: 2_000 }, (_, n) => Math.sin(n) * 10 ** ((n % 9) - 6));
  const written = numbers.map((number, n) =>
    n % 3 === 0 ? number.toExponential(7) : n % 3 === 1 ? number.toFixed(9) : String(number),
  );
  expect(vectorOf(`[${written.join(",")}]`, numbers.length)).toEqual(new Float32Array(written.map(Number)));
});
