// Every gate and every test, as many side by side as there are cores: `bun run test`. It runs before anything is
// installed, so nothing here may import a package.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Outcome, runBun } from "./command.ts";
import { GATES, testRooms } from "./gates.ts";
import { install } from "./install.ts";
import { addTallies, EMPTY_TALLY, summaryLine, type Tally, tallyOfTests } from "./tally.ts";

const NAME_COLUMNS = 24;
/** More at a time gain little, and each may need a gigabyte. */
const SIDE_BY_SIDE_MAX = 4;

/** One line of what is told: a gate, or the tests of one room. */
interface Part {
  readonly name: string;
  readonly args: readonly string[];
  readonly tally: (outcome: Outcome) => Tally;
}

/** Runs all gates and tests of the project in `root`, prints a line for each, and returns the totals. */
async function check(root: string, isInstalled: boolean): Promise<Tally> {
  let total = EMPTY_TALLY;
  const installed = isInstalled ? undefined : await install(root);
  if (installed !== undefined) {
    total = addTallies(total, report("install", installed, tallyOfGate(installed)));
    if (installed.code !== 0) return total;
  }
  const { environment, tally, remove } = await buildOnce(root);
  total = addTallies(total, tally);
  const left = partsOf(root);
  const line = async () => {
    for (let part = left.shift(); part !== undefined; part = left.shift()) {
      const outcome = await runBun(part.args, root, environment);
      total = addTallies(total, report(part.name, outcome, part.tally(outcome)));
    }
  };
  await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE_MAX, availableParallelism()) }, line));
  remove();
  return total;
}

/**
 * Builds the program that tests start as processes: hundreds of times, and each start from the source costs a second.
 * Where it cannot be built that is told, and tests start the source.
 */
async function buildOnce(root: string) {
  const nothing = { environment: {}, tally: EMPTY_TALLY, remove: () => {} };
  if (!existsSync(join(root, "scripts/build.ts"))) return nothing;
  const folder = mkdtempSync(join(tmpdir(), "selkie-check-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const program = join(folder, "selkie");
  const outcome = await runBun(["scripts/build.ts", "--out", program], root);
  const tally = report("build", outcome, tallyOfGate(outcome));
  return { environment: tally.failed === 0 ? { SELKIE_TEST_PROGRAM: program } : {}, tally, remove };
}

/** All that is run, in the order in which it begins: gates first, as they say most in the shortest time. */
function partsOf(root: string): Part[] {
  const gates = GATES.map(({ name, args }) => ({ name, args: args(root), tally: tallyOfGate }));
  const rooms = testRooms(root).map(({ name, args }) => ({ name: `tests of ${name}`, args, tally: tallyOfTests }));
  return [...gates, ...rooms];
}

function tallyOfGate({ code }: Outcome): Tally {
  return { ...EMPTY_TALLY, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 };
}

function report(name: string, outcome: Outcome, tally: Tally): Tally {
  const isWhole = tally.failed === 0;
  const skipped = tally.skipped === 0 ? "" : `, ${tally.skipped} skipped`;
  const counts = tally.passed + tally.failed > 1 ? `   ${summaryLine(tally)}${skipped}` : "";
  console.log(
    `${isWhole ? "ok  " : "FAIL"}  ${name.padEnd(NAME_COLUMNS)} ${outcome.seconds.toFixed(1).padStart(6)} s${counts}`,
  );
  if (!isWhole) console.log(`\n${outcome.output.trim()}\n`);
  return tally;
}

const [folder] = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const root = folder === undefined ? join(import.meta.dir, "..") : resolve(folder);
const total = await check(root, process.argv.includes("--installed"));
console.log(summaryLine(total));
process.exit(total.failed === 0 ? 0 : 1);
