import type { Readable, Writable } from "node:stream";
import { isRecord, type Json, type JsonObject, parseJson } from "../core/json.ts";
import type { WorkerAnswer, WorkerCall } from "./jail.ts";

/** Bytes of one line. A longer one is the end of a worker. */
const LINE_BYTES_MAX = 16 * 1024 * 1024;
/** Calls that a worker holds at once; the next ones are refused. */
const CALLS_MAX = 256;
/** Questions of a worker that are being answered at once; the next ones are refused. */
const QUESTIONS_MAX = 64;
/** How long a worker may take to call off a call before it is ended. */
const CANCEL_MS = 1_000;

/** The two ends that a server has of a conversation in lines, and what it does about its partner. */
export interface LineChannelOptions {
  readonly toWorker: Writable;
  readonly fromWorker: Readable;
  readonly cancel: "line" | "kill";
  readonly answer: ((question: JsonObject) => Promise<Json>) | undefined;
  /** Ends the worker; `lost` is called once it is gone. */
  readonly kill: (reason: string) => void;
}

/** A conversation in lines of JSON with a process that is not trusted to keep to it. */
export interface LineChannel {
  /** The first line. Never settles when there is none. */
  readonly hello: Promise<JsonObject>;
  /** Sends a line that asks for nothing. */
  tell(line: JsonObject): void;
  call(call: WorkerCall): Promise<WorkerAnswer>;
  /** The worker is gone: every call that it held is answered, and so are those to come. */
  lost(reason: string): void;
}

interface Held {
  settle(answer: WorkerAnswer): void;
}

/** Opens the conversation. A line that is no object of JSON, or answers nothing that was asked, ends the worker. */
export function openLineChannel(options: LineChannelOptions): LineChannel {
  const { toWorker, fromWorker, kill } = options;
  const held = new Map<number, Held>();
  const greeted = Promise.withResolvers<JsonObject>();
  let [last, isGreeted, questions] = [0, false, 0];
  let gone: string | undefined;

  function tell(line: JsonObject): void {
    if (gone === undefined) toWorker.write(`${JSON.stringify(line)}\n`);
  }

  function heard(text: string): void {
    const line = parseJson(text);
    if (!isRecord(line)) kill("it wrote a line that is no JSON");
    else if (!isGreeted) {
      isGreeted = true;
      greeted.resolve(line);
    } else if (typeof line["ask"] === "number") void answerTo(line["ask"], line);
    else settleBy(line);
  }

  /** An answer to what was called off meanwhile is no fault. */
  function settleBy(line: JsonObject): void {
    const id = line["id"];
    const waiting = typeof id === "number" ? held.get(id) : undefined;
    if (waiting !== undefined) waiting.settle({ kind: "line", line });
    else if (!(typeof id === "number" && id <= last)) kill("it answered what nobody asked");
  }

  async function answerTo(ask: number, question: JsonObject): Promise<void> {
    if (options.answer === undefined || questions === QUESTIONS_MAX)
      return tell({ answer: ask, error: options.answer === undefined ? "not granted" : "too many questions at once" });
    questions++;
    try {
      tell({ answer: ask, value: await options.answer(question) });
    } catch (error) {
      tell({ answer: ask, error: error instanceof Error ? error.message : String(error) });
    } finally {
      questions--;
    }
  }

  readLines(fromWorker, heard, () => kill(`it wrote a line of more than ${LINE_BYTES_MAX} bytes`));
  // What is written to a worker that has just died has no reader: its end is told by `lost`.
  toWorker.on("error", () => {});
  return {
    hello: greeted.promise,
    tell,
    call({ message, timeoutMs, signal }) {
      if (gone !== undefined) return Promise.resolve({ kind: "lost", how: "died", reason: gone });
      if (signal.aborted) return Promise.resolve(CANCELLED);
      if (held.size === CALLS_MAX)
        return Promise.resolve({ kind: "lost", how: "busy", reason: `${CALLS_MAX} calls wait for it already` });
      const id = ++last;
      const { promise, resolve } = Promise.withResolvers<WorkerAnswer>();
      const late = setTimeout(() => {
        settle({ kind: "lost", how: "late", reason: `it did not answer within ${timeoutMs} ms` });
        kill("it did not answer in time");
      }, timeoutMs);
      let stubborn: ReturnType<typeof setTimeout> | undefined;
      const settle = (answer: WorkerAnswer) => {
        held.delete(id);
        clearTimeout(late);
        clearTimeout(stubborn);
        signal.removeEventListener("abort", cancel);
        resolve(signal.aborted && answer.kind === "lost" ? CANCELLED : answer);
      };
      const cancel = () => {
        if (options.cancel === "kill") return kill("its call was called off");
        tell({ kill: id });
        stubborn = setTimeout(() => {
          settle(CANCELLED);
          kill("it did not call off a call");
        }, CANCEL_MS);
      };
      held.set(id, { settle });
      signal.addEventListener("abort", cancel, { once: true });
      tell({ ...message, id });
      return promise;
    },
    lost(reason) {
      gone ??= reason;
      for (const { settle } of [...held.values()]) settle({ kind: "lost", how: "died", reason });
    },
  };
}

const CANCELLED: WorkerAnswer = { kind: "lost", how: "cancelled", reason: "it was called off" };

/** Hands over each line of a stream, until one is too long. */
function readLines(from: Readable, heard: (line: string) => void, tooLong: () => void): void {
  let [pieces, bytes, isOver] = [[] as Buffer[], 0, false];
  from.on("error", () => {});
  from.on("data", (data: Buffer) => {
    let start = 0;
    for (let end = data.indexOf(10); end !== -1 && !isOver; end = data.indexOf(10, start)) {
      pieces.push(data.subarray(start, end));
      heard(Buffer.concat(pieces).toString("utf8"));
      [pieces, bytes, start] = [[], 0, end + 1];
    }
    if (isOver) return;
    pieces.push(data.subarray(start));
    bytes += data.length - start;
    if (bytes <= LINE_BYTES_MAX) return;
    [pieces, isOver] = [[], true];
    tooLong();
  });
}
