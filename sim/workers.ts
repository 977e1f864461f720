import { join } from "node:path";
import type { Task, TaskResult } from "./task.ts";

/** Processes that run seeds, each one at a time. */
export interface Workers {
  /** Runs a seed in whichever process is free first; rejects when that ends or the simulator itself fails. */
  run(task: Task, allowed?: (worker: number) => boolean): Promise<Ran>;
  readonly count: number;
  close(): void;
}

/** What came of a seed, and the number of the process that ran it. */
export interface Ran {
  readonly worker: number;
  readonly result: TaskResult;
}

interface Waiting {
  readonly task: Task;
  readonly allowed: (worker: number) => boolean;
  readonly done: PromiseWithResolvers<Ran>;
}

/** What a worker says. */
type Told = { readonly result: TaskResult } | { readonly error: string };

const WORKER = join(import.meta.dir, "worker.ts");

/** Starts `count` processes. */
export function startWorkers(count: number): Workers {
  const waiting: Waiting[] = [];
  const busy = new Map<number, Waiting>();
  let isClosed = false;

  const processes = Array.from({ length: count }, (_, worker) =>
    Bun.spawn([process.execPath, WORKER], {
      stdio: ["ignore", "inherit", "inherit"],
      ipc(told: Told) {
        const { done } = busy.get(worker) ?? {};
        busy.delete(worker);
        if ("result" in told) done?.resolve({ worker, result: told.result });
        else done?.reject(new Error(told.error));
        next();
      },
      onExit(_process, code, signal) {
        if (isClosed) return;
        const lost = [...busy.values(), ...waiting];
        for (const { done, task } of lost)
          done.reject(new Error(`The process that should run seed ${task.seed} ended (${code ?? signal})`));
      },
    }),
  );

  function next(): void {
    for (const [worker, child] of processes.entries()) {
      const index = busy.has(worker) ? -1 : waiting.findIndex(({ allowed }) => allowed(worker));
      const [taken] = index < 0 ? [] : waiting.splice(index, 1);
      if (taken === undefined) continue;
      busy.set(worker, taken);
      child.send(taken.task);
    }
  }

  return {
    count,
    run(task, allowed = () => true) {
      const done = Promise.withResolvers<Ran>();
      waiting.push({ task, allowed, done });
      next();
      return done.promise;
    },
    close() {
      isClosed = true;
      for (const child of processes) child.kill();
    },
  };
}
