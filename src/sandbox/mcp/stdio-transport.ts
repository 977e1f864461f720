import { closeSync } from "node:fs";
import { type JSONRPCMessage, ReadBuffer, serializeMessage, type Transport } from "@modelcontextprotocol/client";
import { Failure } from "../../core/failure.ts";
import { cut } from "../../core/text.ts";
import { NotSent } from "./failures.ts";
import { ANSWER_BYTES_MAX, LEAVE_MS, STDERR_CHARS_MAX } from "./limits.ts";

/**
 * What the command runs under: a shell that leaves a watcher behind and becomes the command. The watcher waits for the end
 * of a pipe that only this process holds open, and then kills the whole group. So however this process ends, a kill
 * included, nothing of the command goes on; and closing the pipe is how it is ended.
 */
const WATCHED = '(read -r _ <&3; kill -KILL -$$) </dev/null >/dev/null 2>&1 & exec 3<&-; exec "$@"';
/** A program is looked for where the system keeps them, unless the command's own environment says where. */
const PATH_DEFAULT = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A command, and all that it is given. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where it works. */
  readonly directory: string;
}

/** A command as {@link Transport}: messages are lines of its input and output. */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport["onmessage"];
  readonly #command: Command;
  readonly #lines = new ReadBuffer({ maxBufferSize: ANSWER_BYTES_MAX });
  #process: Bun.Subprocess<"pipe", "pipe", "pipe"> | undefined;
  #stderr = "";
  #isOver = false;

  constructor(command: Command) {
    this.#command = command;
  }

  /** The end of what the command said of itself. */
  get stderrText(): string {
    return this.#stderr;
  }

  /** Whether the command runs no more, or is being ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  start(): Promise<void> {
    const { command, args, env, directory } = this.#command;
    try {
      const started = Bun.spawn(["/bin/sh", "-c", WATCHED, "sh", command, ...args], {
        stdio: ["pipe", "pipe", "pipe", "pipe"],
        cwd: directory,
        // These and no others: the server's own variables hold keys.
        env: { PATH: PATH_DEFAULT, ...env },
        // A group of its own, that a kill reaches as a whole.
        detached: true,
      });
      this.#process = started;
      void this.#read(started.stdout);
      void this.#listen(started.stderr);
      void started.exited.then(() => this.#end());
      return Promise.resolve();
    } catch (cause) {
      return Promise.reject(new Failure("unavailable", `The command '${command}' cannot be started`, { cause }));
    }
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.#process?.stdin;
    if (stdin === undefined || this.#isOver) throw new NotSent("unavailable", this.#why());
    stdin.write(serializeMessage(message));
    await stdin.flush();
  }

  /** Ends the input, gives the command a moment to leave by itself, and ends what is left. */
  async close(): Promise<void> {
    const running = this.#process;
    if (running === undefined || this.#isOver) return;
    await Promise.resolve(running.stdin.end()).catch(() => undefined);
    await Promise.race([running.exited, Bun.sleep(LEAVE_MS)]);
    this.#end();
    await running.exited;
  }

  async #read(output: ReadableStream<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of output) {
        this.#lines.append(Buffer.from(chunk));
        for (;;) {
          const message = this.#next();
          if (message === null) break;
          if (message !== undefined) this.onmessage?.(message);
        }
      }
    } catch (error) {
      // A line without end.
      this.onerror?.(error instanceof Error ? error : new Error(String(error)));
    }
    this.#end();
  }

  /** The next message; null where there is none yet, undefined for a line that is none. */
  #next(): JSONRPCMessage | null | undefined {
    try {
      return this.#lines.readMessage();
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  }

  async #listen(output: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of output) {
        const text = this.#stderr + decoder.decode(chunk, { stream: true });
        this.#stderr = text.slice(-STDERR_CHARS_MAX).toWellFormed();
      }
    } catch {
      // It was ended while it spoke.
    }
  }

  /** Has the watcher kill the group. Twice is once. */
  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const lifeline = this.#process?.stdio[3];
    if (typeof lifeline === "number") closeSync(lifeline);
    this.#lines.clear();
    this.onclose?.();
  }

  #why(): string {
    const said = this.#stderr.trim();
    return `The command '${this.#command.command}' runs no more${said === "" ? "" : `; it said: ${cut(said, STDERR_CHARS_MAX)}`}`;
  }
}
