import { FILER, FILER_OPEN_MAX, fileMarkIn } from "../judge/files/file-book.ts";
import type { Oracle } from "../judge/oracle.ts";
import type { PlannedReply } from "../plan/plan.ts";
import { type ChatRequest, chatText } from "./chat-wire.ts";

const PERSONA = /cn-(\d+);/;
const OPEN = /<file status="open"/g;
/** How a message begins that asks an agent to call a tool: how many files were gone when it was sent, and the call. */
const WISH = /^files (\d+) (\w+) (\{.*\})$/s;
const HEARD: PlannedReply = { text: "That is all.", calls: [] };

/** A message that has an agent call a tool for files. */
export function fileWish(gone: number, name: string, args: object): string {
  return `files ${gone} ${name} ${JSON.stringify(args)}`;
}

/** Whether the request is of an agent that works with files. */
export function isOfFiler(request: ChatRequest): boolean {
  const number = numberOf(request);
  return number >= FILER && number < FILER + FILER_OPEN_MAX.length;
}

/** What such an agent says: it makes the call that it was asked for. Its prompt is looked at meanwhile. */
export function filerReply(oracle: Oracle, request: ChatRequest): PlannedReply {
  const { messages } = request;
  const at = messages.findLastIndex((message) => message.role === "user" && WISH.test(chatText(message)));
  const [, gone, name = "", args = ""] = WISH.exec(chatText(messages[at] ?? { role: "user" })) ?? [];
  checkPrompt(oracle, request, { at, gone: oracle.files.gone.slice(0, Number(gone ?? 0)) });
  if (gone === undefined || messages.slice(at).some(({ role }) => role === "tool")) return HEARD;
  const hasTool = request.tools?.some((tool) => tool.function.name === name) === true;
  return hasTool ? { text: "", calls: [{ name, arguments: args, token: null }] } : HEARD;
}

/** No prompt shows more files than an agent may have open, nor a word of one that was gone when it was asked. */
function checkPrompt(
  { checked, fail }: Oracle,
  request: ChatRequest,
  { at, gone }: { readonly at: number; readonly gone: readonly string[] },
): void {
  const [head] = request.messages;
  const system = head === undefined ? "" : chatText(head);
  const open = system.match(OPEN)?.length ?? 0;
  const openMax = FILER_OPEN_MAX[numberOf(request) - FILER] ?? 0;
  checked(2);
  if (open > openMax) fail("S28 files", `A prompt shows ${open} files of an agent that may have ${openMax} open`);
  const told = request.messages.slice(Math.max(1, at)).map(chatText).join("\n");
  const stale = fileMarkIn(system, gone) ?? (at < 0 ? undefined : fileMarkIn(told, gone));
  if (stale !== undefined) fail("S28 files", `A prompt shows ${stale} of a file that was deleted before it was asked`);
}

function numberOf({ messages: [head] }: ChatRequest): number {
  return Number(head === undefined ? 0 : PERSONA.exec(chatText(head))?.[1]);
}
