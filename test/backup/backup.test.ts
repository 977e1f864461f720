import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { SCHEMA_VERSION } from "../../src/store/base/migrate.ts";
import { openTerminal } from "../_harness/terminal.ts";
import { asked, fillerIn, makeLarge, openFolder } from "./_folder.ts";

let folder: ReturnType<typeof openFolder>;

beforeEach(() => {
  folder = openFolder();
});
afterEach(() => folder.close());

const AGENT = { name: "otter", model: "selkie/rehearsal" };
const said = (input: string) => ({ input });

/** A line of standard error in which a command refuses. */
async function refusal(args: readonly string[]): Promise<string> {
  const { code, out, err } = await folder.selkie(args);
  expect([code, out]).toEqual([1, ""]);
  return err.split("\n").find((line) => line.startsWith("selkie: ")) ?? err;
}

test("a backup of a server at work holds all that was acknowledged before, and a folder made of it goes on from there", async () => {
  const server = await folder.serve("data");
  const { id } = await asked(server, "POST", "/v1/agents/", AGENT);
  await asked(server, "POST", `/v1/agents/${id}/messages`, said("My dog is called Rex."));
  writeFileSync(folder.at("data/prices.json"), readFileSync(join(import.meta.dir, "../../src/access/prices.json")));
  let isOver = false;
  let later = 0;
  const busy = (async () => {
    for (; !isOver; later++) await asked(server, "POST", `/v1/agents/${id}/messages`, said(`More ${later}`));
  })();
  const { code, out } = await folder.selkie(["backup", folder.at("one.backup"), "--json", "--data", folder.at("data")]);
  isOver = true;
  await busy;
  expect(code).toBe(0);
  const report = JSON.parse(out);
  expect(report).toMatchObject({
    file: folder.at("one.backup"),
    schema: SCHEMA_VERSION,
    notes: [],
    secrets: { total: 0, key: "none" },
  });
  expect(report.tables).toMatchObject({ agents: 1 });
  expect(report.bytes).toBe(statSync(folder.at("one.backup")).size);
  expect(statSync(folder.at("one.backup")).mode & 0o077).toBe(0);
  expect(later).toBeGreaterThan(0);
  expect(await asked(server, "GET", `/v1/agents/${id}`)).toMatchObject(AGENT);
  await server.kill();

  expect((await folder.selkie(["restore", folder.at("one.backup"), "--data", folder.at("new")])).code).toBe(0);
  expect(existsSync(folder.at("new/prices.json"))).toBeTrue();
  const copy = await folder.serve("new");
  const messages = await asked(copy, "GET", `/v1/agents/${id}/messages?limit=1000`);
  expect(JSON.stringify(messages)).toContain("My dog is called Rex.");
  expect(await asked(copy, "POST", `/v1/agents/${id}/messages`, said("What is my dog called?"))).toBeDefined();
});

test("the key of secrets travels under a passphrase, and else it is said what cannot be read without it", async () => {
  const server = await folder.serve("data");
  const { id } = await asked(server, "POST", "/v1/agents/", { ...AGENT, secrets: { TOKEN: "kept close" } });
  writeFileSync(folder.at("pass"), "correct horse battery\nmore\n");
  writeFileSync(folder.at("wrong"), "incorrect horse battery\n");
  writeFileSync(folder.at("short"), "short\n");
  const data = ["--data", folder.at("data")];
  const bare = await folder.selkie(["backup", folder.at("bare"), ...data]);
  expect(bare.out).toContain(`1 secret of agents cannot be read without the key of ${folder.at("data")}`);
  const sealed = await folder.selkie(["backup", folder.at("sealed"), ...data, "--passphrase-file", folder.at("pass")]);
  expect(sealed.out).toContain("The key of secrets is in it");
  expect(await refusal(["backup", folder.at("no"), ...data, "--passphrase-file", folder.at("short")])).toContain(
    "8 characters",
  );
  await server.kill();
  const key = readFileSync(folder.at("data/secrets.key"), "utf8")
    .split("\n")
    .findLast((line) => /^[\w-]{43}$/.test(line));
  expect(key).toBeString();
  expect(readFileSync(folder.at("sealed")).includes(key ?? "")).toBeFalse();

  const wrong = await refusal([
    "restore",
    folder.at("sealed"),
    "--data",
    folder.at("a"),
    "--passphrase-file",
    folder.at("wrong"),
  ]);
  expect([wrong, existsSync(folder.at("a"))]).toEqual([
    expect.stringContaining("The passphrase is not the one"),
    false,
  ]);
  const without = await folder.selkie(["restore", folder.at("bare"), "--data", folder.at("b")]);
  expect(without.out).toContain(`cannot be read without the key of ${folder.at("data")}: copy its secrets.key`);
  const left = await folder.selkie(["restore", folder.at("sealed"), "--data", folder.at("c")]);
  expect(left.out).toContain(`restore ${folder.at("sealed")} with --passphrase-file`);
  expect(existsSync(folder.at("c/secrets.key"))).toBeFalse();
  expect((await folder.selkie(["doctor", "--data", folder.at("c")])).out).toContain(`TOKEN of ${id}`);

  const whole = await folder.selkie([
    "restore",
    folder.at("sealed"),
    "--data",
    folder.at("d"),
    "--passphrase-file",
    folder.at("pass"),
  ]);
  expect([whole.code, whole.out]).toEqual([0, expect.not.stringContaining("secret")]);
  expect(readFileSync(folder.at("d/secrets.key"), "utf8")).toContain(key ?? "");
  expect(statSync(folder.at("d/secrets.key")).mode & 0o077).toBe(0);
  expect((await folder.selkie(["doctor", "--data", folder.at("d")])).out).toContain("every secret can be read");
});

