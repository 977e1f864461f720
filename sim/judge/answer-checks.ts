import { parseJson } from "../../src/core/json.ts";
import { callsOf, returnsOf, type WireMessage, wireText } from "../clients/wire.ts";
import type { RunBook, SeenStream } from "./run-book.ts";

type Fail = (invariant: string, detail: string) => void;

/** A line of a stream, as far as it is compared with an answer. */
type Line = Partial<WireMessage> & {
  readonly otid?: string | null;
  readonly reasoning?: string;
  readonly stop_reason?: string;
};

/** What a run's stream showed, put together. */
interface Shown {
  /** The message and piece that each text belongs to, in their order. */
  readonly pieces: ReadonlyMap<string, Piece>;
  readonly stopReason: string | undefined;
}

interface Piece {
  readonly id: string;
  readonly type: string;
  readonly text: string;
}

/**
 * Whoever waits for the whole answer, or is called back with it, is told what the stream of the run tells: the same
 * messages in the same order, of the same words, and the same end. Words that a crash or a cancel took back are in the
 * stream alone; what was stored, answers of tools among it, is in both.
 */
export function checkAnswers({ answers, streams, isMaybeGone }: RunBook, fail: Fail, checked: () => void): void {
  for (const [run, given] of answers) {
    const stream = streams.get(run);
    if (stream === undefined || isMaybeGone(run)) continue;
    const shown = shownBy(linesOf(stream));
    for (const { messages, stopReason } of given) {
      checked();
      const answer = textOf(shownBy(messages), () => true);
      const ids = new Set(messages.map(({ id }) => id));
      const told = textOf(shown, ({ id, type }) => ids.has(id) || type === "tool_return_message");
      if (answer !== told) fail("S9 answer", `${run} was answered with ${answer}, and its stream shows ${told}`);
      if (stopReason !== undefined && stopReason !== shown.stopReason)
        fail("S9 answer", `${run} was answered to end by ${stopReason}, and its stream by ${shown.stopReason}`);
    }
  }
}

function linesOf({ lines }: SeenStream): readonly Line[] {
  const inOrder = [...lines].sort(([left], [right]) => left - right);
  return inOrder.flatMap(([, line]) => (parseJson(line) as Line | undefined) ?? []);
}

function shownBy(lines: readonly Line[]): Shown {
  const pieces = new Map<string, Piece>();
  let stopReason: string | undefined;
  for (const line of lines) {
    stopReason = line.stop_reason ?? stopReason;
    const { id, message_type: type = "", otid } = line;
    if (id === undefined || !type.endsWith("_message") || NO_MESSAGES.has(type)) continue;
    const key = `${type} ${id} ${otid}`;
    pieces.set(key, { id, type, text: (pieces.get(key)?.text ?? "") + wordsOf(line) });
  }
  return { pieces, stopReason };
}

const NO_MESSAGES: ReadonlySet<string> = new Set(["error_message", "event_message"]);

function wordsOf(line: Line): string {
  const message = { ...line, id: "", message_type: "" };
  const calls = callsOf(message).map((call) => `${call.name ?? ""}${call.arguments ?? ""}`);
  const returns = returnsOf(message).map((one) => JSON.stringify(one));
  const said = line.content === undefined ? "" : wireText(line);
  return [said, line.reasoning ?? "", ...calls, ...returns].join("");
}

function textOf({ pieces }: Shown, isWanted: (piece: Piece) => boolean): string {
  const wanted = [...pieces].filter(([, piece]) => isWanted(piece));
  return wanted.map(([key, { text }]) => `${key}: ${text}`).join("\n");
}
