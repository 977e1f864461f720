import type { SimOptions } from "../plan/options.ts";
import { inside, type MutantFacts, narrowed, SLOW_FLUSHES, TALK_AND_CRASHES } from "./mutant-facts.ts";

/** Agents of which each model may be named in two ways, and that have another one to ask. */
const STAND_INS = { hasStandIns: true, providers: ["anthropic"] } satisfies Partial<SimOptions>;
const AFAR = { hasAfarTools: true, hasToolRules: false, asksApproval: false };

/** Agents that write to each other, while the server dies again and again. */
const LETTERS = { ...TALK_AND_CRASHES, writes: true };

/** Bugs in how tools run that are not built in. */
export const TOOL_MUTANTS = {
  runs_tools_in_transactions: narrowed(
    {
      number: null,
      breaks: ["S22 writer free"],
      edits: [
        {
          file: "src/run/turn.ts",
          from: "  const outside = await callOutside(turn, state);\n",
          to: "",
        },
        {
          file: "src/run/turn.ts",
          from: "    const isCancelled = turn.signal.aborted;\n",
          to: "    const outside = await callOutside(turn, state);\n    const isCancelled = turn.signal.aborted;\n",
        },
      ],
    },
    { ...AFAR },
  ),
  reruns_unknown_outcomes: narrowed(
    inside(
      null,
      ["S22 once"],
      "run/step/outside-calls.ts",
      "doubt !== undefined && !plan.mayRepeat",
      "doubt !== undefined && doubt === plan.tool.name",
    ),
    { ...TALK_AND_CRASHES, ...AFAR },
  ),
  forgets_that_tools_began: narrowed(
    inside(null, ["S22 once", "S22 told"], "run/step/outside-calls.ts", "  await turn.store.durable();\n", ""),
    { ...SLOW_FLUSHES, ...AFAR },
  ),
  calls_together_what_is_alone: narrowed(
    inside(
      null,
      ["S22 apart"],
      "run/step/outside-calls.ts",
      "const mayShare = plan.tool.enableParallelExecution && ",
      "const mayShare = ",
    ),
    AFAR,
  ),
  answers_in_pieces: narrowed(
    inside(
      null,
      ["S6 history"],
      "agent/tool-answers.ts",
      "= answersToLast(context).at(-1);",
      "= answersToLast([]).at(-1);",
    ),
    { ...TALK_AND_CRASHES, ...AFAR },
  ),
  overwrites_what_changed_meanwhile: narrowed(
    inside(
      null,
      ["S4 effects", "S8 block"],
      "run/step/round-answers.ts",
      "if (block.version !== before.version)",
      "if (block.version < before.version)",
    ),
    { ...AFAR, agents: 1, conversations: 2, isolatesBlocks: false },
  ),
  writes_a_letter_twice: narrowed(
    inside(
      null,
      ["S27 letters"],
      "run/step/run-state.ts",
      "...request.link, status",
      "...request.link, id: run.id, status",
    ),
    LETTERS,
  ),
  knows_no_answer_of_agents: narrowed(
    inside(null, ["S27 letters"], "tools/builtin/messaging.ts", "isIdempotent: true", "isIdempotent: false"),
    LETTERS,
  ),
  tries_by_another_name: narrowed(
    inside(
      null,
      ["S18 bounded"],
      "run/fallback/answering.ts",
      "return fallbacks.taken ?? ",
      "void fallbacks;\n  return ",
    ),
    STAND_INS,
  ),
  waits_in_circles: narrowed(
    inside(null, ["S27 letters"], "run/among/waits.ts", "if (reaches(to, from)) return undefined;", "void reaches;"),
    LETTERS,
  ),
} satisfies Record<string, MutantFacts>;
