import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { relative } from "node:path";
import { fillerIn, makeLarge, openFolder } from "./_folder.ts";

let folder: ReturnType<typeof openFolder>;
let data: readonly string[];

beforeEach(() => {
  folder = openFolder();
  makeLarge(folder.at("data"), 1);
  data = ["--data", folder.at("data")];
});
afterEach(() => folder.close());

/** All that a command says that refuses: one sentence, and no trace of the program. */
async function refusal(args: readonly string[]): Promise<string> {
  const { code, out, err } = await folder.selkie(args);
  expect([args, code, out]).toEqual([args, 1, ""]);
  expect(err).not.toMatch(/^\s+at /m);
  return err;
}

test("nothing in the data folder is replaced by a backup, however it is spelled", async () => {
  mkdirSync(folder.at("data/below"));
  writeFileSync(folder.at("data/secrets.key"), "a key");
  symlinkSync(folder.at("data"), folder.at("way"));
  symlinkSync(folder.at("data/selkie.db"), folder.at("name"));
  const before = readdirSync(folder.at("data")).sort();
  const files = [
    folder.at("data/selkie.db"),
    folder.at("data/selkie.db-wal"),
    folder.at("data/secrets.key"),
    folder.at("data/new.backup"),
    folder.at("data/below/new.backup"),
    `${folder.path}/data/below/../selkie.db`,
    relative(process.cwd(), folder.at("data/selkie.db")),
    folder.at("way/selkie.db"),
    folder.at("way/below/new.backup"),
    folder.at("name"),
  ];
  for (const file of files)
    for (const forced of [[], ["--force"]])
      expect(await refusal(["backup", file, ...data, ...forced])).toContain("lies in the data folder");
  expect(await refusal(["backup", folder.at("data/selkie.db"), "--data", folder.at("way"), "--force"])).toContain(
    "lies in the data folder",
  );
  expect(readdirSync(folder.at("data")).sort()).toEqual(before);
  expect([fillerIn(folder.at("data/selkie.db")), readFileSync(folder.at("data/secrets.key"), "utf8")]).toEqual([
    1,
    "a key",
  ]);
  expect(readdirSync(folder.path).sort()).toEqual(["data", "name", "way"]);
}, 120_000);

test.skipIf(process.platform === "win32")(
  "only a regular file is replaced, even with --force",
  async () => {
    expect(Bun.spawnSync(["mkfifo", folder.at("pipe")]).exitCode).toBe(0);
    mkdirSync(folder.at("folder"));
    writeFileSync(folder.at("file"), "mine");
    symlinkSync(folder.at("pipe"), folder.at("to-pipe"));
    symlinkSync(folder.at("file"), folder.at("to-file"));
    symlinkSync(folder.at("nothing"), folder.at("to-nothing"));
    const forced = (name: string) => refusal(["backup", folder.at(name), ...data, "--force"]);
    expect(await forced("pipe")).toContain("is no regular file");
    expect(await forced("folder")).toContain("is a folder");
    for (const name of ["to-pipe", "to-file", "to-nothing"]) expect(await forced(name)).toContain("is a link");
    expect([lstatSync(folder.at("pipe")).isFIFO(), readFileSync(folder.at("file"), "utf8")]).toEqual([true, "mine"]);
    expect(await refusal(["restore", folder.at("pipe"), "--data", folder.at("new")])).toContain("is no regular file");
    expect(readdirSync(folder.path)).toHaveLength(7);
  },
  60_000,
);

test("a backup that was put in place by hand is backed up again, without what the first one held beside the data", async () => {
  expect((await folder.selkie(["backup", folder.at("one"), ...data])).code).toBe(0);
  mkdirSync(folder.at("hand"));
  copyFileSync(folder.at("one"), folder.at("hand/selkie.db"));
  using database = new Database(folder.at("hand/selkie.db"));
  database.run("insert into selkie_backup values ('key', 'an older sealed key')");
  database.close();
  const again = await folder.selkie(["backup", folder.at("two"), "--data", folder.at("hand"), "--json"]);
  expect([again.code, again.err]).toEqual([0, expect.not.stringContaining("already exists")]);
  expect(Object.keys(JSON.parse(again.out).tables)).toEqual(["filler", "schema_version"]);
  expect(readFileSync(folder.at("two")).includes("an older sealed key")).toBeFalse();
  expect((await folder.selkie(["restore", folder.at("two"), "--data", folder.at("new")])).code).toBe(0);
  expect(fillerIn(folder.at("new/selkie.db"))).toBe(1);
}, 60_000);

test("what the system refuses is told in a sentence that names the file and the way out", async () => {
  writeFileSync(folder.at("file"), "");
  const one = folder.at("one");
  const none = await refusal(["backup", one, ...data, "--passphrase-file", folder.at("none")]);
  expect(none).toContain(`--passphrase-file: ${folder.at("none")} is not there`);
  expect(await refusal(["backup", one, ...data, "--passphrase-file", folder.path])).toContain(
    "is a folder and no file",
  );
  expect(await refusal(["backup", folder.at("file/x"), ...data])).toContain("name another file");
  expect(existsSync(one)).toBeFalse();
  expect((await folder.selkie(["backup", one, ...data])).code).toBe(0);
  expect(await refusal(["restore", one, "--data", folder.at("file/x")])).toMatch(
    /file\/x cannot be there: .*Name another place/,
  );
}, 60_000);

test.skipIf(process.platform !== "linux")(
  "a folder where nothing can be made is named, too",
  async () => {
    const backup = await refusal(["backup", "/proc/x", ...data]);
    expect(backup).toContain("/proc/x is not there and cannot be made");
    expect(backup).not.toContain("partial");
    expect((await folder.selkie(["backup", folder.at("one"), ...data])).code).toBe(0);
    expect(await refusal(["restore", folder.at("one"), "--data", "/proc/x"])).toContain("/proc/x cannot hold the data");
  },
  60_000,
);

test("a passphrase that is too short is refused where there are no secrets, too", async () => {
  writeFileSync(folder.at("short"), "short\n");
  const args = ["backup", folder.at("one"), ...data, "--passphrase-file", folder.at("short")];
  expect(await refusal(args)).toContain("8 characters");
  expect(existsSync(folder.at("one"))).toBeFalse();
});
