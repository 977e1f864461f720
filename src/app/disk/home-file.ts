import { closeSync, fstatSync, fsyncSync, openSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { syncNames } from "./data-files.ts";
import type { Home, Place } from "./home.ts";

const NAME = "selkie.home";
const TEXT = `This file tells the folder that it is in from copies of the folder. Leave it here.
Where a whole disk was copied (a snapshot), the copy cannot be told from the original. Delete this file in the copy
before the first start there, so that its server does not finish what the original began.
`;

/** The {@link Home} of a data folder on a disk. */
export function homeFile(directory: string): Home {
  const path = join(directory, NAME);
  return {
    find() {
      const found = statSync(path, { bigint: true, throwIfNoEntry: false });
      return found && placeOf(found);
    },
    mark() {
      const file = openSync(path, "a+", 0o600);
      try {
        if (fstatSync(file).size === 0) writeSync(file, TEXT);
        fsyncSync(file);
        syncNames(directory);
        return placeOf(fstatSync(file, { bigint: true }));
      } finally {
        closeSync(file);
      }
    },
  };
}

function placeOf(stats: { readonly ino: bigint; readonly birthtimeNs: bigint; readonly ctimeNs: bigint }): Place {
  const { ino, birthtimeNs, ctimeNs } = stats;
  return { number: String(ino), born: birthtimeNs === 0n ? null : String(birthtimeNs), changed: String(ctimeNs) };
}
