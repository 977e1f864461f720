import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import type { JsonObject } from "../../core/json.ts";
import { type BuiltinTool, defineTool, objectSchema } from "../builtin.ts";
import type { ToolType } from "../tool.ts";

/** Why a tool cannot run, as its answer says; the reason for tools that are code of somebody's own, too. */
export const NO_CODE = "it has no place to run code";
const NO_VOICE = "it does not serve voice agents";

/** A tool that clients may attach by name, though this server does not run it. */
interface Unavailable {
  readonly name: string;
  readonly toolType: ToolType;
  readonly why: string;
  readonly description: string;
  readonly properties: JsonObject;
  readonly required: readonly string[];
}

const text = (description: string) => ({ type: "string", description });
const whole = (description: string) => ({ type: "integer", description });
const texts = (description: string) => ({ type: "array", items: { type: "string" }, description });

const VOICE: readonly Unavailable[] = [
  {
    name: "store_memories",
    toolType: "letta_voice_sleeptime_core",
    why: NO_VOICE,
    description: "Keep what matters of the lines that are about to leave the conversation.",
    properties: {
      chunks: {
        type: "array",
        items: {
          type: "object",
          properties: {
            start_index: whole("First line of the stretch, counted from 0."),
            end_index: whole("Last line of the stretch."),
            context: text("What these lines tell about the person, their wishes and plans, in one to three sentences."),
          },
          required: ["start_index", "end_index", "context"],
        },
        description: "Stretches of lines that belong together, each with a note by which it can be found later.",
      },
    },
    required: ["chunks"],
  },
  {
    name: "rethink_user_memory",
    toolType: "letta_voice_sleeptime_core",
    why: NO_VOICE,
    description: "Write what is known about the person anew: all that still holds, and what is new.",
    properties: { new_memory: text("The complete text. Unchanged when there is nothing new.") },
    required: ["new_memory"],
  },
  {
    name: "finish_rethinking_memory",
    toolType: "letta_voice_sleeptime_core",
    why: NO_VOICE,
    description: "Say that you are done with the person's memory.",
    properties: {},
    required: [],
  },
  {
    name: "search_memory",
    toolType: "letta_voice_sleeptime_core",
    why: NO_VOICE,
    description:
      "Look up something that the person mentions and that you cannot see. What they said last is searched for anyway.",
    properties: {
      convo_keyword_queries: texts("More words to search for, such as names or numbers."),
      start_minutes_ago: whole("The newer end of the period, in minutes before now."),
      end_minutes_ago: whole("The older end of the period, in minutes before now."),
    },
    required: [],
  },
];

const REASONS: ReadonlyMap<string, string> = new Map(VOICE.map(({ name, why }) => [name, why]));

/** Why this server does not run the built-in tool of that name; undefined for one that it runs, or does not know. */
export function whyUnavailable(name: string): string | undefined {
  return REASONS.get(name);
}

/** What a model hears that called a tool which cannot run. */
export function cannotRun(name: string, why: string): string {
  return `This server cannot run ${name}: ${why}. Do not call it again; go on without it, and tell the person if that matters`;
}

/** Letta's built-in tools that can be listed and attached, but whose calls are answered with the reason they fail. */
export const UNAVAILABLE_TOOLS: readonly BuiltinTool[] = VOICE.map(
  ({ name, toolType, why, description, properties, required }) =>
    defineTool({
      name,
      toolType,
      description,
      parameters: objectSchema(properties, required),
      arguments: z.unknown(),
      run() {
        return Promise.reject(new Failure("unavailable", cannotRun(name, why)));
      },
    }),
);
