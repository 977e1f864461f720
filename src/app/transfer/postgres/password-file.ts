import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Address } from "./address.ts";

/** A file of passwords is short; what is longer is none. */
const FILE_BYTES_MAX = 1024 * 1024;
/** Permissions of group and others. */
const OPEN_TO_OTHERS = 0o077;

/**
 * The password of `~/.pgpass`, or of the file that PGPASSFILE names, for an address; undefined where there is none. As libpq does,
 * it takes the first line that fits, and nothing of a file that others may read.
 */
export function passwordFromFile(
  { host, port, user, database }: Address,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const home = environment["HOME"] ?? homedir();
  const text = ownText(environment["PGPASSFILE"] || join(home, ".pgpass"));
  const wanted = [host.startsWith("/") ? "localhost" : host, String(port), database, user];
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) continue;
    const fields = line.match(/(?:\\.|[^:\\])*(?::|$)/g) ?? [];
    const values = fields.map((field) => field.replace(/:$/, "").replace(/\\(.)/g, "$1"));
    const fits = values.length > wanted.length && wanted.every((one, at) => values[at] === "*" || values[at] === one);
    if (fits) return values[wanted.length];
  }
  return undefined;
}

function ownText(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile() || stat.size > FILE_BYTES_MAX || (stat.mode & OPEN_TO_OTHERS) !== 0)
    return "";
  return readFileSync(path, "utf8");
}
