import { type Approval, type Message, textOf } from "../../agent/message.ts";
import { asShown } from "../../agent/transcript.ts";
import { cut } from "../../core/text.ts";
import { unpackAnswer } from "../../tools/tool-answer.ts";
import { summaryTextOf } from "./summary-message.ts";

/** Characters of one call's arguments, and of one answer, that a summary is made from. */
const ARGUMENTS_CHARS_MAX = 2_000;
const ANSWER_CHARS_MAX = 4_000;
/** Parts of a history that one compaction reads; of a longer one only the newest. */
export const PARTS_MAX = 24;
const LEFT_OUT = "[the oldest part of this history is left out here]";

/** A piece of a history in words, with what it may cost at most. */
export interface ScriptLine {
  readonly text: string;
  readonly tokens: number;
}

/** A history in plain words, for a model that is to summarise it. */
export function scriptOf(messages: readonly Message[], tokens: readonly number[]): readonly ScriptLine[] {
  return messages.map((message, index) => ({
    text: lineOf(asShown(message)),
    tokens: (tokens[index] ?? 0) + LINE_TOKENS,
  }));
}

/** What the name of who speaks adds to a line. */
const LINE_TOKENS = 8;

/** The lines in parts of at most `tokensMax` each. A line that is too long by itself keeps its beginning and end. */
export function inParts(lines: readonly ScriptLine[], tokensMax: number): readonly string[] {
  const parts: string[][] = [[]];
  let used = 0;
  for (const line of lines) {
    const { text, tokens } = fitted(line, tokensMax);
    if (used > 0 && used + tokens > tokensMax) {
      parts.push([]);
      used = 0;
    }
    parts.at(-1)?.push(text);
    used += tokens;
  }
  const texts = parts.map((part) => part.join("\n"));
  return texts.length <= PARTS_MAX ? texts : newest(texts);
}

function newest(texts: readonly string[]): readonly string[] {
  const [first = "", ...rest] = texts.slice(-PARTS_MAX);
  return [`${LEFT_OUT}\n${first}`, ...rest];
}

function fitted(line: ScriptLine, tokensMax: number): ScriptLine {
  if (line.tokens <= tokensMax) return line;
  const chars = Math.floor((line.text.length * tokensMax) / line.tokens / 2);
  const head = cut(line.text, chars);
  const tail = line.text.slice(line.text.length - chars).toWellFormed();
  return { text: `${head} [...] ${tail}`, tokens: tokensMax };
}

/** A message in plain words, with who said it. */
export function lineOf(message: Message): string {
  switch (message.role) {
    case "summary":
      return `[summary of what came before] ${summaryTextOf(message)}`;
    case "tool":
      return message.toolReturns
        .map(({ name, status, response }) => `[${name}, ${status}] ${shortened(unpackAnswer(response).text)}`)
        .join("\n");
    case "approval":
      return message.toolCalls.length > 0
        ? spoken("assistant, asking for approval", message)
        : decisions(message.approvals);
    case "assistant":
    case "user":
    case "system":
      return spoken(message.role, message);
  }
}

function spoken(who: string, message: Message): string {
  const images = message.content.filter((part) => part.type === "image").map(() => "[image]");
  const calls = message.toolCalls.map((call) => `-> ${call.name}(${cut(call.arguments, ARGUMENTS_CHARS_MAX)})`);
  return [`[${who}]`, textOf(message), ...images, ...calls].filter((part) => part !== "").join(" ");
}

function decisions(approvals: readonly Approval[]): string {
  const said = approvals.map((approval) => {
    if (approval.type === "tool") return `[the client's tool, ${approval.status}] ${shortened(approval.text)}`;
    return approval.approve
      ? "[user] approved the call"
      : `[user] denied the call: ${approval.reason ?? "no reason given"}`;
  });
  return said.join("\n");
}

function shortened(text: string): string {
  return text.length <= ANSWER_CHARS_MAX ? text : `${cut(text, ANSWER_CHARS_MAX)} [...]`;
}
