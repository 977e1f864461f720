import { z } from "zod";
import { pythonRepr } from "../../core/python-repr.ts";
import { createTimeFormat } from "../../core/time-format.ts";
import { addPassages } from "../../umi/archive/new-passages.ts";
import { type BuiltinTool, defineTool, objectSchema } from "../builtin.ts";
import { optionalText, optionalTexts, wholeNumber, within } from "./arguments.ts";
import { dateBound } from "./date-bound.ts";

const RESULTS_DEFAULT = 5;
const RESULTS_MAX = 100;

const insertDescription = `Store something in your archive, where it stays until it is deleted and never fills your context.

Write each entry so that it makes sense on its own years from now: names instead of "he", dates instead of "yesterday", one subject per entry. Tags make it easier to find again. Good for notes on meetings, decisions, projects and people; what you need in every conversation belongs into a memory block instead.

Example:
    archival_memory_insert(
        content="2024-03-15: Ana and Li agreed to ship the importer before the editor. Li owns it; review on 2 April.",
        tags=["decisions", "importer"]
    )`;

const searchDescription = `Look something up in your archive.

Ask with the words an entry is likely to contain; the best matches come first. If nothing fits, try other words or fewer conditions.

Examples:
    archival_memory_search(query="importer deadline")
    archival_memory_search(query="retrospective", tags=["meetings", "platform"], tag_match_mode="all")
    archival_memory_search(query="travel", start_datetime="2024-01-01", end_datetime="2024-03-31")

Returns a list of entries, each with its id, time, content and tags.`;

/** `archival_memory_insert`: one passage into the agent's archive. */
export const archivalMemoryInsert: BuiltinTool = defineTool({
  name: "archival_memory_insert",
  toolType: "letta_core",
  description: insertDescription,
  parameters: objectSchema(
    {
      content: { type: "string", description: "What to remember, understandable without this conversation." },
      tags: { type: "array", items: { type: "string" }, description: 'Categories, such as ["meetings", "importer"].' },
    },
    ["content"],
  ),
  arguments: z.object({ content: z.string(), tags: optionalTexts }),
  changesPrompt: true,
  async run({ content, tags }, { agentId, agentName, userId, passages, clock, random }) {
    const archiveId = await passages.openArchive(agentId, `${agentName}'s Archive`);
    await addPassages(passages, [{ text: content, tags: tags ?? null }], { archiveId, userId, clock, random });
    return "None";
  },
});

/** `archival_memory_search`: passages of the agent's archive by words, tags and dates. */
export const archivalMemorySearch: BuiltinTool = defineTool({
  name: "archival_memory_search",
  toolType: "letta_core",
  description: searchDescription,
  parameters: objectSchema(
    {
      query: { type: "string", description: "What you are looking for." },
      tags: { type: "array", items: { type: "string" }, description: "Only entries with these tags." },
      tag_match_mode: {
        type: "string",
        enum: ["any", "all"],
        description: 'Whether an entry needs "any" of the tags (the default) or "all" of them.',
      },
      top_k: { type: "integer", description: `How many entries to return at most. Default: ${RESULTS_DEFAULT}.` },
      start_datetime: {
        type: "string",
        description: 'Only entries stored then or later: "2024-01-15" or "2024-01-15T14:30". Your time zone.',
      },
      end_datetime: {
        type: "string",
        description: "Only entries stored then or earlier, in the same form; a date alone includes its whole day.",
      },
    },
    ["query"],
  ),
  arguments: z.object({
    query: z.string(),
    tags: optionalTexts,
    tag_match_mode: z.enum(["any", "all"]).nullish(),
    top_k: wholeNumber.nullish(),
    start_datetime: optionalText,
    end_datetime: optionalText,
  }),
  enableParallelExecution: true,
  unlimited: true,
  async run(args, { timezone: zone, searchPassages }) {
    const format = createTimeFormat();
    const filter = {
      ...(args.tags?.length ? { tags: args.tags } : {}),
      tagMatch: args.tag_match_mode ?? "any",
      ...(args.start_datetime ? { start: dateBound(args.start_datetime, { edge: "start", zone, format }) } : {}),
      ...(args.end_datetime ? { end: dateBound(args.end_datetime, { edge: "end", zone, format }) } : {}),
    };
    if (args.query.trim() === "") return pythonRepr([]);
    const limit = within(args.top_k, { lowest: 1, highest: RESULTS_MAX, fallback: RESULTS_DEFAULT });
    const found = await searchPassages(args.query, filter, limit);
    const entries = found.map((passage) => ({
      id: passage.id,
      timestamp: format.isoInZone(passage.createdAt, zone),
      content: passage.text,
      tags: passage.tags ?? [],
    }));
    return pythonRepr(entries);
  },
});
