/** What a program left behind. */
export interface Outcome {
  readonly code: number;
  /** Its standard output, then its standard error. */
  readonly output: string;
  readonly seconds: number;
}

/** The longest any single gate may take; what takes longer is killed and counts as failed. */
const COMMAND_MS_MAX = 1_800_000;

/**
 * Runs this same Bun with `args` in the folder `cwd`, to its end, in this environment and `environment`. A global `bun` is
 * never needed.
 */
export async function runBun(
  args: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const start = performance.now();
  const child = Bun.spawn([process.execPath, ...args], {
    cwd,
    env: { ...process.env, ...environment, NO_COLOR: "1", FORCE_COLOR: undefined },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: COMMAND_MS_MAX,
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, output: out + err, seconds: (performance.now() - start) / 1000 };
}
