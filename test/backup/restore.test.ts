import { afterEach, beforeEach, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commitRestore, dataIn, settleFolder, stageRestore } from "../../src/app/disk/arriving.ts";
import { asked, fillerIn, makeLarge, openFolder } from "./_folder.ts";

let folder: ReturnType<typeof openFolder>;

beforeEach(() => {
  folder = openFolder();
});
afterEach(() => folder.close());

/** Names of data, what SQLite has beside a database aside. */
const namesIn = (directory: string) => dataIn(directory).filter((name) => !/-(?:wal|shm)$/.test(name));
const asideIn = (directory: string) =>
  readdirSync(directory).filter((name) => name.startsWith("selkie.before-restore-"));

test("a folder with data is refused, with the way out, and --force moves its data aside", async () => {
  makeLarge(folder.at("data"), 1);
  makeLarge(folder.at("old"), 2);
  writeFileSync(folder.at("old/secrets.key"), "old key");
  writeFileSync(folder.at("old/notes.txt"), "somebody's");
  await folder.selkie(["backup", folder.at("one"), "--data", folder.at("data")]);
  const args = ["restore", folder.at("one"), "--data", folder.at("old")];
  const refused = await folder.selkie(args);
  expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/There is data in .*--data, or .*--force/)]);
  expect(fillerIn(folder.at("old/selkie.db"))).toBe(2);
  const { code, out } = await folder.selkie([...args, "--force", "--json"]);
  const { aside } = JSON.parse(out);
  expect([code, fillerIn(folder.at("old/selkie.db")), fillerIn(join(aside, "selkie.db"))]).toEqual([0, 1, 2]);
  expect(readFileSync(join(aside, "secrets.key"), "utf8")).toBe("old key");
  expect(existsSync(folder.at("old/secrets.key"))).toBeFalse();
  expect(readFileSync(folder.at("old/notes.txt"), "utf8")).toBe("somebody's");
  expect((await folder.selkie([...args, "--force"])).code).toBe(0);
  expect(asideIn(folder.at("old"))).toHaveLength(2);
});

test("a folder that a server holds is left to it", async () => {
  const server = await folder.serve("data");
  const { id } = await asked(server, "POST", "/v1/agents/", { name: "otter", model: "selkie/rehearsal" });
  await folder.selkie(["backup", folder.at("one"), "--data", folder.at("data")]);
  const { code, err } = await folder.selkie(["restore", folder.at("one"), "--data", folder.at("data"), "--force"]);
  expect([code, err]).toEqual([1, expect.stringContaining("Another selkie (process ")]);
  expect(asideIn(folder.at("data"))).toEqual([]);
  expect(await asked(server, "GET", `/v1/agents/${id}`)).toMatchObject({ id });
});

test("SIGKILL at any moment of a restore leaves the old data or the new, whole", async () => {
  makeLarge(folder.at("data"), 60);
  makeLarge(folder.at("old"), 5);
  await folder.selkie(["backup", folder.at("one"), "--data", folder.at("data")]);
  const seen = new Set<number>();
  const begun = performance.now();
  const whole = folder.begin(["restore", folder.at("one"), "--data", folder.at("old"), "--force"]);
  expect(await whole.exited).toBe(0);
  const takes = performance.now() - begun;
  for (let round = 0; round < 8; round++) {
    const at = folder.at(`old-${round}`);
    cpSync(folder.at("old"), at, { recursive: true });
    const [aside = ""] = asideIn(at);
    renameSync(join(at, aside, "selkie.db"), join(at, "selkie.db"));
    const child = folder.begin(["restore", folder.at("one"), "--data", at, "--force"]);
    await Bun.sleep((takes * (round + 2)) / 9);
    child.kill(9);
    await child.exited;
    settleFolder(at);
    const filler = fillerIn(join(at, "selkie.db"));
    expect([5, 60]).toContain(filler);
    seen.add(filler);
    // What is left of it goes with the next one.
    expect((await folder.selkie(["restore", folder.at("one"), "--data", at, "--force"])).code).toBe(0);
    expect(fillerIn(join(at, "selkie.db"))).toBe(60);
    expect(readdirSync(at).filter((name) => /restoring|restored|arriving/.test(name))).toEqual([]);
  }
  expect(seen.has(5)).toBeTrue();
}, 120_000);

