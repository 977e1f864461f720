import { Failure } from "../../core/failure.ts";

/** Standard output as a program reads it: whole and in order, however slowly it is read. */
export interface Output {
  write(text: string): void;
  /** Waits until everything is written; throws what kept it from being. */
  flush(): Promise<void>;
}

/** Writes to standard output. A reader that has gone away wants no more, which is no failure. */
export function createOutput(): Output {
  let last: Promise<void> = Promise.resolve();
  let isClosed = false;
  let failure: Failure | undefined;

  async function put(text: string): Promise<void> {
    if (isClosed) return;
    try {
      await Bun.write(Bun.stdout, text);
    } catch (error) {
      isClosed = true;
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== "EPIPE")
        failure = new Failure("full", `The output cannot be written (${message})`, { cause: error });
    }
  }

  return {
    write(text) {
      last = last.then(() => put(text));
    },
    async flush() {
      await last;
      if (failure !== undefined) throw failure;
    },
  };
}
