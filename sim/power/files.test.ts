import { expect, test } from "bun:test";
import { seededRandom } from "../world/random.ts";
import { createPowerFiles, type Inode, type PowerFiles } from "./files.ts";

const SEEDS = 200;
const SECTOR = 512;

function shown(files: PowerFiles, inode: Inode): readonly number[] {
  const bytes = new Uint8Array(inode.seen.size);
  files.read(inode, 0, bytes);
  return [...bytes];
}

/** What a loss of power left of a file in each of many seeds; null where it is gone. */
function lefts(change: (files: PowerFiles, inode: Inode) => void): readonly (readonly number[] | null)[] {
  return Array.from({ length: SEEDS }, (_, seed) => {
    const files = createPowerFiles(seededRandom(`files ${seed}`));
    change(files, files.create("log"));
    files.losePower();
    const inode = files.find("log");
    return inode === undefined ? null : shown(files, inode);
  });
}

function distinct(values: readonly unknown[]): readonly string[] {
  return [...new Set(values.map((value) => JSON.stringify(value)))].sort();
}

test("losePower() keeps what was synced, and any part of what was not", () => {
  const found = lefts((files, inode) => {
    files.write(inode, 0, Uint8Array.of(1, 1));
    files.sync(inode);
    files.syncDirectory();
    files.write(inode, 0, Uint8Array.of(2));
    files.write(inode, 1, Uint8Array.of(3));
  });
  expect(distinct(found)).toEqual(["[1,1]", "[1,3]", "[2,1]", "[2,3]"]);
});

test("losePower() tears a write between sectors, never within one", () => {
  const found = lefts((files, inode) => {
    files.truncate(inode, 0);
    files.sync(inode);
    files.syncDirectory();
    files.write(inode, 0, new Uint8Array(2 * SECTOR).fill(7));
  });
  const halves = found.map((bytes) => [distinct(bytes?.slice(0, SECTOR) ?? []), distinct(bytes?.slice(SECTOR) ?? [])]);
  expect(distinct(halves)).toEqual(['[["0"],["7"]]', '[["7"],["7"]]', '[["7"],[]]', "[[],[]]"]);
});

test("losePower() may take a file whose directory was not synced, or bring a removed one back", () => {
  const made = lefts((files, inode) => {
    files.write(inode, 0, Uint8Array.of(1));
    files.sync(inode);
  });
  expect(distinct(made)).toEqual(["[1]", "null"]);
  const removed = lefts((files, inode) => {
    files.write(inode, 0, Uint8Array.of(1));
    files.sync(inode);
    files.syncDirectory();
    files.remove("log");
  });
  expect(distinct(removed)).toEqual(["[1]", "null"]);
});

test("sync() stores the changes that were made before it was asked for, and no later ones", () => {
  const found = lefts((files, inode) => {
    files.syncDirectory();
    files.write(inode, 0, Uint8Array.of(1));
    const { changes } = inode;
    files.write(inode, 0, Uint8Array.of(2));
    files.sync(inode, changes);
    files.sync(inode, changes);
  });
  expect(distinct(found)).toEqual(["[1]", "[2]"]);
});

test("failSync() goes on showing what a later sync does not store", () => {
  const found = lefts((files, inode) => {
    files.syncDirectory();
    files.write(inode, 0, Uint8Array.of(1));
    files.failSync(inode);
    expect(shown(files, inode)).toEqual([1]);
    files.sync(inode);
  });
  expect(distinct(found)).toEqual(["[1]", "[]"]);
});
