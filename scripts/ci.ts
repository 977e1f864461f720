// What every change has to pass. Each of README's two commands runs in a fresh clone of its own, with an empty home
// and npm cache and nothing installed before: the start first, used by the official client, cut off, killed and
// stopped; then all gates and tests, and in that same clone the simulation: seeds of both lanes, every kind of fault
// among them, and each planted bug found. Last line: "N passed, N failed". It runs before anything is installed, so
// nothing here may import a package.
import { newcomer } from "./newcomer.ts";
import { firstSteps } from "./readme.ts";
import { smoke } from "./smoke.ts";
import { addTallies, EMPTY_TALLY, summaryLine, type Tally, tallyOfLastLine } from "./tally.ts";

/** Runs a command to its end, passes on what it prints, and reads the totals from its last line. */
async function part(command: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Promise<Tally> {
  const child = Bun.spawn([...command], { cwd, env: { ...env }, stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const decoder = new TextDecoder();
  let output = "";
  for await (const bytes of child.stdout) {
    process.stdout.write(bytes);
    output += decoder.decode(bytes, { stream: true });
  }
  return tallyOfLastLine({ code: await child.exited, output });
}

async function checks(): Promise<Tally> {
  const { test } = firstSteps();
  const { clone, environment, remove } = newcomer();
  try {
    const tests = await part(test, clone, environment);
    // "npx -y bun@1.4.5", as README has it.
    const simulation = await part([...test.slice(0, 3), "sim/main.ts", "--ci"], clone, environment);
    return addTallies(tests, simulation);
  } finally {
    remove();
  }
}

let total = EMPTY_TALLY;
for (const work of [smoke, checks]) total = addTallies(total, await work());
console.log(`\n${summaryLine(total)}`);
process.exit(total.failed === 0 ? 0 : 1);
