import { type Clients, fetched } from "../clients/clients.ts";
import type { WireStep } from "../clients/wire.ts";
import type { ChatMessage, ChatRequest } from "../servers/chat-wire.ts";

/** Steps of one seed whose contexts are looked at. */
const STEPS_MAX = 60;
/** Characters around the first difference that a failure shows. */
const SHOWN_CHARS = 80;
/** What providers are told where nothing was said. */
const FILLERS: ReadonlySet<string> = new Set(["[an empty message]", "[no output]", "[go on]"]);

/** A context as a step tells it. */
interface WireContext {
  readonly is_complete: boolean;
  readonly system_prompt: string;
  readonly tools: readonly { readonly name: string }[];
  readonly transcript: readonly {
    readonly role: string;
    readonly content?: readonly WirePart[];
    readonly tool_calls?: readonly { readonly id: string }[];
    readonly tool_returns?: readonly { readonly tool_call_id: string; readonly content: readonly WirePart[] }[];
  }[];
}

interface WirePart {
  readonly type: string;
  readonly text?: string;
}

/** What a request says, piece by piece, in whichever format it came: its tools, its instructions, words, calls and answers. */
export function saidIn({ messages, tools = [] }: ChatRequest): readonly string[] {
  return [tools.map((tool) => tool.function.name).join(" "), ...messages.flatMap(saidBy)].filter(isSaid);
}

function saidBy({ role, content, tool_calls = [], tool_call_id }: ChatMessage): readonly string[] {
  const texts = textsOf(content);
  if (role === "tool") return [tool_call_id ?? "", texts.join("")];
  if (role === "assistant") return [texts.join("").trim(), ...tool_calls.map(({ id }) => id)];
  return texts;
}

function textsOf(content: unknown): readonly string[] {
  if (Array.isArray(content)) return content.map((part: WirePart) => part.text ?? "");
  return [String(content ?? "")];
}

function saidInContext({ system_prompt, tools, transcript }: WireContext): readonly string[] {
  const said = transcript.flatMap(({ role, content = [], tool_calls = [], tool_returns = [] }) => {
    const texts = content.filter(({ type }) => type === "text").map(({ text = "" }) => text);
    if (role === "assistant") return [texts.join("").trim(), ...tool_calls.map(({ id }) => id)];
    const answers = tool_returns.flatMap((answer) => [answer.tool_call_id, textsOf(answer.content).join("")]);
    return [...texts, ...answers];
  });
  return [tools.map(({ name }) => name).join(" "), system_prompt, ...said].filter(isSaid);
}

function isSaid(text: string): boolean {
  return text.trim() !== "" && !FILLERS.has(text);
}

/** The context that a step tells is the request that its provider billed. Of many steps some are looked at, from all of the time. */
export async function checkToldContexts(clients: Clients, steps: readonly WireStep[]): Promise<void> {
  const { oracle } = clients;
  const billed = steps.filter(({ completion_tokens }) => completion_tokens !== null);
  const every = Math.ceil(billed.length / STEPS_MAX);
  for (const { id, completion_tokens: bill } of billed.filter((_, index) => index % every === 0)) {
    const sent = oracle.bills.requestOf(bill ?? 0);
    const told = await fetched<WireContext>(clients, { method: "GET", path: `/v1/steps/${id}/context` });
    oracle.checked();
    if (told === undefined) oracle.fail("S23 told context", `Step ${id} tells no context`);
    else if (told.is_complete && sent !== undefined) compare(clients, id, [sent, saidInContext(told)]);
  }
}

function compare(
  { oracle }: Clients,
  step: string,
  [sent, told]: readonly [readonly string[], readonly string[]],
): void {
  const at = sent.findIndex((piece, index) => piece !== told[index]);
  if (at < 0 && sent.length === told.length) return;
  const index = at < 0 ? sent.length : at;
  const [before = "nothing", after = "nothing"] = [sent[index], told[index]];
  const from = Math.max(0, [...before].findIndex((character, place) => character !== after[place]) - SHOWN_CHARS / 2);
  const part = (text: string) => JSON.stringify(text.slice(from, from + SHOWN_CHARS));
  oracle.fail("S23 told context", `Piece ${index} of step ${step} was ${part(before)}, and ${part(after)} is told`);
}
