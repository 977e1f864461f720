import type { AgentType } from "../../agent/agent.ts";
import { isRecord, parseJson } from "../../core/json.ts";
import type { ModelReply, OutputPart, ToolCall, ToolSchema } from "../../llm/model.ts";

/** The argument in which older agent types think aloud. */
export const THINKING = "thinking";
/** The argument with which older agent types ask to go on after a tool. */
export const HEARTBEAT = "request_heartbeat";

/** How an agent of some type talks: newer types answer in plain text, older ones by calling a tool. */
export interface Speech {
  /** Every reply must be a tool call, one at a time; text beside it is inner monologue. */
  readonly isByTool: boolean;
  /** Inner monologue comes as an argument of each call, for models that do not reason by themselves. */
  readonly thinksInArguments: boolean;
}

/** A tool by whose calls an agent speaks. */
export interface SpeakingTool {
  readonly name: string;
  /** The argument that holds what is said. */
  readonly argument: string;
}

/** How agents of this type talk. */
export function speechOf(agentType: AgentType, putInnerThoughtsInKwargs: boolean): Speech {
  const isByTool = agentType !== "letta_v1_agent" && agentType !== "sleeptime_agent";
  return { isByTool, thinksInArguments: isByTool && putInnerThoughtsInKwargs };
}

/** A tool as this kind of agent sees it: with a place to think, and a way to ask for another step. */
export function spokenSchema(schema: ToolSchema, speech: Speech, isTerminal: boolean): ToolSchema {
  if (!speech.isByTool) return schema;
  const { parameters } = schema;
  const known = isRecord(parameters["properties"]) ? parameters["properties"] : {};
  const required = Array.isArray(parameters["required"]) ? parameters["required"].map(String) : [];
  const thinking = speech.thinksInArguments
    ? {
        [THINKING]: {
          type: "string",
          description: "Your private reasoning about this step. The person never sees it.",
        },
      }
    : {};
  const heartbeat = isTerminal
    ? {}
    : {
        [HEARTBEAT]: {
          type: "boolean",
          description: "True to act again right after this tool has answered; false to stop and wait.",
        },
      };
  return {
    ...schema,
    parameters: {
      ...parameters,
      properties: { ...thinking, ...known, ...heartbeat },
      required: [...Object.keys(thinking), ...required, ...Object.keys(heartbeat)],
    },
  };
}

/** A reply as this kind of agent means it. */
export type HeardReply = Pick<ModelReply, "parts" | "toolCalls">;

/** Reads a reply: older types think inside the arguments of their one call, and that thought becomes text. */
export function hear(reply: ModelReply, speech: Speech): HeardReply {
  if (!speech.isByTool) return { parts: reply.parts, toolCalls: reply.toolCalls };
  const [call] = reply.toolCalls;
  if (call === undefined) return { parts: reply.parts, toolCalls: [] };
  const given = readArguments(call);
  // What cannot be read goes back to the model as it wrote it, with the answer that says so.
  if (given === undefined) return { parts: reply.parts, toolCalls: [call] };
  const { [THINKING]: thinking, [HEARTBEAT]: heartbeat, ...rest } = given;
  const thought: OutputPart[] =
    typeof thinking === "string" && thinking !== "" ? [{ type: "text", text: thinking }] : [];
  const wantsMore = heartbeat === true || heartbeat === "true";
  return {
    parts: [...reply.parts, ...thought],
    toolCalls: [withHeartbeat({ ...call, arguments: JSON.stringify(rest) }, wantsMore)],
  };
}

/** The call with the flag that tells whether the run goes on after it. */
export function withHeartbeat(call: ToolCall, goesOn: boolean): ToolCall {
  const given = readArguments(call);
  return given === undefined ? call : { ...call, arguments: JSON.stringify({ ...given, [HEARTBEAT]: goesOn }) };
}

/** A call's arguments as an object; none where they cannot be read. */
export function argumentsOf(call: ToolCall): Record<string, unknown> {
  return readArguments(call) ?? {};
}

/** A call's arguments as an object, read as far as their first complete one; undefined when they hold none. */
export function readArguments(call: ToolCall): Record<string, unknown> | undefined {
  const whole = parseJson(call.arguments);
  if (isRecord(whole)) return whole;
  const twice = call.arguments.indexOf("}{");
  const first = twice < 0 ? undefined : parseJson(call.arguments.slice(0, twice + 1));
  return isRecord(first) ? first : undefined;
}
