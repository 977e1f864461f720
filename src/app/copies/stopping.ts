/** Exit code of a command that was stopped. */
const STOPPED = 130;

/**
 * Does work that a signal ends at once. `cleanUp` takes away what it has made so far, whenever it does not come to its end.
 */
export async function stoppable<T>(work: () => Promise<T>, cleanUp: () => void): Promise<T> {
  const stop = () => {
    cleanUp();
    process.stderr.write("\nStopped. Nothing was left behind\n");
    process.exit(STOPPED);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  // A thread at work may write on until the process has ended.
  process.on("exit", cleanUp);
  for (const signal of signals) process.on(signal, stop);
  try {
    return await work();
  } finally {
    cleanUp();
    process.off("exit", cleanUp);
    for (const signal of signals) process.off(signal, stop);
  }
}
