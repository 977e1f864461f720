import type { TimeFormat } from "../../core/time-format.ts";
import type { ToolCall } from "../../llm/model.ts";
import { packAnswer } from "../../tools/tool-answer.ts";
import type { Agent } from "../agent.ts";
import { traitsOf } from "../agent-type.ts";
import type { CompiledPrompt, Message } from "../message.ts";
import { type InputMessage, type MessagePlace, type MessageSources, newMessage } from "../new-message.ts";
import { GREETING } from "../prompt/prompts.ts";

const SPEAKING_TOOL = "send_message";

/** What makes first messages. */
export interface FirstMessageSources extends MessageSources {
  readonly times: TimeFormat;
}

/** What an agent's first messages are made from. */
export interface FirstMessageMaterial {
  readonly agent: Agent;
  readonly prompt: CompiledPrompt;
  /** Names of the agent's tools: one that cannot speak by tool is not shown how to. */
  readonly toolNames: readonly string[];
  /** Messages to begin with; null lets the agent's type decide. */
  readonly given: readonly InputMessage[] | null;
}

/** The messages an agent is born with: the system message, then those given, or those its type begins with. */
export function firstMessages(sources: FirstMessageSources, material: FirstMessageMaterial): readonly Message[] {
  const {
    agent,
    prompt: { text, blocksShown },
    toolNames,
    given,
  } = material;
  const place: MessagePlace = {
    agentId: agent.id,
    conversationId: null,
    runId: null,
    stepId: null,
    model: agent.llmConfig.model,
  };
  const bare = newMessage(sources, place, { role: "system", content: [{ type: "text", text }] });
  const system: Message = { ...bare, blocksShown };
  if (given !== null) return [system, ...given.flatMap((message) => givenMessage(sources, place, agent, message))];
  const greets = traitsOf(agent.agentType).opening === "greeting" && toolNames.includes(SPEAKING_TOOL);
  return greets ? [system, ...greeting(sources, place, agent)] : [system];
}

/** A thought, words spoken by tool with their answer, and the first login: what shows a model how it is to speak. */
function greeting(sources: FirstMessageSources, place: MessagePlace, agent: Agent): readonly Message[] {
  const login = { type: "login", last_login: "Never (first login)", time: timeFor(sources, agent) };
  return [
    ...spoken(sources, place, agent, { thought: GREETING.thought, words: GREETING.words }),
    newMessage(
      sources,
      { ...place, model: null },
      { role: "user", content: [{ type: "text", text: JSON.stringify(login) }] },
    ),
  ];
}

function givenMessage(
  sources: FirstMessageSources,
  place: MessagePlace,
  agent: Agent,
  message: InputMessage,
): readonly Message[] {
  const text = message.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
  if (message.role === "assistant") return spoken(sources, place, agent, { thought: null, words: text });
  const type = message.role === "user" ? "user_message" : "system_alert";
  const packed = JSON.stringify({ type, message: text, time: timeFor(sources, agent) });
  const images = message.parts.filter((part) => part.type === "image");
  const { name, otid, senderId, groupId } = message;
  const row = newMessage(
    sources,
    { ...place, model: null },
    { role: message.role, content: [{ type: "text", text: packed }, ...images] },
  );
  return [{ ...row, name, otid, senderId, groupId }];
}

/** Words said by calling the speaking tool, and the tool's answer. */
function spoken(
  sources: FirstMessageSources,
  place: MessagePlace,
  agent: Agent,
  { thought, words }: { readonly thought: string | null; readonly words: string },
): readonly Message[] {
  const call: ToolCall = { id: newCallId(sources), name: SPEAKING_TOOL, arguments: JSON.stringify({ message: words }) };
  const content = thought === null ? [] : [{ type: "text" as const, text: thought }];
  const assistant = { ...newMessage(sources, place, { role: "assistant", content }), toolCalls: [call] };
  const at = sources.clock.now();
  const response = packAnswer({ ok: true, message: "None", at, zone: agent.timezone }, sources.times);
  const toolReturn = {
    toolCallId: call.id,
    name: call.name,
    status: "success" as const,
    response,
    stdout: null,
    stderr: null,
  };
  const answer = newMessage(sources, place, { role: "tool", content: [] });
  return [assistant, { ...answer, name: call.name, toolReturns: [toolReturn] }];
}

/** An id that every provider takes: letters, digits and underscores, 29 of them. */
function newCallId({ random }: FirstMessageSources): string {
  return `call_${random.uuid().replaceAll("-", "").slice(0, 24)}`;
}

function timeFor(sources: FirstMessageSources, agent: Agent): string {
  return sources.times.localTime(sources.clock.now(), agent.timezone);
}
