import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../../core/failure.ts";

/** How much may be in a folder: files, folders too, and bytes. */
export interface TreeLimits {
  readonly filesMax: number;
  readonly bytesMax: number;
}

/** The most that one set of packages may be. */
const LIMITS: TreeLimits = { filesMax: 50_000, bytesMax: 1024 * 1024 * 1024 };
const MEGABYTE = 1024 * 1024;

/** How much is in a folder. */
export interface TreeSize {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Measures a folder, with everything below it. Links and whatever is neither file nor folder are not followed. Throws a
 * `too_large` Failure as soon as it is over the limits; what disappears meanwhile counts as nothing.
 */
export async function measureTree(
  root: string,
  { filesMax, bytesMax } = LIMITS,
  onOdd?: (path: string) => void,
): Promise<TreeSize> {
  const folders = [root];
  let [files, bytes] = [0, 0];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      const path = join(folder, entry.name);
      files++;
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) bytes += (await lstat(path).catch(() => ({ size: 0 }))).size;
      else onOdd?.(path);
      if (files > filesMax || bytes > bytesMax)
        throw new Failure("too_large", `The packages are more than ${filesMax} files or ${bytesMax / MEGABYTE} MB`);
    }
  }
  return { files, bytes };
}

/** Measures a folder of packages that were just installed. Throws a `refused` Failure where one of them made a link. */
export async function checkTree(root: string): Promise<TreeSize> {
  const odd: string[] = [];
  const size = await measureTree(root, LIMITS, (path) => odd.push(path));
  const [first] = odd;
  if (first !== undefined)
    throw new Failure("refused", `The packages hold a link or a device: ${first.slice(root.length + 1)}`);
  return size;
}

/** Removes a folder and all below it; that there is none is as good. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}
