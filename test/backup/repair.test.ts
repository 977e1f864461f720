import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { asked, openFolder } from "./_folder.ts";

/** Turns of the agent whose data is damaged. */
const TURNS = 70;

let folder: ReturnType<typeof openFolder>;

beforeEach(() => {
  folder = openFolder();
});
afterEach(() => folder.close());

const long = (turn: number) => `Word number ${turn} is w${turn}q. ${"It is long and fills its page. ".repeat(40)}`;

/** A folder as a server leaves it that was stopped, with messages, a passage and a secret. */
async function made(): Promise<string> {
  const server = await folder.serve("data");
  const { id } = await asked(server, "POST", "/v1/agents/", {
    name: "otter",
    model: "selkie/rehearsal",
    secrets: { TOKEN: "kept" },
  });
  for (let turn = 0; turn < TURNS; turn++)
    await asked(server, "POST", `/v1/agents/${id}/messages`, { input: long(turn) });
  await asked(server, "POST", `/v1/agents/${id}/archival-memory`, { text: "The harbour freezes in March." });
  await server.stop();
  return id;
}

interface Page {
  readonly name: string;
  readonly pageno: number;
  readonly pagetype: string;
}

/** Pages of tables and indexes, in their order. */
function pagesOf(path: string, name: string, pagetype: string): readonly number[] {
  using database = new Database(path, { readonly: true });
  return database
    .query<Page, string[]>("select name, pageno, pagetype from dbstat where name = ? and pagetype = ? order by path")
    .all(name, pagetype)
    .map(({ pageno }) => pageno);
}

/** Writes nonsense over pages. */
function spoil(path: string, pages: readonly number[]): void {
  const file = openSync(path, "r+");
  for (const page of pages) writeSync(file, Buffer.alloc(4_096, 0xa5), 0, 4_096, (page - 1) * 4_096);
  closeSync(file);
}

const rows = (path: string, sql: string): readonly unknown[][] => {
  using database = new Database(path, { readonly: true });
  return database.query<unknown, []>(sql).values();
};

const sound = (path: string) => rows(path, "pragma integrity_check");

async function repaired(at: string, ...more: readonly string[]) {
  const { code, out, err } = await folder.selkie(["doctor", "--repair", "--json", "--data", at, ...more]);
  if (out === "") throw new Error(err);
  return { code, report: JSON.parse(out) };
}

const lossesIn = (report: { tables: readonly { table: string; lost: number | null }[] }) =>
  report.tables.filter(({ lost }) => lost !== 0).map(({ table }) => table);

test("rows whose pages are damaged are named, all others are saved, and the damaged file stays as it was", async () => {
  const id = await made();
  const path = folder.at("data/selkie.db");
  const all = rows(path, "select id from messages order by sequence_id").map(([each]) => String(each));
  // Two leaves in the middle and the last one, whose end only the index knows.
  const leaves = pagesOf(path, "messages", "leaf");
  expect(leaves.length).toBeGreaterThan(10);
  spoil(path, [leaves[3] ?? 0, leaves[7] ?? 0, leaves.at(-1) ?? 0]);
  const before = readFileSync(path);
  const { code, report } = await repaired(folder.at("data"));
  expect([code, lossesIn(report)]).toEqual([1, ["messages"]]);
  expect(report.damage.length).toBeGreaterThan(0);
  expect(readFileSync(path).equals(before)).toBeTrue();
  const kept = rows(report.file, "select id from messages order by sequence_id").map(([each]) => String(each));
  const lost = all.filter((each) => !kept.includes(each));
  const said = report.tables.find(({ table }: { table: string }) => table === "messages");
  expect(said).toMatchObject({ lost: lost.length, saved: kept.length, ids: lost.toSorted().slice(0, 20) });
  expect(kept.length).toBeGreaterThan(all.length - 40);
  expect(sound(report.file)).toEqual([["ok"]]);

  const forced = await repaired(folder.at("data"), "--force");
  expect(statSync(join(forced.report.aside, "selkie.db")).size).toBe(before.length);
  expect(readFileSync(join(forced.report.aside, "selkie.db")).equals(before)).toBeTrue();
  const server = await folder.serve("data");
  expect(await asked(server, "GET", `/v1/agents/${id}`)).toMatchObject({ name: "otter" });
  await asked(server, "POST", `/v1/agents/${id}/messages`, { input: "Are you well?" });
  expect((await folder.selkie(["doctor", "--data", folder.at("data")])).out).toContain("every secret can be read");
}, 120_000);

test("damage in what finds memories costs nothing: it is made anew from the entries", async () => {
  const id = await made();
  const path = folder.at("data/selkie.db");
  const postings = pagesOf(path, "umi_postings", "leaf");
  spoil(path, postings.slice(2, 6));
  spoil(path, pagesOf(path, "umi_columns", "leaf").slice(0, 1));
  spoil(path, pagesOf(path, "messages_by_agent", "leaf").slice(0, 1));
  const { report } = await repaired(folder.at("data"), "--force");
  expect(report.reindexed).toEqual(["what finds memories by their words"]);
  expect(lossesIn(report).filter((table) => !table.startsWith("umi_"))).toEqual([]);
  expect(sound(folder.at("data/selkie.db"))).toEqual([["ok"]]);
  const server = await folder.serve("data");
  for (const turn of [0, 33, TURNS - 1]) {
    const found = await asked(server, "POST", "/v1/messages/search", {
      query: `w${turn}q`,
      search_mode: "fts",
      agent_id: id,
    });
    expect([turn, JSON.stringify(found[0] ?? "")]).toEqual([turn, expect.stringContaining(`w${turn}q`)]);
  }
}, 120_000);

