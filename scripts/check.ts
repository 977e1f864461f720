// Every gate and every test, one after another: `bun run test`. It runs before anything is installed, so nothing
// here may import a package.
import { join, resolve } from "node:path";
import { type Outcome, runBun } from "./command.ts";
import { GATES, testArgs } from "./gates.ts";
import { install } from "./install.ts";
import { addTallies, EMPTY_TALLY, summaryLine, type Tally, tallyOfTests } from "./tally.ts";

const NAME_COLUMNS = 24;

/** Runs all gates and tests of the project in `root`, prints a line for each, and returns the totals. */
async function check(root: string, isInstalled: boolean): Promise<Tally> {
  let total = EMPTY_TALLY;
  const installed = isInstalled ? undefined : await install(root);
  if (installed !== undefined) {
    total = addTallies(total, report("install", installed, tallyOfGate(installed)));
    if (installed.code !== 0) return total;
  }
  for (const gate of GATES) {
    const outcome = await runBun(gate.args(root), root);
    total = addTallies(total, report(gate.name, outcome, tallyOfGate(outcome)));
  }
  for (const args of testArgs(root)) {
    const tests = await runBun(args, root);
    total = addTallies(total, report("tests", tests, tallyOfTests(tests)));
  }
  return total;
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
