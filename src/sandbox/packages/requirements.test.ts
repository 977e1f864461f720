import { expect, test } from "bun:test";
import { npmRequirements, pipRequirements } from "./requirements.ts";

test("the same set reads the same, in any order and spelling", () => {
  const first = pipRequirements([{ name: "Ruamel.Yaml", version: "0.18" }, { name: "requests" }]);
  const second = pipRequirements([
    { name: "requests", version: null },
    { name: "ruamel_yaml", version: "0.18" },
  ]);
  expect(first).toEqual(second);
  expect(pipRequirements(null)).toEqual([]);
  expect(npmRequirements([{ name: "b" }, { name: "@a/c", version: "^1.2.3" }, { name: "b", version: "" }])).toEqual([
    { name: "@a/c", version: "^1.2.3" },
    { name: "b", version: null },
  ]);
});

test("versions and extras of real packages are taken", () => {
  for (const version of ["1", "1.2.3", "2.*", "1.0rc1", "1!2.0.post1", "1.0.0+cu118", "v1.2", "2024.1.dev3"])
    expect(pipRequirements([{ name: "uvicorn[standard,http]", version }])).toHaveLength(1);
  for (const version of ["1.2.3", "~1.2", "^1", "1.x", "latest", "next", "1.0.0-beta.1"])
    expect(npmRequirements([{ name: "left-pad", version }])).toHaveLength(1);
});

test("options, addresses, paths and whatever else is no name and no version are refused", () => {
  const names = [
    "-r/etc/passwd",
    "--index-url=x",
    "a b",
    "a;os",
    "./a",
    "../a",
    "/etc",
    "a@http://x/a.whl",
    "a==1",
    "",
  ];
  const more = ["git+https://x/y", "https://x/y.whl", "a\n--pre", "a\0", "x".repeat(300), 1, null, "a>1", "$(id)", "é"];
  for (const name of [...names, ...more]) {
    expect(() => pipRequirements([{ name }])).toThrow(/is no name of a package of pip/);
    expect(() => npmRequirements([{ name }])).toThrow(/is no name of a package of npm/);
  }
  const versions = ["1 --pre", "1;a", ">=1", "1\n2", "http://x", "file:/etc", "../x", "-1", 1, "1".repeat(100)];
  for (const version of versions) {
    expect(() => pipRequirements([{ name: "a", version }])).toThrow(/is no version of the package 'a'/);
    expect(() => npmRequirements([{ name: "a", version }])).toThrow(/is no version of the package 'a'/);
  }
  for (const version of ["npm:b@1", "git+ssh://x", "workspace:*", "link:x", "user/repo"])
    expect(() => npmRequirements([{ name: "a", version }])).toThrow(/is no version/);
  for (const name of ["__proto__", "@/a", "@a/", "@a/../b", ".bin", "_a"])
    expect(() => npmRequirements([{ name }])).toThrow(/is no name/);
  for (const said of ["a", {}, Array.from({ length: 33 }, () => ({ name: "a" }))])
    expect(() => pipRequirements(said)).toThrow(/at most 32 packages/);
});

test("a version takes no longer to read for being made to", () => {
  for (const hostile of [`1${"a".repeat(62)}!`, `1${".a".repeat(31)}!`]) {
    expect(() => pipRequirements([{ name: "a", version: hostile }])).toThrow(/is no version/);
    expect(() => npmRequirements([{ name: "a", version: hostile }])).toThrow(/is no version/);
  }
  expect(() => pipRequirements([{ name: `a${"-".repeat(200)}!`, version: "1" }])).toThrow(/is no name/);
});