test("entries that are lost are made again from the messages that are there", async () => {
  const id = await made();
  const path = folder.at("data/selkie.db");
  spoil(path, pagesOf(path, "umi_entries", "leaf").slice(1, 4));
  const { report } = await repaired(folder.at("data"), "--force");
  expect(lossesIn(report)).toEqual(["umi_entries"]);
  const server = await folder.serve("data");
  const found = async (turn: number) =>
    JSON.stringify(
      await asked(server, "POST", "/v1/messages/search", { query: `w${turn}q`, search_mode: "fts", agent_id: id }),
    );
  for (let turn = 0; turn < TURNS; turn++) {
    for (let tries = 0; tries < 100 && !(await found(turn)).includes(`w${turn}q`); tries++) await Bun.sleep(50);
    expect([turn, await found(turn)]).toEqual([turn, expect.stringContaining(`w${turn}q`)]);
  }
}, 120_000);

test("tables that are stored by their keys are saved around the damage", async () => {
  await made();
  const path = folder.at("data/selkie.db");
  using database = new Database(path);
  for (let more = 1; more <= 20; more++)
    database.run(
      `insert into thread_messages (thread_id, position, sequence_id, in_context, is_shared)
      select thread_id, position + ${more * 1_000_000_000}, sequence_id, 0, 0 from thread_messages where position < 1000000000`,
    );
  database.run("pragma wal_checkpoint(truncate)");
  database.close();
  const [[all, min, max] = []] = rows(path, "select count(*), min(position), max(position) from thread_messages");
  const leaves = pagesOf(path, "thread_messages", "leaf");
  expect(leaves.length).toBeGreaterThan(2);
  spoil(path, [leaves[1] ?? 0]);
  const { report } = await repaired(folder.at("data"));
  expect(lossesIn(report)).toEqual(["thread_messages"]);
  const saved = Number(rows(report.file, "select count(*) from thread_messages")[0]?.[0]);
  expect(saved).toBeGreaterThan(Number(all) - 200);
  expect(saved).toBeLessThan(Number(all));
  // What lies behind the damage is there as well as what lies before it.
  const [[first, last] = []] = rows(report.file, "select min(position), max(position) from thread_messages");
  expect([first, last]).toEqual([min, max]);
}, 120_000);

test("random damage is repaired into a sound database, or it is said that it cannot be", async () => {
  await made();
  const size = statSync(folder.at("data/selkie.db")).size / 4_096;
  let seed = 7;
  let saved = 0;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  for (let round = 0; round < 6; round++) {
    const at = folder.at(`round-${round}`);
    cpSync(folder.at("data"), at, { recursive: true });
    const path = join(at, "selkie.db");
    // Bits, not whole pages: the first page and the list of tables aside.
    const file = openSync(path, "r+");
    for (let flip = 0; flip < 40; flip++)
      writeSync(
        file,
        Buffer.from([Math.floor(random() * 256)]),
        0,
        1,
        Math.floor((60 + random() * (size - 60)) * 4_096),
      );
    closeSync(file);
    const before = readFileSync(path);
    const { out, err } = await folder.selkie(["doctor", "--repair", "--json", "--data", at]);
    expect(readFileSync(path).equals(before)).toBeTrue();
    if (out === "") expect(err).toContain("Not even the list of its tables can be read");
    else expect([round, sound(JSON.parse(out).file)]).toEqual([round, [["ok"]]]);
    saved += Number(out !== "");
    expect(readdirSync(at).filter((name) => name === "selkie.restoring")).toEqual([]);
  }
  expect(saved).toBeGreaterThan(2);
}, 120_000);

test("a sound database is left alone, one whose list of tables is gone is said to need a backup, and a server's is its own", async () => {
  await made();
  const path = folder.at("data/selkie.db");
  const before = readdirSync(folder.at("data")).sort();
  const sane = await folder.selkie(["doctor", "--repair", "--data", folder.at("data")]);
  expect([sane.code, sane.out]).toEqual([0, "The database is sound; nothing was changed\n"]);
  expect(readdirSync(folder.at("data")).sort()).toEqual(before);
  const server = await folder.serve("data");
  expect((await folder.selkie(["doctor", "--repair", "--data", folder.at("data")])).err).toContain("Another selkie");
  await server.stop();
  spoil(path, [1]);
  const { code, err } = await folder.selkie(["doctor", "--repair", "--data", folder.at("data")]);
  expect([code, err]).toEqual([1, expect.stringContaining("restore a backup")]);
  expect(readdirSync(folder.at("data")).filter((name) => /restor|repaired/.test(name))).toEqual([]);
});

test("an empty database is said to be empty by the doctor and by a repair, with what to do, and nothing of it is thrown away", async () => {
  mkdirSync(folder.at("data"));
  const data = ["--data", folder.at("data")];
  const makes = [
    () => {
      writeFileSync(folder.at("data/selkie.db"), "");
      writeFileSync(folder.at("data/selkie.db-wal"), "a log");
    },
    () => {
      using database = new Database(folder.at("data/selkie.db"));
      database.run("create table one (id integer)");
      database.run("drop table one");
    },
  ];
  for (const make of makes) {
    make();
    const looked = await folder.selkie(["doctor", ...data]);
    const mended = await folder.selkie(["doctor", "--repair", ...data]);
    expect([looked.code, mended.code, mended.out]).toEqual([1, 1, ""]);
    for (const said of [looked.out, mended.err]) {
      expect(said).toMatch(/selkie\.db is empty.*selkie restore FILE --force.*begins anew/);
      expect(said).not.toContain("schema_version");
    }
    expect(existsSync(folder.at("data/selkie.restoring"))).toBeFalse();
    if (make === makes[0]) expect(readFileSync(folder.at("data/selkie.db-wal"), "utf8")).toBe("a log");
    rmSync(folder.at("data/selkie.db-wal"), { force: true });
  }
});
