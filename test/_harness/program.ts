import { join } from "node:path";

const MAIN = join(import.meta.dir, "../../src/app/main.ts");

/**
 * The command that is `selkie`: the executable where SELKIE_TEST_PROGRAM names one, as it starts in a sixth of the time;
 * the source otherwise.
 */
export const SELKIE: readonly [string, ...string[]] =
  process.env["SELKIE_TEST_PROGRAM"] === undefined ? [process.execPath, MAIN] : [process.env["SELKIE_TEST_PROGRAM"]];
