import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readNetworkPolicy } from "./grant.ts";
import { openToolNetwork } from "./tool-network.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "selkie-network-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function openNetwork() {
  const check = { resolveHost: async () => [], allowsPrivate: false };
  const policy = readNetworkPolicy("public");
  return openToolNetwork({ policy, check, fetch, directoryPrefix: join(folder, "mine-") });
}

test("sockets lie in a folder that is the server's alone, and go with it", async () => {
  const network = openNetwork();
  const grant = network.grantOf({ name: "t", metadata: {} });
  if (grant === null) throw new Error("no grant");
  const [first, second] = [await network.open(grant), await network.open(grant)];
  expect(statSync(dirname(first.path)).mode & 0o777).toBe(0o700);
  expect(statSync(first.path).isSocket()).toBe(true);
  await first.close();
  expect(readdirSync(dirname(second.path))).toEqual(["2"]);
  await network.close();
  expect(readdirSync(folder)).toEqual([]);
});

test("what a killed server left is removed at the next start, and nothing else", async () => {
  const left = mkdtempSync(join(folder, "mine-"));
  writeFileSync(join(left, "1"), "");
  mkdtempSync(join(folder, "other-"));
  await openNetwork().close();
  expect(readdirSync(folder).map((name) => name.slice(0, 6))).toEqual(["other-"]);
});

test("a folder that somebody tidied away is made again", async () => {
  const network = openNetwork();
  const grant = network.grantOf({ name: "t", metadata: {} });
  if (grant === null) throw new Error("no grant");
  rmSync(dirname((await network.open(grant)).path), { recursive: true });
  expect(statSync((await network.open(grant)).path).isSocket()).toBe(true);
  await network.close();
});
