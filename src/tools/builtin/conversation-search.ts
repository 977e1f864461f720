import { z } from "zod";
import { createTimeFormat, timeAgo } from "../../core/time-format.ts";
import { type BuiltinTool, defineTool, objectSchema } from "../builtin.ts";
import { optionalText, wholeNumber, within } from "./arguments.ts";
import { dateBound } from "./date-bound.ts";

const ROLES = ["assistant", "user", "tool"] as const;
const RESULTS_DEFAULT = 5;
const RESULTS_MAX = 100;

const description = `Search what was said earlier, including what no longer fits into your context.

Use it when the person refers to something you cannot see, or before you say that you do not know. All arguments are optional and narrow the result together; the best matches are found, and the newest of them come first. Leave out \`query\` to read everything from a period.

Examples:
    conversation_search(query="dentist")
    conversation_search(query="budget", roles=["user"], limit=10)
    conversation_search(start_date="2024-03-04", end_date="2024-03-04")
        Everything said on that day, from its first minute to its last.
    conversation_search(query="release", start_date="2024-03-04T09:00", end_date="2024-03-04T17:30")

Returns the matching messages, each with its time, its age, who said it, and its text.`;

/** `conversation_search`: past messages by words, roles and dates. */
export const conversationSearch: BuiltinTool = defineTool({
  name: "conversation_search",
  toolType: "letta_core",
  description,
  parameters: objectSchema(
    {
      query: { type: "string", description: "Words to look for. Without them, the other arguments decide alone." },
      roles: {
        type: "array",
        items: { type: "string", enum: ROLES },
        description: "Whose messages to search. Default: the person's and your own.",
      },
      limit: { type: "integer", description: `How many messages to return at most. Default: ${RESULTS_DEFAULT}.` },
      start_date: {
        type: "string",
        description: 'Earliest time, inclusive: "2024-01-15" (from midnight on) or "2024-01-15T14:30". Your time zone.',
      },
      end_date: {
        type: "string",
        description:
          'Latest time, inclusive: "2024-01-20" (to the end of that day) or "2024-01-20T17:00". Your time zone.',
      },
    },
    [],
  ),
  arguments: z.object({
    query: optionalText,
    roles: z.array(z.enum(ROLES)).nullish(),
    limit: wholeNumber.nullish(),
    start_date: optionalText,
    end_date: optionalText,
  }),
  enableParallelExecution: true,
  unlimited: true,
  async run(args, context) {
    const zone = context.timezone;
    const format = createTimeFormat();
    const hits = await context.searchConversation({
      text: args.query || null,
      roles: args.roles?.length ? args.roles : ["assistant", "user"],
      limit: within(args.limit, { lowest: 1, highest: RESULTS_MAX, fallback: RESULTS_DEFAULT }),
      start: args.start_date ? dateBound(args.start_date, { edge: "start", zone, format }) : null,
      end: args.end_date ? dateBound(args.end_date, { edge: "end", zone, format }) : null,
    });
    if (hits.length === 0) return { message: "No results found.", results: [] };
    const now = context.clock.now();
    const results = hits.map((hit) => ({
      timestamp: format.isoInZone(hit.createdAt, zone),
      time_ago: timeAgo(hit.createdAt, now),
      role: hit.role,
      relevance: { search_mode: "sql" },
      content: hit.text,
    }));
    return { message: `Showing ${results.length} results:`, results };
  },
});