test("a person is asked for the passphrase in a terminal, where it does not show", async () => {
  const server = await folder.serve("data");
  await asked(server, "POST", "/v1/agents/", { ...AGENT, secrets: { TOKEN: "kept close" } });
  const terminal = openTerminal(["backup", folder.at("one"), "--data", folder.at("data")], {
    environment: { HOME: folder.home },
  });
  await terminal.until("Passphrase for the key of secrets");
  terminal.press("correct horsX\u007fe\r");
  await terminal.until("once more");
  terminal.press("correct horse\r");
  await terminal.until("The key of secrets is in it");
  expect(await terminal.exited).toBe(0);
  expect(terminal.text()).not.toContain("horse");
  writeFileSync(folder.at("pass"), "correct horse\n");
  expect(
    (
      await folder.selkie([
        "restore",
        folder.at("one"),
        "--data",
        folder.at("new"),
        "--passphrase-file",
        folder.at("pass"),
      ])
    ).code,
  ).toBe(0);
  expect(existsSync(folder.at("new/secrets.key"))).toBeTrue();
});

test("a file that is there stays as it is, unless it is to be replaced", async () => {
  makeLarge(folder.at("data"), 1);
  writeFileSync(folder.at("mine"), "mine");
  const args = ["backup", folder.at("mine"), "--data", folder.at("data")];
  expect(await refusal(args)).toContain("--force");
  expect(readFileSync(folder.at("mine"), "utf8")).toBe("mine");
  expect(await refusal(["backup", folder.path, "--data", folder.at("data")])).toContain("is a folder");
  expect(await refusal(["backup", folder.at("no/where"), "--data", folder.at("data")])).toContain("There is no folder");
  expect(await refusal(["backup", folder.at("x"), "--data", folder.at("nothing")])).toContain("There is no data");
  expect(await refusal(["backup"])).toContain("selkie backup --help");
  expect((await folder.selkie([...args, "--force"])).code).toBe(0);
  expect(fillerIn(folder.at("mine"))).toBe(1);
  expect(readdirSync(folder.path).sort()).toEqual(["data", "mine"]);
});

/** Waits until a copy is being written, and says where. */
async function draft(): Promise<string> {
  for (let tries = 0; tries < 15_000; tries++) {
    const name = readdirSync(folder.path).find((each) => each.startsWith(".one.partial"));
    const file = name === undefined ? "" : join(folder.at(name), "backup");
    if (existsSync(file) && statSync(file).size > 0) return file;
    await Bun.sleep(1);
  }
  throw new Error("No copy was begun");
}

