import { Failure } from "../../core/failure.ts";
import type { Paint } from "../command/terminal-color.ts";
import { callLine, errorText } from "./call-text.ts";
import type { Connection } from "./connection.ts";
import { createOutput, type Output } from "./output.ts";
import { readPending } from "./past.ts";
import { type AgentView, type Call, callsOf, joined, type MessageView, textOf } from "./shapes.ts";
import { harmless, oneLine } from "./table.ts";
import { type Place, startTurn, type TurnEnd } from "./turn.ts";
import { wordWrapper } from "./word-wrap.ts";

/** How one question is asked and its answer written. */
export interface OneShot {
  readonly connection: Connection;
  readonly agent: AgentView;
  readonly question: string;
  /** Whether one JSON object is written instead of words. */
  readonly asJson: boolean;
  readonly paint: Paint;
}

/** Asks one question: the reply goes to standard output, everything about it to standard error. */
export async function askOnce(shot: OneShot): Promise<number> {
  const { connection, agent, question, asJson } = shot;
  const place: Place = { agentId: agent.id, conversationId: null };
  const output = createOutput();
  const reply = createReply(shot, output);
  const turn = startTurn(
    connection,
    { place, input: { type: "text", text: question } },
    {
      event: reply.event,
      lost: (sentence) => warn(`${sentence}\n`),
      found: () => {},
    },
  );
  const stop = () => void turn.cancel();
  process.once("SIGINT", stop);
  try {
    const end = await turn.end;
    reply.finish();
    if (asJson) output.write(`${JSON.stringify(resultOf(agent, reply.messages(), end))}\n`);
    await output.flush();
    return verdict(shot, end, reply);
  } catch (error) {
    reply.finish();
    await output.flush();
    throw await explained(error, shot, place);
  } finally {
    process.off("SIGINT", stop);
  }
}

/** What `--json` writes. README documents it. */
function resultOf(agent: AgentView, messages: readonly MessageView[], end: TurnEnd) {
  const spoken = messages.filter((message) => message.message_type === "assistant_message");
  const error = messages.find((message) => message.message_type === "error_message");
  return {
    agent: { id: agent.id, name: agent.name, model: agent.model ?? null },
    run_id: end.runId,
    reply: spoken.map((message) => textOf(message["content"])).join("\n"),
    stop_reason: end.stopReason,
    pending_approval: end.pending.map((call) => ({
      tool_call_id: call.id,
      name: call.name,
      arguments: call.arguments,
    })),
    error: error === undefined ? null : errorText(error),
    messages,
    usage: end.usage,
  };
}

/** The exit code: 130 after a stop, as shells have it, 1 after a failure or with a question open. */
function verdict({ agent }: OneShot, end: TurnEnd, reply: Reply): number {
  if (end.stopReason === "cancelled") {
    warn("Stopped.\n");
    return 130;
  }
  const [call] = end.pending;
  if (call !== undefined) warn(`${approvalSentence(agent, call)}\n`);
  return call === undefined && !reply.hasFailed() ? 0 : 1;
}

function approvalSentence(agent: AgentView, call: Call): string {
  return `${agent.name} asks before it runs ${callLine(call)}. 'selkie chat ${agent.name}' in a terminal lets you answer.`;
}

/** A refusal because of a question that is still open says which one. */
async function explained(error: unknown, { connection, agent }: OneShot, place: Place): Promise<unknown> {
  if (!(error instanceof Failure) || error.info?.["status"] !== 409) return error;
  const [call] = await readPending(connection, place);
  return call === undefined ? error : new Failure("conflict", approvalSentence(agent, call), { cause: error });
}

type Reply = ReturnType<typeof createReply>;

/** Writes a reply as it comes, and keeps it whole. */
function createReply({ asJson, paint }: OneShot, output: Output) {
  const pieces = new Map<string, MessageView>();
  const calls = new Map<string, Call>();
  const told = new Set<string>();
  const write = process.stdout.isTTY ? wordWrapper(() => process.stdout.columns, output.write) : output.write;
  let speaking = "";
  let failed = false;

  function event(message: MessageView): void {
    if (UNKEPT.has(message.message_type)) return;
    const key = String(message["otid"] ?? message["id"] ?? message.message_type);
    keep(pieces, key, message);
    for (const call of callsOf(message)) calls.set(call.id, joined(calls.get(call.id), call));
    if (message.message_type === "assistant_message") say(key, textOf(message["content"]));
    if (message.message_type === "tool_return_message") tellCalls();
    if (message.message_type !== "error_message") return;
    failed = true;
    warn(`${paint(31, oneLine(errorText(message)))}\n`);
  }

  function say(key: string, text: string): void {
    if (asJson) return;
    if (speaking !== "" && speaking !== key) write("\n");
    speaking = key;
    write(harmless(text));
  }

  /** Tools are told to a person who looks on, and not into logs. */
  function tellCalls(): void {
    if (process.stderr.isTTY !== true || asJson) return;
    for (const call of calls.values()) {
      if (!told.has(call.id)) warn(`${paint(2, `· ${callLine(call)}`)}\n`);
      told.add(call.id);
    }
  }

  return {
    event,
    finish: () => (speaking === "" ? undefined : write("\n")),
    hasFailed: () => failed,
    messages: () => [...pieces.values()].map((message) => withCalls(message, calls)),
  };
}

/** What a stream tells about itself, and not about the talk. */
const UNKEPT = new Set(["ping", "stop_reason", "usage_statistics"]);

/** Adds what an event brings to the message that it is a piece of. */
function keep(pieces: Map<string, MessageView>, key: string, message: MessageView): void {
  const earlier = pieces.get(key);
  if (earlier === undefined) {
    pieces.set(key, message);
    return;
  }
  // Pieces of text are joined. Of the rest a later piece brings only its signature, and calls.
  const grown = { ...earlier };
  for (const field of ["content", "reasoning"])
    if (typeof earlier[field] === "string") grown[field] = earlier[field] + textOf(message[field]);
  if (typeof message["signature"] === "string") grown["signature"] = message["signature"];
  const added = callsOf(message).map((call) => call.id);
  const known = callsOf(earlier).map((call) => call.id);
  if (added.some((id) => !known.includes(id)))
    grown["tool_calls"] = [...known, ...added.filter((id) => !known.includes(id))].map((tool_call_id) => ({
      tool_call_id,
    }));
  pieces.set(key, grown);
}

/** A message whose calls are whole. */
function withCalls(message: MessageView, calls: ReadonlyMap<string, Call>): MessageView {
  const own = callsOf(message).flatMap(({ id }) => calls.get(id) ?? []);
  if (own.length === 0) return message;
  const wire = own.map((call) => ({ name: call.name, arguments: call.arguments, tool_call_id: call.id }));
  return { ...message, tool_call: wire[0], tool_calls: wire };
}

function warn(text: string): void {
  process.stderr.write(text);
}