/** A folder with old data, and new data put together in it. */
function staged(name: string): string {
  const at = folder.at(name);
  makeLarge(at, 2);
  writeFileSync(join(at, "secrets.key"), "old key");
  const made = folder.at(`${name}-new`);
  makeLarge(made, 1);
  const place = stageRestore(at);
  renameSync(join(made, "selkie.db"), join(place, "selkie.db"));
  writeFileSync(join(place, "prices.json"), "{}");
  return at;
}

test("a restore that was cut off in any of its gaps goes on at the next command, once and for all", async () => {
  const before = staged("before");
  settleFolder(before);
  expect([fillerIn(join(before, "selkie.db")), namesIn(before)]).toEqual([2, ["secrets.key", "selkie.db"]]);

  const cuts: readonly ((at: string, aside: string) => void)[] = [
    () => {},
    // The old data is being moved aside.
    (at, aside) => {
      mkdirSync(join(at, aside));
      renameSync(join(at, "secrets.key"), join(at, aside, "secrets.key"));
    },
    // All of it is aside, and the new data is being moved in.
    (at, aside) => {
      mkdirSync(join(at, aside));
      for (const name of ["secrets.key", "selkie.db"]) renameSync(join(at, name), join(at, aside, name));
      renameSync(join(at, "selkie.restored"), join(at, "selkie.arriving"));
      renameSync(join(at, "selkie.arriving/prices.json"), join(at, "prices.json"));
    },
    (at, aside) => {
      mkdirSync(join(at, aside));
      for (const name of ["secrets.key", "selkie.db"]) renameSync(join(at, name), join(at, aside, name));
      renameSync(join(at, "selkie.restored"), join(at, "selkie.arriving"));
      for (const name of ["prices.json", "selkie.db"]) renameSync(join(at, "selkie.arriving", name), join(at, name));
    },
  ];
  for (const [index, cut] of cuts.entries()) {
    const at = staged(`cut-${index}`);
    const time = statSync(join(at, "selkie.restoring/selkie.db")).mtime.toISOString().replaceAll(/[-:.]/g, "");
    renameSync(join(at, "selkie.restoring"), join(at, "selkie.restored"));
    cut(at, `selkie.before-restore-${time}`);
    // Any command looks first; the doctor only reads.
    await folder.selkie(["doctor", "--data", at]);
    expect([index, namesIn(at)]).toEqual([index, ["prices.json", "selkie.db"]]);
    expect(fillerIn(join(at, "selkie.db"))).toBe(1);
    const [aside = ""] = asideIn(at);
    expect(namesIn(join(at, aside))).toEqual(["secrets.key", "selkie.db"]);
    expect(fillerIn(join(at, aside, "selkie.db"))).toBe(2);
    expect(readdirSync(at).filter((name) => /restoring|restored|arriving/.test(name))).toEqual([]);
  }
  const at = staged("whole");
  expect(fillerIn(join(commitRestore(at) ?? "", "selkie.db"))).toBe(2);
  expect(fillerIn(join(at, "selkie.db"))).toBe(1);
}, 60_000);

test("unfinished runs of a restored folder end, as in every copy", async () => {
  const server = await folder.serve("data");
  await asked(server, "POST", "/v1/agents/", { name: "otter", model: "selkie/rehearsal" });
  await server.kill();
  await folder.selkie(["backup", folder.at("one"), "--data", folder.at("data")]);
  const { out } = await folder.selkie(["restore", folder.at("one"), "--data", folder.at("new")]);
  expect(out).toContain("SELKIE_CONTINUE_COPY=1");
  const { err } = await folder.selkie(["agents", "--data", folder.at("new")]);
  expect(err).toContain("This data folder is a copy");
});
