import { callsOf, returnsOf, type WireCall, type WireMessage } from "../clients/wire.ts";
import type { SimOptions } from "../plan/options.ts";
import { isAfar } from "../plan/plan.ts";
import { printedFor } from "../servers/tool-server.ts";
import type { KnownAgent, Oracle } from "./oracle.ts";

/** What an answer says of a tool that has run and is no success: that nobody knows, or what became of the memory. */
const EXCUSES = ["unknown", "What it changed in memory was not kept"] as const;
const NOTE_TEXT = /af-(\d+-\d+;)-\d+;/;

/** A conversation and what is stored of it. */
interface Told {
  readonly agent: KnownAgent;
  readonly messages: readonly WireMessage[];
}

/** What ran outside was asked for in some history, as often as it ran; and what a history tells of it is true. */
export function checkOutside(oracle: Oracle, options: SimOptions, found: readonly Told[]): void {
  const isCertain = !options.enabled.includes("fork");
  const copies = new Map(oracle.turns.map((turn) => [turn.plan.mark.slice(3), turn.copies]));
  const asked = new Set(found.flatMap(({ messages }) => messages.flatMap(callsOf).map(noteOf)));
  for (const [note, runs] of Map.groupBy(oracle.outside.runs, (run) => run.note)) {
    oracle.checked();
    if (!asked.has(note)) oracle.fail("S22 told", `${note} was left outside, and no history has its call`);
    const timesMax = copies.get(NOTE_TEXT.exec(note)?.[1] ?? "") ?? 1;
    if (isCertain && runs.length > timesMax && runs[0]?.mayRepeat === false)
      oracle.fail("S22 once", `${note} was left outside ${runs.length} times`);
  }
  for (const { agent, messages } of found) if (!agent.isFork) checkTold(oracle, messages);
  if (isCertain) for (const { messages } of found) checkTogether(oracle, messages);
}

/** What one run answered to one reply stands in one message, however many commits it took. Forks may keep them apart. */
function checkTogether(oracle: Oracle, messages: readonly WireMessage[]): void {
  const returned = messages.filter(({ message_type }) => message_type === "tool_return_message");
  for (const [reply, told] of Map.groupBy(returned, ({ run_id, step_id }) => `${run_id} ${step_id}`)) {
    oracle.checked();
    if (told.length > 1) oracle.fail("S6 history", `The calls of ${reply} are answered in ${told.length} messages`);
  }
}

/** A call that ran and whose answer did not come has an unknown outcome, and no other answer. */
function checkTold(oracle: Oracle, messages: readonly WireMessage[]): void {
  const calls = new Map(
    messages
      .flatMap(callsOf)
      .filter(isAfar)
      .map((call) => [call.tool_call_id, call]),
  );
  for (const { tool_call_id, status, tool_return, stdout } of messages.flatMap(returnsOf)) {
    const call = calls.get(tool_call_id);
    if (call === undefined) continue;
    oracle.checked();
    const note = noteOf(call);
    if (status === "success" && !oracle.outside.hasAnswered(note))
      oracle.fail("S22 told", `The model was told that ${note} was left, which nobody had answered`);
    if (status === "success" && stdout?.join() !== printedFor(note))
      oracle.fail("S22 told", `${note} was left outside, and its tool is said to have printed '${stdout}'`);
    // What may run again may fail the second time, and says so.
    const isIt = (callId: string, itsNote: string) => callId === tool_call_id && itsNote === note;
    const hasRun = oracle.outside.runs.some((run) => isIt(run.callId, run.note) && !run.mayRepeat);
    if (hasRun && status !== "success" && !EXCUSES.some((excuse) => String(tool_return).includes(excuse)))
      oracle.fail("S22 told", `${note} was left outside, and the model was told '${tool_return}'`);
  }
}

function noteOf({ arguments: json }: WireCall): string {
  return NOTE_TEXT.exec(json)?.[0] ?? "";
}
