import type { SourceEdit } from "./edited.ts";
import type { Mutant } from "./mutants.ts";

/** What is known of a planted bug. */
export interface MutantFacts {
  /** Its number among the mutants that the design lists; null for one of our own. */
  readonly number: `M${number}` | null;
  /** Invariants of which it must break at least one: what it breaks by accident does not count. */
  readonly breaks: readonly string[];
  /** Changes of sources that plant it; none when it is planted in the database that the server is given. */
  readonly edits: readonly SourceEdit[];
  /** Where it can show: on the disk of the other lane too, or only there. */
  readonly lane: "usual" | "power";
}

/** A bug that is planted in the database that the server is given. */
function around(number: MutantFacts["number"], breaks: readonly string[]): MutantFacts {
  return { number, breaks, edits: [], lane: "usual" };
}

/** A bug that is planted in one place of a source file. */
function inside(number: MutantFacts["number"], breaks: readonly string[], file: string, from: string, to: string) {
  return { number, breaks, edits: [{ file: `src/${file}`, from, to }], lane: "usual" } as const;
}

const LOST = ["S1 acknowledged", "S8 block", "S9 stream"];

/** Every mutant. */
export const MUTANT_TABLE: Readonly<Record<Mutant, MutantFacts>> = {
  acks_before_commit: around("M1", LOST),
  loses_flushes: around("M2", LOST),
  splits_effect_from_answer: around("M3", ["S4 effects"]),
  reruns_finished_tools: inside(
    "M4",
    ["S4 effects"],
    "agent/run-state.ts",
    "    context,\n    // A step",
    '    context: context.at(-1)?.role === "tool" ? context.slice(0, -1) : context,\n    // A step',
  ),
  forgets_running_runs: around("M5", ["S5 one run"]),
  numbers_from_memory: inside(
    "M7",
    ["S9 stream"],
    "agent/runner.ts",
    "lastSeqId: await reader.events.last(runId)",
    "lastSeqId: 0",
  ),
  splits_messages_from_step: around("M8", ["S3 once", "S6 transcript", "S11 usage"]),
  undoes_block_edits: around("M12", ["S8 block", "S4 effects"]),
  numbers_each_reading: inside(
    "M13",
    ["S9 stream"],
    "api/stream-response.ts",
    "numbered(event.text, event.seqId)",
    "numbered(event.text, (iterator.count = (iterator.count ?? 0) + 1))",
  ),
  repeats_stream_lines: around("M14", ["S9 stream"]),
  shows_before_it_keeps: {
    number: "M15",
    breaks: ["S1 acknowledged", "S9 stream"],
    edits: [
      {
        file: "src/agent/run-log.ts",
        from: "      store.durable().then(\n        () => show",
        to: "      Promise.resolve().then(\n        () => show",
      },
    ],
    lane: "usual",
  },
  waits_for_ever: inside(
    "M24",
    ["L1 ends"],
    "llm/deadline.ts",
    "if (now >= Math.min(totalAt, armedAt)) {",
    "if (now < 0) {",
  ),
  keeps_cancelled_runs: inside(
    "M27",
    ["L1 ends"],
    "agent/commit.ts",
    "  await repositories.runs.save(ended);",
    '  if (stopReason !== "cancelled") await repositories.runs.save(ended);',
  ),
  migrates_in_pieces: around("M28", ["S15 file"]),
  breaks_characters: inside(
    "M30",
    ["S9 stream"],
    "llm/event-stream.ts",
    "decoder.decode(bytes, { stream: true })",
    "decoder.decode(bytes)",
  ),
  forgets_names: around("M31", ["S3 once"]),
  never_recovers: around(null, ["L1 ends", "S9 stream"]),
};
