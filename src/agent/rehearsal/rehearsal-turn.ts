import { isRecord, type Json, type JsonObject, parseJson } from "../../core/json.ts";
import { fewerBlanks } from "../../core/text.ts";
import type { InputPart, ModelMessage, ModelRequest, ToolAnswer, ToolSchema } from "../../llm/model.ts";
import { answerTo, asksForFacts, joined, sentence } from "./answers.ts";
import { type HumanBlock, humanBlockIn, type PlannedCall, planEdits, unknownFacts } from "./human-block.ts";
import { sentencesIn } from "./quote.ts";
import { excludes, factsIn, factsOfLine, isSame, latest, lineOf, type ToldFact, toldTo } from "./told-facts.ts";

/** What the rehearsal model does next: say something, or call tools. */
export interface RehearsalTurn {
  readonly text: string;
  readonly calls: readonly PlannedCall[];
}

/** The last messages that are searched for facts. */
const MESSAGES_MAX = 200;
/** Characters of one message that are read, half of them at its end; and of all that are searched, the newest first. */
const READ_CHARS_MAX = 20_000;
const SEARCHED_CHARS_MAX = 200_000;
/** Notes to the model that stand beside what a person said: those of clients, and what was recalled from memory. */
const NOTES = /<system-reminder>[\s\S]*?<\/system-reminder>|<recalled_memory>[\s\S]*?<\/recalled_memory>/g;
/** A recalled line in which the person speaks, or in which they are spoken of. */
const RECALLED = /^- (?:said on \S+ by the user|fact, since \S+): (.+)$/gm;
const SAID_CHARS_MAX = 300;
/** Lines of free text quoted from memory, and how long each may be. */
const QUOTED_LINES_MAX = 5;
const QUOTED_CHARS_MAX = 200;
const MEMORY_TOOLS = /^(?:memory(?:_|$)|core_memory_)/;
const SPEAKING_TOOL = "send_message";

/** Decides what the rehearsal model does next. The same request always gets the same turn. */
export function turnOf(request: ModelRequest): RehearsalTurn {
  const turn = wantedTurn(request);
  const forced = typeof request.toolChoice === "object" ? request.toolChoice.tool : undefined;
  if (forced !== undefined) return forcedTurn(request, turn, forced);
  if (turn.calls.length > 0) return { text: "", calls: turn.calls.map((call) => completed(call, request.tools)) };
  if (request.toolChoice === "none") return shaped(turn, request);
  const tool = request.tools.some(({ name }) => name === SPEAKING_TOOL) ? SPEAKING_TOOL : request.tools[0]?.name;
  if (tool === SPEAKING_TOOL && !hasJustSpoken(request)) return forcedTurn(request, turn, SPEAKING_TOOL);
  if (request.toolChoice === "required" && tool !== undefined) return forcedTurn(request, turn, tool);
  return shaped(turn, request);
}

function wantedTurn(request: ModelRequest): RehearsalTurn {
  const { asked, since } = lastPerson(request.messages);
  const block = humanBlockIn(request.system);
  const facts = factsIn(asked);
  const answers = memoryAnswers(since);
  if (answers.length > 0 || facts.length > 0) return keepingTurn({ request, asked, since, block, facts, answers });
  return { text: reply(asked, request, block), calls: [] };
}

interface Keeping {
  readonly request: ModelRequest;
  readonly asked: string;
  readonly since: readonly ModelMessage[];
  readonly block: HumanBlock | undefined;
  readonly facts: readonly ToldFact[];
  readonly answers: readonly ToolAnswer[];
}

/** Keeps what is new by calls, one after the other where calls may not be parallel; then says what came of it. */
function keepingTurn(keeping: Keeping): RehearsalTurn {
  const { request, asked, since, block, facts, answers } = keeping;
  const failed = answers.find((answer) => answer.isError);
  if (failed !== undefined) return { text: `I could not keep that: ${quoted(textOf(failed.parts))}`, calls: [] };
  const calls = plannedCalls(keeping);
  const next = calls?.filter((call) => !isMade(call, since)) ?? [];
  if (next.length > 0) return { text: "", calls: request.parallelToolCalls ? next : next.slice(0, 1) };
  const told = joined(facts.map(toldTo));
  const answer = asksForFacts(asked) ? ` ${reply(asked, request, block)}` : "";
  return { text: `${outcome(told, calls, answers.length > 0)}${answer}`, calls: [] };
}

