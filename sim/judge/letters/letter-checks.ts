import { type Clients, readPages } from "../../clients/clients.ts";
import { callsOf, returnsOf, type WireCall, type WireMessage, type WireReturn, wireText } from "../../clients/wire.ts";
import type { Oracle } from "../oracle.ts";
import { ASK_TOOL, FORGOTTEN, letterIn, TELL_TOOL } from "./letter-book.ts";

const PAGE = 100;
/** What is said of a call whose outcome the disk did not give back. */
const DISK_FAILED = "the place where it runs failed";

/** An agent that was asked heard it once, and whoever asked hears what it said: never that nobody knows. */
export async function checkLetters(clients: Clients): Promise<void> {
  const { oracle } = clients;
  const read: WireMessage[] = [];
  for (const id of oracle.letters.writers)
    read.push(...(await readPages<WireMessage>(clients, `/v1/agents/${id}/messages?order=asc`, PAGE)));
  const calls = read.flatMap(callsOf).filter(({ name }) => name === ASK_TOOL || name === TELL_TOOL);
  const asked = Map.groupBy(calls, wordsOf);
  const heard = Map.groupBy(read.filter(isHeard), (message) => letterIn(wireText(message))?.words ?? "");
  for (const [words, messages] of heard) {
    oracle.checked();
    const timesMax = asked.get(words)?.length ?? 0;
    if (messages.length > timesMax)
      oracle.fail("S27 letters", `${words} was heard ${messages.length} times, and sent ${timesMax} times`);
  }
  const returns = new Map(read.flatMap(returnsOf).map((one) => [one.tool_call_id, one]));
  for (const call of calls) {
    const told = returns.get(call.tool_call_id);
    if (told !== undefined) checkTold(oracle, { call, told, isHeard: heard.has(wordsOf(call)) });
  }
}

/** What a sender was told is true, and it was told something. */
function checkTold(
  oracle: Oracle,
  { call, told, isHeard }: { readonly call: WireCall; readonly told: WireReturn; readonly isHeard: boolean },
): void {
  const words = wordsOf(call);
  const text = String(told.tool_return);
  oracle.checked();
  // While the disk cannot be read, nobody can know.
  if (text.includes("was cut off") && !text.includes(DISK_FAILED))
    oracle.fail("S27 letters", `Of ${words} the sender was told '${text}'`);
  if (told.status !== "success") return;
  if (!isHeard) oracle.fail("S27 letters", `${words} is said to have come, and nobody has heard it`);
  if (call.name === ASK_TOOL && !text.includes(`heard ${words}`) && !text.includes(FORGOTTEN))
    oracle.fail("S27 letters", `${words} was answered with '${text}'`);
}

function wordsOf({ arguments: json }: WireCall): string {
  return letterIn(json)?.words ?? "";
}

/** Whether it is a letter that another agent wrote. */
function isHeard(message: WireMessage): boolean {
  return message.message_type === "system_message" && (letterIn(wireText(message))?.step ?? 0) > 0;
}
