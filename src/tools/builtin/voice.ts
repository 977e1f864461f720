import { z } from "zod";
import { instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { createTimeFormat } from "../../core/time-format.ts";
import { addPassages } from "../../umi/archive/new-passages.ts";
import { rewriteValue } from "../../umi/core/block-edit.ts";
import { type BuiltinTool, defineTool, objectSchema, type ToolContext } from "../builtin.ts";
import { optionalTexts, wholeNumber } from "./arguments.ts";

/** The block in which a voice agent's companion writes about the person. */
const USER_BLOCK = "human";
/** Stretches of lines that one call stores. */
const CHUNKS_MAX = 200;
/** Passages, and messages for each query, that one search tells. */
const PASSAGES_MAX = 5;
const MESSAGES_MAX = 3;
/** Queries of one search. */
const QUERIES_MAX = 20;
const MINUTE_MS = 60_000;

const VOICE = { toolType: "letta_voice_sleeptime_core" } as const;
const text = (description: string) => ({ type: "string", description });
const whole = (description: string) => ({ type: "integer", description });

/** `store_memories`: lines that leave a voice agent's context, with a note on each stretch, into that agent's archive. */
export const storeMemories: BuiltinTool = defineTool({
  ...VOICE,
  name: "store_memories",
  description: "Keep what matters of the lines that are about to leave the conversation.",
  parameters: objectSchema(
    {
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
    ["chunks"],
  ),
  arguments: z.object({
    chunks: z
      .array(z.object({ start_index: wholeNumber, end_index: wholeNumber, context: z.string() }))
      .max(CHUNKS_MAX),
  }),
  async run({ chunks }, { leaving, userId, passages, clock, random }) {
    const found = await leaving();
    if (found === null) throw new Failure("refused", "No lines are leaving anybody's context");
    const drafts = chunks.map(({ start_index: from, end_index: to, context }) => {
      const numbers = [...found.lines.keys()].filter((number) => number >= from && number <= to);
      if (numbers.length === 0)
        throw new Failure("invalid", `There are no lines from ${from} to ${to}; ${range(found.lines)}`);
      const lines = numbers.toSorted((a, b) => a - b).map((number) => found.lines.get(number) ?? "");
      return { text: `${context}\n\n${lines.join("\n")}`, tags: null };
    });
    if (drafts.length === 0) return "None";
    const archiveId = await passages.openArchive(found.agentId, `${found.agentName}'s Archive`);
    await addPassages(passages, drafts, { archiveId, userId, clock, random });
    return "None";
  },
});

function range(lines: ReadonlyMap<number, string>): string {
  const numbers = [...lines.keys()];
  return `they are numbered from ${Math.min(...numbers)} to ${Math.max(...numbers)}`;
}

/** `rethink_user_memory`: the block about the person, written anew. */
export const rethinkUserMemory: BuiltinTool = defineTool({
  ...VOICE,
  name: "rethink_user_memory",
  description: "Write what is known about the person anew: all that still holds, and what is new.",
  parameters: objectSchema({ new_memory: text("The complete text. Unchanged when there is nothing new.") }, [
    "new_memory",
  ]),
  arguments: z.object({ new_memory: z.string() }),
  changesPrompt: true,
  async run({ new_memory }, { core }) {
    await core.edit(USER_BLOCK, (block, at) => rewriteValue(block, new_memory, at));
    return "None";
  },
});

/** `finish_rethinking_memory`: how a voice agent's companion says that it is done. */
export const finishRethinkingMemory: BuiltinTool = defineTool({
  ...VOICE,
  name: "finish_rethinking_memory",
  description: "Say that you are done with the person's memory.",
  parameters: objectSchema({}, []),
  arguments: z.object({}),
  run: () => Promise.resolve("None"),
});

/** `search_memory`: what a voice agent's archive and earlier talk hold on what the person said last. */
export const searchMemory: BuiltinTool = defineTool({
  ...VOICE,
  name: "search_memory",
  description:
    "Look up something that the person mentions and that you cannot see. What they said last is searched for anyway.",
  parameters: objectSchema(
    {
      convo_keyword_queries: {
        type: "array",
        items: { type: "string" },
        description: "More words to search for, such as names or numbers.",
      },
      start_minutes_ago: whole("The newer end of the period, in minutes before now."),
      end_minutes_ago: whole("The older end of the period, in minutes before now."),
    },
    [],
  ),
  arguments: z.object({
    convo_keyword_queries: optionalTexts,
    start_minutes_ago: wholeNumber.nullish(),
    end_minutes_ago: wholeNumber.nullish(),
  }),
  async run({ convo_keyword_queries: more, start_minutes_ago: newest, end_minutes_ago: oldest }, context) {
    const queries = (more ?? []).slice(0, QUERIES_MAX);
    const [start, end] = [minutesAgo(context, oldest), minutesAgo(context, newest)];
    const format = createTimeFormat();
    const lines: string[] = [];
    const filter = { ...(start === null ? {} : { start }), ...(end === null ? {} : { end }) };
    for (const query of [await context.lastSaid(), ...queries].filter((one) => one.trim() !== ""))
      for (const passage of await context.searchPassages(query, { ...filter, tagMatch: "any" }, PASSAGES_MAX))
        lines.push(`[memory, ${format.isoInZone(passage.createdAt, context.timezone)}] ${passage.text}`);
    for (const query of queries) {
      const wanted = { text: query, roles: ["user", "assistant"] as const, limit: MESSAGES_MAX, start, end };
      for (const hit of await context.searchConversation(wanted))
        lines.push(`[${hit.role}, ${format.isoInZone(hit.createdAt, context.timezone)}] ${hit.text}`);
    }
    return lines.length === 0 ? "No memories were found." : [...new Set(lines)].join("\n");
  },
});

function minutesAgo({ clock }: Pick<ToolContext, "clock">, minutes: number | null | undefined) {
  return minutes == null ? null : instantOf(clock.now() - minutes * MINUTE_MS);
}