function plannedCalls({ request, block, facts, since }: Keeping): readonly PlannedCall[] | undefined {
  if (block === undefined || block.isReadOnly || request.toolChoice === "none") return undefined;
  // The prompt may still show the block as it was before this turn's calls, so what was called for is not new.
  const called = calledTexts(since);
  const unknown = unknownFacts(facts, block).filter((fact) => !called.includes(lineOf(fact)));
  return unknown.length === 0 ? [] : planEdits(unknown, block, request.tools);
}

function outcome(told: string, calls: readonly PlannedCall[] | undefined, kept: boolean): string {
  if (kept) return told === "" ? "I have kept it in my memory." : sentence(`I have kept in my memory that ${told}`);
  if (calls === undefined)
    return sentence(`I have no means to keep it here, but in this conversation I know that ${told}`);
  return sentence(`I already know that ${told}`);
}

/** What is known of the person: the block first, then what they said in this conversation, then what was recalled. */
function reply(asked: string, request: ModelRequest, block: HumanBlock | undefined): string {
  if (isSummary(request)) return summary(asked);
  const kept = block?.facts ?? [];
  const searched = newest(request.messages);
  const texts = searched.map((message) => personText(message) ?? "");
  const recalled = searched.flatMap(recalledLines);
  const found = recalled.flatMap(factsOfLine);
  const said = latest([...found, ...texts.flatMap((text) => factsIn(text))]);
  const more = said.filter((fact) => !kept.some((known) => isSame(known, fact) || excludes(known, fact)));
  const lines = (block?.lines ?? []).filter((line) => line.trim() !== "" && factsOfLine(line).length === 0);
  return answerTo(asked, {
    facts: [...kept, ...more],
    lines: lines.slice(0, QUOTED_LINES_MAX).map(quoted),
    said: [...recalled, ...texts].flatMap((text) => sentencesIn(text, SAID_CHARS_MAX)),
  });
}

/** The last messages, as many as are searched. */
function newest(messages: readonly ModelMessage[]): readonly ModelMessage[] {
  let chars = 0;
  const last = messages.slice(-MESSAGES_MAX);
  const before = last.findLastIndex((message) => {
    if (message.role === "user") chars += textOf(message.parts).length;
    return chars > SEARCHED_CHARS_MAX;
  });
  return last.slice(before + 1);
}

/** What the person said at another time, or what is known of them, as the server puts it behind a message. */
function recalledLines(message: ModelMessage): readonly string[] {
  if (message.role !== "user") return [];
  const notes = textOf(message.parts).match(NOTES)?.join("\n") ?? "";
  return [...notes.matchAll(RECALLED)].map(([, line = ""]) => line);
}

/** Compaction asks for a summary; an empty-handed answer would make the agent forget everything. */
function isSummary(request: ModelRequest): boolean {
  return request.tools.length === 0 && /summar/i.test(request.system) && humanBlockIn(request.system) === undefined;
}

function summary(transcript: string): string {
  const facts = factsIn(transcript.replace(/^\W*(?:user|human)\W+/gim, ""));
  const told =
    facts.length === 0 ? "No facts were found by rule." : sentence(`The person said: ${joined(facts.map(toldTo))}`);
  return `Summary made by rules. ${told} It ended: ${quoted(transcript.slice(-QUOTED_CHARS_MAX))}`;
}

/** The last thing a person wrote, and all messages after it. */
function lastPerson(messages: readonly ModelMessage[]): { asked: string; since: readonly ModelMessage[] } {
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i];
    const asked = message === undefined ? undefined : personText(message);
    if (asked !== undefined) return { asked, since: messages.slice(i + 1) };
  }
  return { asked: "", since: [] };
}

/** What a person wrote. Older agent types pack it in JSON, and send notices of their own the same way. */
function personText(message: ModelMessage): string | undefined {
  if (message.role !== "user") return undefined;
  const text = textOf(message.parts).replaceAll(NOTES, "").trim();
  const packed = text.startsWith("{") ? parseJson(text) : undefined;
  if (!isRecord(packed) || typeof packed["type"] !== "string") return text;
  return packed["type"] === "user_message" && typeof packed["message"] === "string" ? packed["message"] : undefined;
}

function textOf(parts: readonly InputPart[]): string {
  return shortened(parts.map((part) => (part.type === "text" ? shortened(part.text) : "")).join("\n"));
}

function shortened(text: string): string {
  if (text.length <= READ_CHARS_MAX) return fewerBlanks(text);
  const half = READ_CHARS_MAX / 2;
  return fewerBlanks(`${text.slice(0, half)}\n${text.slice(-half)}`.toWellFormed());
}

