import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SELKIE } from "../_harness/program.ts";
import type { Answer } from "../_harness/server.ts";
import { type BringOptions, bring as bringInto, shownOf } from "./_bring.ts";
import { type Cluster, startCluster, withoutPostgres } from "./_postgres.ts";

const DUMP = join(import.meta.dir, "../../../shared/letta/v1-database.sql");
const missing = existsSync(DUMP) ? withoutPostgres() : "there is no dump of a V1 database beside the project";
const NAME = `a V1 database in a running PostgreSQL${missing === undefined ? "" : `, not tested: ${missing}`}`;

/** With signs that a URL takes for its own. */
const PASSWORD = "s3cret:p@ss/w#rd%";
const IN_URL = encodeURIComponent(PASSWORD);
const MEMORY_MAX = 300 * 1024 * 1024;

describe.skipIf(missing !== undefined)(NAME, () => {
  const directory = mkdtempSync(join(tmpdir(), "selkie-v1-connection-"));
  let cluster: Cluster;
  const bring = (from: string, data: string, options: BringOptions = {}) =>
    bringInto(from, join(directory, data), { ...options, environment: { HOME: directory, ...options.environment } });
  const bySocket = (database = "letta") => `postgres://letta@/${database}?host=${cluster.socket}&port=${cluster.port}`;
  const byTcp = (rest = "", password = `:${IN_URL}`) =>
    `postgresql://letta${password}@localhost:${cluster.port}/letta${rest}`;

  beforeAll(() => {
    cluster = startCluster(PASSWORD);
    cluster.sql("create database letta");
    // The server of a test has no vectors: what writes them is the same in a column of text.
    const text = readFileSync(DUMP, "utf8")
      .replace(/^(CREATE|COMMENT ON) EXTENSION .*vector.*$/gm, "")
      .replace(/^\\(un)?restrict.*$/gm, "")
      .replaceAll("public.vector(4096)", "text");
    const path = join(directory, "dump.sql");
    writeFileSync(path, text);
    cluster.load(path, "letta");
  }, 120_000);

  afterAll(() => {
    cluster?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  test("is imported as its dump is, and a second time nothing changes", async () => {
    const byDump = await bring(DUMP, "dump");
    const byConnection = await bring(bySocket(), "connection");
    expect([byConnection.code, byConnection.err]).toEqual([0, expect.stringContaining("Reading the database")]);
    expect(byConnection.report.tables.length).toBeGreaterThan(20);
    expect(byConnection.report).toEqual(byDump.report);
    const shown = steady(await shownOf(join(directory, "connection")));
    expect(shown).toEqual(steady(await shownOf(join(directory, "dump"))));
    expect(shown).toContain("agent-");

    const again = await bring(bySocket(), "connection");
    expect(again.report.tables.filter((one: Answer) => one.taken > 0)).toEqual([]);
    expect(again.report).toEqual((await bring(DUMP, "connection")).report);
  }, 120_000);

  test("is tried without being stored, also by a role that may only read", async () => {
    cluster.sql("create role reader login; grant select on all tables in schema public to reader", "letta");
    const trial = await bring(bySocket().replace("letta@", "reader@"), "trial", { args: ["--dry-run"] });
    expect(trial.report).toMatchObject({ dry_run: true, unaccounted: [] });
    expect(existsSync(join(directory, "trial", "selkie.db"))).toBe(false);
  }, 60_000);

  test("opens to a password in the URL, in PGPASSWORD or in ~/.pgpass, over TLS where that is asked for", async () => {
    const passwords = join(directory, ".pgpass");
    writeFileSync(
      passwords,
      `# mine\nelsewhere:*:*:*:no\nlocalhost:${cluster.port}:letta:letta:${PASSWORD.replace(":", "\\:")}\n`,
    );
    chmodSync(passwords, 0o600);
    const ways: readonly (readonly [from: string, environment: Readonly<Record<string, string>>])[] = [
      [byTcp(), {}],
      [byTcp("?sslmode=require").replace("postgresql:", "postgresql+asyncpg:"), {}],
      [byTcp("?sslmode=disable"), {}],
      [byTcp("?sslmode=require", ""), { PGPASSWORD: PASSWORD }],
      [byTcp("?sslmode=verify-full", ""), { PGSSLROOTCERT: certificate(), PGPASSFILE: passwords }],
      [byTcp(`?sslmode=verify-full&sslrootcert=${certificate()}`, ""), {}],
    ];
    for (const [from, environment] of ways) {
      const { code, err, out } = await bring(from, "ways", { environment, args: ["--dry-run"] });
      expect([from, code, err]).toEqual([from, 0, expect.not.stringContaining("refused")]);
      for (const said of [err, out]) expect(said).not.toMatch(/s3cret/);
    }
    // A server without TLS is asked without it, but where it must be there.
    cluster.sql("alter system set ssl = off");
    cluster.sql("select pg_reload_conf()");
    await until(() => cluster.sql("show ssl") === "off");
    expect(await bring(byTcp(), "ways", { args: ["--dry-run"] })).toMatchObject({ code: 0 });
    const { code, err } = await bring(byTcp("?sslmode=require"), "ways");
    expect([code, err]).toEqual([1, expect.stringContaining("has no TLS, which sslmode=require asks for")]);
    cluster.sql("alter system reset ssl");
    cluster.sql("select pg_reload_conf()");
    await until(() => cluster.sql("show ssl") === "on");
    // What others may read is no secret.
    chmodSync(passwords, 0o644);
    const open = await bring(byTcp("", ""), "ways");
    expect([open.code, open.err]).toEqual([1, expect.stringContaining("asks for a password")]);
    rmSync(passwords);
  }, 180_000);

  const certificate = () => cluster.certificate;

  test("that cannot be read is refused by name, with the way out, without its password, and nothing is stored", async () => {
    cluster.sql("create database other; ");
    cluster.sql("create database later template letta");
    cluster.sql("update alembic_version set version_num = 'ffff00000000'", "later");
    cluster.sql("create role blind login");
    cluster.sql("create database hidden template letta");
    cluster.sql("create role partly login; grant select on all tables in schema public to partly", "hidden");
    cluster.sql("alter table messages enable row level security", "hidden");
    const { port } = cluster;
    const wrong: Readonly<Record<string, readonly [from: string, ...said: readonly string[]]>> = {
      "no server": [
        `postgres://letta:${IN_URL}@localhost:1/letta`,
        "postgres://letta@localhost:1/letta",
        "Is PostgreSQL running there",
      ],
      "no socket": ["postgres://letta@/letta?host=/nowhere", "/nowhere", "that of its socket"],
      "no such host": [
        `postgres://letta:${IN_URL}@nowhere.invalid/letta`,
        "nowhere.invalid:5432",
        "Is PostgreSQL running there",
      ],
      "wrong password": [byTcp("", ":s3cret"), `localhost:${port}/letta refused the password`, "PGPASSWORD", ".pgpass"],
      "no password": [byTcp("", ""), "asks for a password", "PGPASSWORD"],
      "unknown certificate": [byTcp("?sslmode=verify-full"), "certificate", "sslrootcert=FILE"],
      "another name": [
        byTcp(`?sslmode=verify-full&sslrootcert=${certificate()}`).replace("localhost", "127.0.0.1"),
        "certificate",
        "sslmode=verify-full",
      ],
      "no such file of certificates": [byTcp("?sslrootcert=/nowhere.crt"), "/nowhere.crt"],
      "no such database": [bySocket("lettta"), "no database 'lettta'", "called letta"],
      "another database": [bySocket("other"), "is no Letta V1 database", "agents", "name of the database"],
      "another version": [bySocket("later"), "ffff00000000", "alembic upgrade 1c28e167b74f", "--format v1"],
      "not allowed": [
        bySocket().replace("letta@", "blind@"),
        "permission denied",
        'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "blind"',
      ],
      "rows that a policy hides": [bySocket("hidden").replace("letta@", "partly@"), "row-level security", "its owner"],
      "a URL that is none": [`postgres://letta:s3cret@host:port:5/letta`, "USER@HOST", "PGPASSWORD"],
      "an unknown mode": [byTcp("?sslmode=s3cret"), "sslmode is none of disable"],
      "an unknown parameter": [byTcp("?pool=5"), "pool", "connect_timeout"],
      "a format of others": [`${bySocket()}`, "no export of claude"],
    };
    for (const [name, [from, ...said]] of Object.entries(wrong)) {
      const args = name === "a format of others" ? ["--format", "claude"] : [];
      const { code, err, out } = await bring(from, "wrong", { args });
      expect([name, code, out]).toEqual([name, 1, ""]);
      for (const words of said) expect([name, err]).toEqual([name, expect.stringContaining(words)]);
      expect([name, err]).toEqual([name, expect.not.stringMatching(/s3cret|p%40ss/)]);
      expect(existsSync(join(directory, "wrong", "selkie.db"))).toBe(false);
    }
    expect(await bring(bySocket("later"), "later", { args: ["--format", "v1", "--dry-run"] })).toMatchObject({
      code: 0,
    });
  }, 180_000);

  test("is let go of when it is stopped while it waits for a lock", async () => {
    const holder = Bun.spawn(
      ["psql", "-X", "-q", "-h", cluster.socket, "-p", String(cluster.port), "-U", "letta", "-d", "letta"],
      { stdin: "pipe", stdout: "ignore", stderr: "ignore" },
    );
    holder.stdin.write("begin; lock table messages in access exclusive mode;\n");
    await holder.stdin.flush();
    const sessions = (more: string) =>
      Number(cluster.sql(`select count(*) from pg_stat_activity where application_name = 'selkie import' ${more}`));
    const child = Bun.spawn([...SELKIE, "import", "--from", bySocket(), "--data", join(directory, "stopped")], {
      stdout: "pipe",
      stderr: "pipe",
      env: { PATH: process.env["PATH"], TMPDIR: temporary() },
    });
    try {
      await until(() => sessions("and wait_event_type = 'Lock'") === 1);
      child.kill("SIGINT");
      expect([await child.exited, await new Response(child.stderr).text()]).toEqual([
        130,
        expect.stringContaining("Stopped"),
      ]);
      // The lock is still held: only a query that was cancelled is gone.
      expect(sessions("")).toBe(0);
      expect(existsSync(join(directory, "stopped", "selkie.db"))).toBe(false);
      expect([...new Bun.Glob("selkie-*").scanSync({ cwd: temporary(), onlyFiles: false })]).toEqual([]);
    } finally {
      holder.kill();
      await holder.exited;
    }
  }, 60_000);

  const temporary = () => directory;

  test("says so when the server goes away in the midst, and stores nothing", async () => {
    const holder = Bun.spawn(
      ["psql", "-X", "-q", "-h", cluster.socket, "-p", String(cluster.port), "-U", "letta", "-d", "letta"],
      { stdin: "pipe", stdout: "ignore", stderr: "ignore" },
    );
    holder.stdin.write("begin; lock table messages in access exclusive mode;\n");
    await holder.stdin.flush();
    const going = bring(bySocket(), "gone");
    try {
      await until(
        () =>
          cluster.sql(
            "select count(*) from pg_stat_activity where application_name = 'selkie import' and wait_event_type = 'Lock'",
          ) === "1",
      );
      cluster.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'selkie import'");
      const { code, err } = await going;
      expect([code, err]).toEqual([1, expect.stringContaining("ended the connection")]);
      expect(existsSync(join(directory, "gone", "selkie.db"))).toBe(false);
    } finally {
      holder.kill();
      await holder.exited;
    }
  }, 60_000);

  test("of any size is read in little memory", async () => {
    const columns = cluster.sql(
      "select string_agg(quote_ident(column_name), ', ') from information_schema.columns where table_name = 'messages' and column_name not in ('id', 'sequence_id', 'text', 'is_deleted', 'otid')",
      "letta",
    );
    cluster.sql(
      `insert into messages (${columns}, id, text, is_deleted) select ${columns}, 'message-big-' || n, (select string_agg(md5(n::text || k::text), '') from generate_series(1, 400) k), true from (select * from messages limit 1) one, generate_series(1, 20000) n`,
      "letta",
    );
    const { code, tables, bytes, err } = await bring(bySocket(), "big");
    expect([code, err]).toEqual([0, expect.any(String)]);
    expect(tables["messages"].rows).toBeGreaterThan(20_000);
    expect(bytes).toBeLessThan(MEMORY_MAX);
  }, 180_000);
});

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries++) {
    if (tries > 200) throw new Error("It did not come to that in time");
    await Bun.sleep(100);
  }
}

/** What does not differ from one import to the next. */
function steady(shown: Answer): string {
  return JSON.stringify(shown)
    .replace(/System prompt last recompiled: [^\\]*/g, "")
    .replace(/"updated_at":"[^"]*"/g, "");
}
