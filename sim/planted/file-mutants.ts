import { around, inside, type MutantFacts, narrowed } from "./mutant-facts.ts";

/** Little but files, and many crashes. */
const FILES = {
  enabled: ["send"],
  operations: 5,
  windowTokens: null,
  files: "opened",
  crashesMax: 16,
  crashRate: 0.1,
} as const;

/** Bugs in how files are read, opened and forgotten. */
export const FILE_MUTANTS = {
  makes_passages_twice: narrowed(around(null, ["S28 files"]), FILES),
  forgets_files_that_came_meanwhile: narrowed(
    inside(
      null,
      ["L3 files"],
      "store/memory/backlog.ts",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is part of the source that is edited
      "and revision = ${work.revision}`",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as above
      "and revision >= ${work.revision}`",
    ),
    FILES,
  ),
  keeps_prompts_of_deleted_files: narrowed(
    inside(
      null,
      ["S13 deleted"],
      "store/files/files.ts",
      "      await dropTexts(session, [id]);\n",
      "      void dropTexts;\n",
    ),
    FILES,
  ),
  opens_one_file_too_many: narrowed(
    inside(
      null,
      ["S28 files"],
      "agent/files/open-files.ts",
      "Math.max(0, open.length - openMaxOf(agent))",
      "Math.max(0, open.length - openMaxOf(agent) - 1)",
    ),
    FILES,
  ),
} satisfies Record<string, MutantFacts>;