function memoryAnswers(since: readonly ModelMessage[]): readonly ToolAnswer[] {
  const answers = since.flatMap((message) => (message.role === "tool" ? message.answers : []));
  return answers.filter((answer) => MEMORY_TOOLS.test(answer.toolName));
}

function callsIn(since: readonly ModelMessage[]): readonly { name: string; arguments: Record<string, unknown> }[] {
  const calls = since.flatMap((message) => (message.role === "assistant" ? message.toolCalls : []));
  return calls.map((call) => {
    const args = parseJson(call.arguments);
    return { name: call.name, arguments: isRecord(args) ? args : {} };
  });
}

/** Whether this turn made the call already, whatever came of it. */
function isMade(planned: PlannedCall, since: readonly ModelMessage[]): boolean {
  return callsIn(since).some(
    (call) =>
      call.name === planned.name &&
      Object.entries(planned.arguments).every(([key, value]) => call.arguments[key] === value),
  );
}

/** The lines that this turn's calls already wrote. */
function calledTexts(since: readonly ModelMessage[]): readonly string[] {
  return callsIn(since)
    .filter((call) => MEMORY_TOOLS.test(call.name))
    .flatMap((call) => Object.values(call.arguments))
    .flatMap((value) => (typeof value === "string" ? value.split("\n") : []));
}

function hasJustSpoken(request: ModelRequest): boolean {
  const last = request.messages.at(-1);
  return last?.role === "tool" && last.answers.some((answer) => answer.toolName === SPEAKING_TOOL);
}

/** A turn that calls the tool it must call, with what it meant to say or do as far as that fits. */
function forcedTurn(request: ModelRequest, turn: RehearsalTurn, tool: string): RehearsalTurn {
  const planned = turn.calls.find((call) => call.name === tool);
  const speaking: JsonObject = tool === SPEAKING_TOOL ? { message: turn.text || "I have nothing to add." } : {};
  return { text: "", calls: [completed(planned ?? { name: tool, arguments: speaking }, request.tools)] };
}

/** The call with every required argument that it lacks, in the plainest value of its type. */
function completed(call: PlannedCall, tools: readonly ToolSchema[]): PlannedCall {
  const parameters = tools.find((tool) => tool.name === call.name)?.parameters ?? {};
  const { properties, required } = parameters;
  const lacking: Record<string, Json> = {};
  for (const name of Array.isArray(required) ? required : []) {
    if (typeof name !== "string" || name in call.arguments) continue;
    lacking[name] = plainValue(name, isRecord(properties) ? properties[name] : undefined, call.name !== SPEAKING_TOOL);
  }
  return { name: call.name, arguments: { ...lacking, ...call.arguments } };
}

/**
 * Some value that the schema allows. The two arguments that agents who talk by tool think and go on with have a
 * meaning.
 */
function plainValue(name: string, schema: unknown, goesOn: boolean): Json {
  if (name === "thinking" || name === "inner_thoughts") return "Following my rules.";
  if (name === "request_heartbeat") return goesOn;
  const { type, enum: choices } = isRecord(schema) ? schema : {};
  if (Array.isArray(choices) && typeof choices[0] === "string") return choices[0];
  if (type === "integer" || type === "number") return 0;
  if (type === "boolean") return false;
  if (type === "array") return [];
  return type === "object" ? {} : "rehearsal";
}

/** Plain text, or JSON when the answer must be JSON. */
function shaped(turn: RehearsalTurn, request: ModelRequest): RehearsalTurn {
  const format = request.responseFormat;
  if (format === undefined || format.type === "text") return turn;
  if (format.type === "json_object") return { ...turn, text: JSON.stringify({ reply: turn.text }) };
  const { schema } = format.jsonSchema;
  return { ...turn, text: JSON.stringify(instanceOf(isRecord(schema) ? schema : format.jsonSchema, turn.text, 0)) };
}

const SCHEMA_DEPTH_MAX = 6;

/** The plainest value of a JSON Schema, with `text` wherever text may stand. */
function instanceOf(schema: unknown, text: string, depth: number): Json {
  if (!isRecord(schema) || depth > SCHEMA_DEPTH_MAX) return null;
  const properties = schema["properties"];
  if (!isRecord(properties))
    return schema["type"] === "string" && schema["enum"] === undefined ? text : plainValue("", schema, false);
  return Object.fromEntries(
    Object.entries(properties).map(([name, inner]) => [name, instanceOf(inner, text, depth + 1)]),
  );
}

function quoted(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= QUOTED_CHARS_MAX ? line : `${line.slice(0, QUOTED_CHARS_MAX).toWellFormed()}...`;
}
