import { z } from "zod";
import { isRecord } from "../../core/json.ts";

// What the terminal reads of the API's answers: only what it shows, so that servers of other versions are read too.

/** An agent. */
export const AgentShape = z.looseObject({ id: z.string(), name: z.string(), model: z.string().nullish() });
/** An agent. */
export type AgentView = z.infer<typeof AgentShape>;

/** A chat model. */
export const ModelShape = z.looseObject({
  handle: z.string(),
  provider_type: z.string().nullish(),
  max_context_window: z.number().nullish(),
});
/** A chat model. */
export type ModelView = z.infer<typeof ModelShape>;

/** A memory block. */
export const BlockShape = z.looseObject({
  id: z.string(),
  label: z.string(),
  value: z.string(),
  limit: z.number().nullish(),
  description: z.string().nullish(),
  read_only: z.boolean().nullish(),
});

/** Something that is known: one fact. */
export const FactShape = z.looseObject({
  id: z.string(),
  text: z.string(),
  is_current: z.boolean(),
  valid_from: z.string().nullish(),
});

/** A tool. */
export const ToolShape = z.looseObject({
  id: z.string(),
  name: z.string(),
  description: z.string().nullish(),
  runs_outside: z.boolean().nullish(),
});
/** A tool. */
export type ToolView = z.infer<typeof ToolShape>;

/** A message, or an event of a stream: all of them have this and more. */
export const MessageShape = z.looseObject({ message_type: z.string() });
/** A message, or an event of a stream. */
export type MessageView = z.infer<typeof MessageShape>;

/** A tool call, whole or as far as it has come. */
export interface Call {
  readonly id: string;
  readonly name: string;
  /** JSON as the model wrote it. */
  readonly arguments: string;
}

/** The tool calls of a message, or what one event of a stream adds to them. */
export function callsOf(message: MessageView): readonly Call[] {
  const many = message["tool_calls"];
  const list: readonly unknown[] = Array.isArray(many) ? many : [many ?? message["tool_call"]];
  return list.filter(isRecord).map((call) => ({
    id: textOf(call["tool_call_id"]),
    name: textOf(call["name"]),
    arguments: textOf(call["arguments"]),
  }));
}

/** A call with what came of it later. */
export function joined(earlier: Call | undefined, call: Call): Call {
  if (earlier === undefined) return call;
  return { id: call.id, name: earlier.name || call.name, arguments: earlier.arguments + call.arguments };
}

/** Text as it is, and the texts among the parts of a content. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => (isRecord(part) ? textOf(part["text"]) : "")).join("");
}
