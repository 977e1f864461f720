import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import { optionalText, wholeNumber, within } from "../builtin/arguments.ts";
import { type BuiltinTool, defineTool, objectSchema } from "../builtin.ts";
import { grep } from "./grep.ts";
import type { Opened, WantedFile } from "./shelf.ts";

/** Files that one call may open. */
const REQUESTS_MAX = 100;
const CONTEXT_LINES_MAX = 20;
const PASSAGES_DEFAULT = 5;
const PASSAGES_MAX = 50;
/** Lines of a passage that are shown. */
const PASSAGE_LINES_MAX = 20;

const text = (description: string) => ({ type: "string", description });
const whole = (description: string) => ({ type: "integer", description });

/** `open_files`: shows files in the agent's prompt. */
const openFilesTool: BuiltinTool = defineTool({
  name: "open_files",
  toolType: "letta_files_core",
  description:
    'Open files, whole or in part, so that you see their text in your context.\n\nFiles that you no longer need take up room: close them by opening the next ones with `close_all_others`.\n\nExample:\n    open_files(file_requests=[{"file_name": "notes/plan.md"}, {"file_name": "src/main.py", "offset": 100, "length": 50}])\n        All of the first file, and lines 101 to 150 of the second.\n\nReturns which files were opened and closed.',
  parameters: objectSchema(
    {
      file_requests: {
        type: "array",
        items: {
          type: "object",
          properties: {
            file_name: text("The file, with its folder."),
            offset: whole("Lines to skip. Default: none."),
            length: whole("Lines to show. Default: all that follow."),
          },
          required: ["file_name"],
        },
        description: "The files to open, and which part of each.",
      },
      close_all_others: { type: "boolean", description: "Close every file that is not listed. Default: false." },
    },
    ["file_requests"],
  ),
  arguments: z.object({
    file_requests: z
      .array(z.object({ file_name: z.string(), offset: wholeNumber.nullish(), length: wholeNumber.nullish() }))
      .max(REQUESTS_MAX),
    close_all_others: z.boolean().nullish(),
  }),
  changesPrompt: true,
  async run({ file_requests: requests, close_all_others: closesOthers }, { files }) {
    if (requests.length === 0 && closesOthers !== true)
      throw new Failure("refused", "file_requests: name at least one file");
    const wanted = requests.map(
      ({ file_name: fileName, offset, length }): WantedFile => ({
        fileName,
        ...(offset == null ? {} : { offset }),
        // As in Letta, a length says nothing without an offset.
        ...(length == null || offset == null ? {} : { length }),
      }),
    );
    return toldOf(await files.open(wanted, closesOthers === true));
  },
});

function toldOf({ opened, closed }: Opened): string {
  const lines = opened.map(({ fileName, from, to, total }) =>
    from === 1 && to >= total ? `${fileName} (all ${total} lines)` : `${fileName} (lines ${from} to ${to} of ${total})`,
  );
  return [
    ...(lines.length === 0 ? [] : [`Opened: ${lines.join(", ")}`]),
    ...(closed.length === 0 ? [] : [`Closed: ${closed.join(", ")}`]),
    ...(lines.length === 0 && closed.length === 0 ? ["No file was open."] : []),
  ].join("\n");
}

const grepFiles: BuiltinTool = defineTool({
  name: "grep_files",
  toolType: "letta_files_core",
  description:
    'Find a word or a regular expression in your files, in upper or lower case.\n\nShows 20 matches at a time with the lines around them, says how many there are in which files, and which `offset` shows the next ones.\n\nExample:\n    grep_files(pattern="TODO", include="\\\\.py$", offset=20)',
  parameters: objectSchema(
    {
      pattern: text("The word or regular expression to find."),
      include: text("Search only files whose name contains this word or regular expression."),
      context_lines: whole("Lines to show before and after each match. Default: 1."),
      offset: whole("Matches to skip, for the pages after the first. Default: 0."),
    },
    ["pattern"],
  ),
  arguments: z.object({
    pattern: z.string(),
    include: optionalText,
    context_lines: wholeNumber.nullish(),
    offset: wholeNumber.nullish(),
  }),
  enableParallelExecution: true,
  run({ pattern, include, context_lines, offset }, { files }) {
    return grep(files, {
      pattern,
      include: include ?? undefined,
      contextLines: within(context_lines, { lowest: 0, highest: CONTEXT_LINES_MAX, fallback: 1 }),
      offset: Math.max(0, offset ?? 0),
    });
  },
});

/** `semantic_search_files`: passages of the agent's files by meaning and by words. */
export const semanticSearchFiles: BuiltinTool = defineTool({
  name: "semantic_search_files",
  toolType: "letta_files_core",
  description: "Find passages in your files by what they are about, when you do not know their words.",
  parameters: objectSchema(
    { query: text("What the passages are about."), limit: whole("How many to return. Default: 5.") },
    ["query"],
  ),
  arguments: z.object({ query: z.string(), limit: wholeNumber.nullish() }),
  enableParallelExecution: true,
  async run({ query, limit }, { files }) {
    if (query.trim() === "") throw new Failure("refused", "query: say what the passages are about");
    const wanted = within(limit, { lowest: 1, highest: PASSAGES_MAX, fallback: PASSAGES_DEFAULT });
    const hits = await files.search(query, wanted);
    if (hits.length === 0) return "No passage of your files fits.";
    const shown = hits.map((hit, index) => `${index + 1}. ${hit.fileName}\n${firstLines(hit.text)}`);
    return [`${hits.length} passage${hits.length === 1 ? "" : "s"}, best first:`, ...shown].join("\n\n");
  },
});

function firstLines(passage: string): string {
  const lines = passage.split("\n");
  const more = lines.length - PASSAGE_LINES_MAX;
  return more <= 0 ? passage : [...lines.slice(0, PASSAGE_LINES_MAX), `[${more} more lines]`].join("\n");
}

/** The tools of agents that have folders. */
export const FILE_TOOLS: readonly BuiltinTool[] = [openFilesTool, grepFiles, semanticSearchFiles];
