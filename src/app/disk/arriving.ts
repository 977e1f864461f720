import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { syncNames } from "./data-files.ts";
import { lockDirectory } from "./lock.ts";

/** What is being restored and may not be whole yet: nobody looks at it. */
const STAGED = "selkie.restoring";
/** The same once it is whole. From then on the restored data is what counts, whoever finds it. */
const WHOLE = "selkie.restored";
/** The same once nothing of the old data is in its way any more. */
const ARRIVING = "selkie.arriving";
/** Begins the name of the folder that what was there before is moved to. */
const ASIDE = "selkie.before-restore-";
/** What makes up the data of a folder, all that can be made again aside. */
const DATA = /^(?:selkie\.(?:db|home|schema-)|secrets\.key|prices\.json$|chat-history)/;

/** The names of the data that is in a folder; none where it is empty, or not there. */
export function dataIn(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => DATA.test(name))
    .sort();
}

/** A fresh folder inside `directory` in which data is put together; only whoever holds the directory may ask for it. */
export function stageRestore(directory: string): string {
  const staged = join(directory, STAGED);
  rmSync(staged, { recursive: true, force: true });
  mkdirSync(staged, { mode: 0o700 });
  return staged;
}

/** Throws away what was put together. */
export function dropStaged(directory: string): void {
  rmSync(join(directory, STAGED), { recursive: true, force: true });
}

/**
 * Lets what was put together take the place of the data in `directory`, which is moved aside into a folder of its own. The
 * moment that counts is one rename: killed before it, the old data is there as it was; killed later, whoever opens the
 * folder next goes on from where this stopped. Returns where the old data is, if there was any.
 */
export function commitRestore(directory: string): string | undefined {
  syncNames(join(directory, STAGED));
  renameSync(join(directory, STAGED), join(directory, WHOLE));
  syncNames(directory);
  return finishRestore(directory);
}

/** Finishes a restore that was cut off; only whoever holds the directory may. See {@link commitRestore}. */
export function finishRestore(directory: string): string | undefined {
  dropStaged(directory);
  const aside = existsSync(join(directory, WHOLE)) ? moveAside(directory) : undefined;
  if (existsSync(join(directory, ARRIVING))) moveIn(directory);
  return aside;
}

/** As {@link finishRestore}, for whoever only wants to look at the folder and holds nothing. */
export function settleFolder(directory: string): void {
  if (![WHOLE, ARRIVING].some((name) => existsSync(join(directory, name)))) return;
  const lock = lockDirectory(directory);
  try {
    finishRestore(directory);
  } finally {
    lock.close();
  }
}

function moveAside(directory: string): string | undefined {
  const whole = join(directory, WHOLE);
  // The time of the file names the folder, so that who goes on later finds the same one.
  const time = statSync(join(whole, "selkie.db")).mtime.toISOString().replaceAll(/[-:.]/g, "");
  const aside = join(directory, ASIDE + time);
  const old = dataIn(directory);
  if (old.length > 0) mkdirSync(aside, { recursive: true, mode: 0o700 });
  for (const name of old) renameSync(join(directory, name), join(aside, name));
  if (old.length > 0) syncNames(aside);
  syncNames(directory);
  renameSync(whole, join(directory, ARRIVING));
  syncNames(directory);
  return existsSync(aside) ? aside : undefined;
}

function moveIn(directory: string): void {
  const arriving = join(directory, ARRIVING);
  // The database comes last: a folder without one holds nothing.
  const names = readdirSync(arriving).toSorted((a, b) => Number(a === "selkie.db") - Number(b === "selkie.db"));
  for (const name of names) renameSync(join(arriving, name), join(directory, name));
  syncNames(directory);
  rmdirSync(arriving);
  syncNames(directory);
}