test("Ctrl-C leaves nothing behind, SIGKILL what the next backup removes, and neither a file with the name", async () => {
  makeLarge(folder.at("data"), 200);
  const args = ["backup", folder.at("one"), "--data", folder.at("data")];
  const stopped = folder.begin(args);
  await draft();
  stopped.kill("SIGINT");
  expect(await stopped.exited).toBe(130);
  expect(readdirSync(folder.path)).toEqual(["data"]);
  const killed = folder.begin(args);
  await draft();
  killed.kill(9);
  await killed.exited;
  expect(existsSync(folder.at("one"))).toBeFalse();
  expect(readdirSync(folder.path)).toHaveLength(2);
  expect((await folder.selkie(args)).code).toBe(0);
  expect(readdirSync(folder.path).sort()).toEqual(["data", "one"]);
  expect(fillerIn(folder.at("one"))).toBe(200);
}, 120_000);

test.skipIf(process.platform !== "linux")(
  "neither a backup nor a restore needs more memory where there is more data",
  async () => {
    makeLarge(folder.at("data"), 500);
    for (const args of [
      ["backup", folder.at("one"), "--data", folder.at("data")],
      ["restore", folder.at("one"), "--data", folder.at("new")],
    ]) {
      const child = folder.begin(args);
      let peak = 0;
      for (; child.exitCode === null; await Bun.sleep(20)) {
        try {
          const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
          peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
        } catch {
          // It has ended.
        }
      }
      expect([args[0], child.exitCode]).toEqual([args[0], 0]);
      expect(peak).toBeGreaterThan(10_000);
      expect(peak).toBeLessThan(300_000);
    }
    expect(fillerIn(folder.at("new/selkie.db"))).toBe(500);
  },
  120_000,
);

test("what is no backup, was changed since, or is of a newer server is refused before anything is written", async () => {
  makeLarge(folder.at("data"), 3);
  expect((await folder.selkie(["backup", folder.at("one"), "--data", folder.at("data")])).code).toBe(0);
  const restored = (name: string) => refusal(["restore", folder.at(name), "--data", folder.at("new")]);
  const bytes = readFileSync(folder.at("one"));
  for (const at of [100, 5_000, bytes.length >> 1, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    writeFileSync(folder.at("changed"), changed);
    expect(await restored("changed")).toMatch(/not as it was written|no backup/);
  }
  copyFileSync(folder.at("one"), folder.at("short"));
  truncateSync(folder.at("short"), bytes.length >> 1);
  expect(await restored("short")).toMatch(/not as it was written|no backup/);
  writeFileSync(folder.at("text"), "a text");
  expect(await restored("text")).toContain("is no backup");
  expect(await restored("data/selkie.db")).toContain("is no backup");
  expect(await restored("nowhere")).toContain("There is no file");
  using database = new Database(folder.at("data/selkie.db"));
  database.run("insert into schema_version values (999, 0)");
  database.close();
  expect((await folder.selkie(["backup", folder.at("newer"), "--data", folder.at("data")])).code).toBe(0);
  expect(await restored("newer")).toContain("schema version 999");
  expect(existsSync(folder.at("new"))).toBeFalse();
});

test("a damaged database is not backed up as if it were whole", async () => {
  makeLarge(folder.at("data"), 3);
  const path = folder.at("data/selkie.db");
  const bytes = readFileSync(path);
  bytes.fill(0xa5, 8_192, 12_288);
  writeFileSync(path, bytes);
  expect(await refusal(["backup", folder.at("one"), "--data", folder.at("data")])).toContain("doctor");
  expect(readdirSync(folder.path)).toEqual(["data"]);
});

test("a backup of an older schema is restored as it is, and the next start brings it to today's", async () => {
  mkdirSync(folder.at("data"));
  const older = join(import.meta.dir, "../store/older/schema-12.db.gz");
  writeFileSync(folder.at("data/selkie.db"), gunzipSync(readFileSync(older)));
  expect((await folder.selkie(["backup", folder.at("one"), "--data", folder.at("data")])).code).toBe(0);
  const { code, out } = await folder.selkie(["restore", folder.at("one"), "--data", folder.at("new")]);
  expect([code, out]).toEqual([
    0,
    expect.stringContaining(`schema version 12; the next start brings it to ${SCHEMA_VERSION}`),
  ]);
  const server = await folder.serve("new", { SELKIE_LOG_LEVEL: "silent" });
  expect((await asked(server, "GET", "/v1/agents/")).length).toBeGreaterThan(0);
  expect(existsSync(folder.at("new/selkie.schema-12.db"))).toBeTrue();
});
