import type { ConnectionBindings } from "../../api/http/env.ts";
import { Failure } from "../../core/failure.ts";
import { ModelFailure } from "../../llm/failure.ts";
import { painter } from "../command/terminal-color.ts";

/** How much the server says of its work: what is listed later includes what is listed before. */
export const LOG_LEVELS = ["silent", "error", "warn", "info", "debug"] as const;

/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What the server says of its own work, on standard error. */
export interface Log {
  /** What went wrong, with its cause. */
  readonly error: (message: string, cause?: unknown) => void;
  /** What somebody should look at. */
  readonly warn: (message: string) => void;
  /** What is going on. */
  readonly info: (message: string) => void;
  /** Wraps what answers requests, so that each is told in a line. */
  readonly told: (answer: Answer) => Answer;
  /** Writes what waits to be written. */
  readonly flush: () => void;
}

type Answer = (request: Request, connection: ConnectionBindings) => Response | Promise<Response>;

/** Lines of requests are written together this often: a write costs more than all the rest of a line. */
const FLUSH_MS = 100;
/** Bytes that a reader who does not keep up may leave waiting; lines beyond are left out, and counted. */
const WAITING_BYTES_MAX = 1024 * 1024;
/** Characters of a path that a line shows. */
const PATH_CHARS_MAX = 200;
/** What programs ask every few seconds, and browsers by themselves. */
const ROUTINE = /^\/(?:(?:v1|latest)\/(?:health|ready)\/?|favicon\.(?:ico|svg))$/;

/** The stream that lines go to. */
export type LogOutput = Pick<NodeJS.WriteStream, "write" | "isTTY"> & { readonly writableLength: number };

/** A log that says what `level` asks for. */
export function createLog(level: LogLevel, output: LogOutput = process.stderr): Log {
  const rank = LOG_LEVELS.indexOf(level);
  const says = (wanted: LogLevel) => LOG_LEVELS.indexOf(wanted) <= rank;
  const paint = painter(output);
  let waiting = "";
  let leftOut = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (waiting !== "") output.write(waiting);
    waiting = "";
  }

  function line(wanted: LogLevel, color: number, text: string): string {
    return `${paint(2, new Date().toISOString())} ${paint(color, wanted.padEnd(5))} ${text}\n`;
  }

  function say(wanted: LogLevel, color: number, text: string): void {
    if (!says(wanted)) return;
    waiting += line(wanted, color, plain(text));
    flush();
  }

  function tell(wanted: LogLevel, color: number, text: string): void {
    if (waiting.length + output.writableLength > WAITING_BYTES_MAX) {
      leftOut++;
      return;
    }
    if (leftOut > 0) waiting += line("warn", 33, `${leftOut} lines were left out: whoever reads this log is too slow`);
    leftOut = 0;
    waiting += line(wanted, color, text);
    timer ??= setTimeout(flush, FLUSH_MS);
  }

  function told(answer: Answer): Answer {
    if (!says("warn")) return answer;
    return async (request, connection) => {
      const startMs = performance.now();
      let run = "";
      const runBegan = (id: string) => {
        run = ` ${id}`;
      };
      const response = await answer(request, { ...connection, runBegan });
      const path = pathOf(request.url);
      const [wanted, color] = weightOf(path, response.status);
      const took = (performance.now() - startMs).toFixed(1);
      if (says(wanted)) tell(wanted, color, `${request.method} ${path} ${response.status} ${took} ms${run}`);
      return response;
    };
  }

  return {
    error: (message, cause) =>
      say("error", 31, cause === undefined ? message : `${message}: ${causeText(cause, rank)}`),
    warn: (message) => say("warn", 33, message),
    info: (message) => say("info", 32, message),
    told,
    flush,
  };
}

/** How much an answer matters to who runs the server, and its color. */
function weightOf(path: string, status: number): readonly [LogLevel, number] {
  if (status >= 500) return ["warn", 31];
  return [ROUTINE.test(path) ? "debug" : "info", status < 400 ? 32 : 33];
}

/** What providers and tools said must not move the cursor or begin lines of its own; only a stack has several. */
function plain(text: string): string {
  return text.replace(/[^\P{Cc}\n]/gu, " ").replace(/\n(?! {4}at )/g, " ");
}

/** A path as it was sent, so without control characters, and without what follows a question mark: that may be secret. */
function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const query = url.indexOf("?", start);
  const path = url.slice(start, query < 0 ? undefined : query);
  return path.length <= PATH_CHARS_MAX ? path : `${path.slice(0, PATH_CHARS_MAX)}...`;
}

/** What a failure says; where it happened is told of bugs, and of everything to who debugs. */
function causeText(cause: unknown, rank: number): string {
  if (!(cause instanceof Error)) return String(cause);
  const stack = cause.stack ?? `${cause.name}: ${cause.message}`;
  if (!(cause instanceof Failure)) return stack;
  const said =
    cause instanceof ModelFailure && cause.detail !== "" ? `${cause.message} ${cause.detail}` : cause.message;
  return rank < LOG_LEVELS.indexOf("debug") ? said : `${said}\n${stack.slice(Math.max(0, stack.indexOf("    at ")))}`;
}
