import { existsSync, lstatSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Failure } from "../../core/failure.ts";

/** Where a backup is to be written. */
export interface Target {
  readonly file: string;
  /** The folder of the data. */
  readonly directory: string;
  /** Whether a file that is there is replaced. */
  readonly replaces: boolean;
}

/**
 * Refuses a file that a backup cannot or must not be written to. Nothing in the data folder is ever replaced: the database
 * itself lies there, and the key of secrets. Elsewhere only a regular file is.
 */
export function refuseTarget({ file, directory, replaces }: Target): void {
  const folder = dirname(resolve(file));
  if (!existsSync(folder))
    throw new Failure("not_found", `There is no folder ${folder}; make it, or name another file`);
  if (!statSync(folder).isDirectory())
    throw new Failure("refused", `${folder} is a file and no folder; name another file`);
  if (liesIn(folder, directory) || (existsSync(file) && liesIn(file, directory)))
    throw new Failure(
      "refused",
      `${file} lies in the data folder ${resolve(directory)}, where a backup could take the place of the data and would be lost with it. Name a file elsewhere`,
    );
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (existsSync(file) && statSync(file).isDirectory())
    throw new Failure("refused", `${file} is a folder; name the file to write, such as ${join(file, "selkie.backup")}`);
  if (found.isSymbolicLink())
    throw new Failure(
      "refused",
      `${file} is a link, and only a file is replaced; name what it leads to, or another file`,
    );
  if (!found.isFile())
    throw new Failure("refused", `${file} is no regular file, and nothing else is replaced; name another file`);
  if (!replaces)
    throw new Failure("conflict", `${file} is there already; name another file, or replace it with --force`);
}

/** Whether a path is a folder or lies in it, however both are spelled: places are compared, not names. */
function liesIn(path: string, directory: string): boolean {
  const sought = statSync(directory, { bigint: true });
  for (let at = realpathSync(path); ; at = dirname(at)) {
    const { dev, ino } = statSync(at, { bigint: true });
    if (dev === sought.dev && ino === sought.ino) return true;
    if (at === dirname(at)) return false;
  }
}
