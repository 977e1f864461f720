import { parseJson } from "../../src/core/json.ts";
import type { WireMessage, WireRun, WireUsage } from "../clients/wire.ts";

/** The line that ends every stream. */
const DONE = "[DONE]";
const FINAL = ["completed", "failed", "cancelled"];
const NUMBER = /"seq_id":(?:\d+|null)/;
/** What a provider refuses later is told as an error from then on, in streams that are made of what is stored. */
const REFUSED_SINCE = /"is_err":(?:true|null)/;

/** What clients saw of runs: how they stand, and the lines of their streams by number. */
export interface RunBook {
  /** A reader of a run's stream from after a number on. `run` is undefined until a line has told it. */
  reader(run: string | undefined, startingAfter: number, isNumbered: boolean): StreamReader;
  /** A list of runs that was asked for and came at these times: what was known to be final before must be final in it. */
  sawRuns(runs: readonly WireRun[], askedMs: number, cameMs: number): void;
  /** A run's answer or its stream told what the run had used in all. */
  told(run: string, usage: WireUsage): void;
  readonly usages: ReadonlyMap<string, readonly WireUsage[]>;
  /** A run's answer, or its callback, told all that it said. */
  answered(run: string, answer: RunAnswer): void;
  readonly answers: ReadonlyMap<string, readonly RunAnswer[]>;
  /** A run was asked to be deleted: nothing of it need be there any more. */
  mayBeGone(run: string): void;
  isMaybeGone(run: string): boolean;
  /** Runs whose streams were seen, or whose answers were: those are read in the end. */
  readonly streams: ReadonlyMap<string, SeenStream>;
}

/** All that a run said, as one that waited for its end was told it. */
export interface RunAnswer {
  readonly messages: readonly WireMessage[];
  readonly stopReason: string | undefined;
}

/** The lines of one run's stream, as far as anybody saw them. */
export interface SeenStream {
  readonly lines: Map<number, string>;
  /** The number of the last line, once somebody saw it. */
  last: number | undefined;
}

/** Checks one reading of a stream, line by line. */
export interface StreamReader {
  take(line: string): void;
  /** The server closed the stream. */
  closed(): void;
  runId(): string | undefined;
  /** The number of the last line taken. */
  position(): number;
}

type StreamEvent = Pick<WireMessage, "message_type" | "run_id"> &
  Partial<WireUsage> & { readonly seq_id?: number | null };
type Fail = (invariant: string, detail: string) => void;

/** The one {@link RunBook}. */
export function createRunBook(fail: Fail, checked: () => void): RunBook {
  const streams = new Map<string, SeenStream>();
  const ended = new Map<string, { readonly end: string; readonly knownMs: number }>();

  function streamOf(run: string): SeenStream {
    const stream = streams.get(run) ?? { lines: new Map(), last: undefined };
    streams.set(run, stream);
    return stream;
  }

  const usages = new Map<string, WireUsage[]>();
  const answers = new Map<string, RunAnswer[]>();
  const gone = new Set<string>();
  const told = (run: string, usage: WireUsage) => void usages.set(run, [...(usages.get(run) ?? []), usage]);

  return {
    streams,
    told,
    usages,
    answers,
    answered(run, answer) {
      streamOf(run);
      answers.set(run, [...(answers.get(run) ?? []), answer]);
    },
    mayBeGone: (run) => void gone.add(run),
    isMaybeGone: (run) => gone.has(run),
    sawRuns(runs, askedMs, cameMs) {
      // A companion's run may wait, created, for the one that is at work to end.
      const active = runs
        .filter((run) => run.status === "running")
        .map((run) => `${run.agent_id} ${run.conversation_id}`);
      checked();
      if (new Set(active).size < active.length)
        fail("S5 one run", `An agent has two runs at work: ${runs.map((run) => `${run.id} ${run.status}`).join(", ")}`);
      for (const run of runs) {
        const end = `${run.status} ${run.stop_reason}`;
        const before = ended.get(run.id);
        // A run that ended with a request for approval can still be cancelled.
        const isCancelled = before?.end === "completed requires_approval" && end === "cancelled cancelled";
        if (before !== undefined && before.knownMs < askedMs && before.end !== end && !isCancelled)
          fail("S1 acknowledged", `Run ${run.id} was '${before.end}' and is '${end}' now`);
        if ((before === undefined || isCancelled) && FINAL.includes(run.status))
          ended.set(run.id, { end, knownMs: cameMs });
      }
    },
    reader: (run, startingAfter, isNumbered) =>
      createReader({ streamOf, told, isGone: (id) => gone.has(id), fail, checked, isNumbered }, run, startingAfter),
  };
}

interface ReaderOptions {
  readonly streamOf: (run: string) => SeenStream;
  readonly told: (run: string, usage: WireUsage) => void;
  readonly isGone: (run: string) => boolean;
  readonly fail: Fail;
  readonly checked: () => void;
  readonly isNumbered: boolean;
}

function createReader(
  { streamOf, told, isGone, fail, checked, isNumbered }: ReaderOptions,
  knownRun: string | undefined,
  startingAfter: number,
): StreamReader {
  let run = knownRun;
  let position = startingAfter;
  let isDone = false;

  /** Compares a line with what anybody saw at its place. */
  function note(line: string): void {
    if (run === undefined) {
      fail("S9 stream", `A stream began without telling its run: ${line}`);
      return;
    }
    // It may go away in the middle of a reading.
    if (isGone(run)) return;
    const stream = streamOf(run);
    // Whoever asks for more than there is hears of the end once more.
    if (line === DONE && stream.last !== undefined && position > stream.last) return;
    const text = line.replace(NUMBER, '"seq_id":null').replace(REFUSED_SINCE, '"is_err":null');
    const known = stream.lines.get(position);
    if (known !== undefined && known !== text)
      fail("S9 stream", `Line ${position} of ${run} was ${known} and is ${text} now`);
    if (stream.last !== undefined && position > stream.last)
      fail("S9 stream", `Line ${position} of ${run} comes after its end at ${stream.last}`);
    stream.lines.set(position, text);
    if (line === DONE) stream.last = position;
  }

  /** Takes a line that is an event. A ping that has no number is a sign of life and no part of the log. */
  function takeEvent(line: string): void {
    const event = parseJson(line) as StreamEvent | undefined;
    if (event === undefined) fail("S9 stream", `A line is no JSON: ${line}`);
    run ??= event?.run_id ?? undefined;
    if (event?.message_type === "ping" && position > 0 && event.seq_id == null) return;
    if (event?.message_type === "usage_statistics" && run !== undefined) told(run, event as StreamEvent & WireUsage);
    position++;
    const number = event?.seq_id ?? position;
    if (isNumbered && number !== position) fail("S9 stream", `${run} has line ${number} where ${position} should be`);
    note(line);
  }

  return {
    runId: () => run,
    position: () => position,
    take(line) {
      checked();
      if (isDone) fail("S9 stream", `${run} goes on after its end: ${line}`);
      if (line !== DONE) return takeEvent(line);
      position++;
      isDone = true;
      note(line);
    },
    closed() {
      const isAtEnd = run !== undefined && streamOf(run).last === position;
      if (!isDone && !isAtEnd && (run === undefined || !isGone(run)))
        fail("S9 stream", `The stream of ${run} was closed at ${position} without its end`);
    },
  };
}
