import { z } from "zod";
import type { JsonObject } from "../../core/json.ts";
import type { SpeakingTool } from "../../run/step/speech.ts";

// A run of another face has none of these, and is shown as clients expect that ask for nothing.
const Options = z.object({
  useAssistantMessage: z.boolean().catch(true),
  assistantMessageToolName: z.string().catch("send_message"),
  assistantMessageToolKwarg: z.string().catch("message"),
  includeReturnMessageTypes: z.array(z.string()).readonly().nullable().catch(null),
  includeCompactionMessages: z.boolean().catch(false),
});

/**
 * How a client of Letta's API wants to be shown its run: whether a call of the speaking tool is what it says, which kinds
 * of messages it wants (null: all), and whether it is told of compactions.
 */
export type LettaOptions = Readonly<z.output<typeof Options>>;

/** What is kept with a run that Letta's API was asked for. */
export function lettaFace(options: LettaOptions): JsonObject {
  return { letta: options };
}

/** What a run's face says to Letta's. */
export function lettaOptionsOf(face: JsonObject): LettaOptions {
  // Older versions had no other face, and kept what it wants by itself.
  return Options.parse(face["letta"] ?? face);
}

/** How a run is shown whose request could not say. */
export const LETTA_DEFAULTS = lettaOptionsOf({});

/** The tool whose calls are shown as what the agent says; null where they are shown as calls. */
export function speakingToolOf(face: JsonObject): SpeakingTool | null {
  const { useAssistantMessage, assistantMessageToolName, assistantMessageToolKwarg } = lettaOptionsOf(face);
  return useAssistantMessage ? { name: assistantMessageToolName, argument: assistantMessageToolKwarg } : null;
}
