import type { SqlConnection, SqlDatabase } from "../../src/store/base/driver.ts";
import type { Scheduler } from "../world/scheduler.ts";
import type { Incarnation } from "../world/world.ts";

/** Bugs that are planted around the server, to see that a seed finds them. */
export const MUTANTS = [
  "loses_flushes",
  "acks_before_commit",
  "splits_effect_from_answer",
  "repeats_stream_lines",
  "forgets_running_runs",
  "forgets_names",
  "never_recovers",
  "sends_before_it_notes",
  "settles_calls_twice",
  "checks_budgets_before",
  "undoes_block_edits",
  "splits_messages_from_step",
  "migrates_in_pieces",
  "reruns_finished_tools",
  "numbers_from_memory",
  "numbers_each_reading",
  "shows_before_it_keeps",
  "waits_for_ever",
  "keeps_cancelled_runs",
  "breaks_characters",
  "tells_companions_backwards",
  "tells_companions_twice",
  "cuts_between_call_and_answer",
  "keeps_replaced_messages",
  "never_compacts",
  "writes_one_past_the_limit",
  "counts_bytes_as_characters",
  "drops_usage_when_it_resumes",
  "searches_every_agent",
  "retries_for_ever",
  "forgets_callbacks",
  "swallows_failures",
  "pages_by_time_alone",
  "reveals_keys",
  "forgets_expiries",
  "leaves_deleted_messages",
  "shows_stale_blocks",
  "forgets_owed_work",
  "overwrites_facts",
  "asks_for_deleted_agents",
  "empties_without_answers",
  "forks_what_waits",
  "keeps_streams_of_the_deleted",
  "keeps_what_is_refused",
  "never_tries_with_less",
  "continues_copies",
  "settles_copies_first",
  "names_the_newest_blocks",
  "tells_what_left_the_context",
  "searches_every_conversation",
  "searches_blank_everywhere",
  "writes_to_the_agents_block",
  "resumes_with_the_agents_blocks",
  "shares_one_fact_index",
  "recalls_facts_of_others",
  "keeps_facts_of_the_deleted",
  "keeps_archives_of_the_deleted",
  "counts_moved_rows_as_one",
  "moves_only_what_is_at_work",
  "numbers_past_what_was_undone",
  "forgets_frames_of_the_last",
  "loses_what_a_commit_takes",
  "tells_pieces_before_it_keeps",
  "counts_pieces_in_each_reading",
  "dates_each_delta",
  "answers_with_what_is_recent",
  "reads_one_message_of_many",
  "skips_what_is_not_recent",
  "tells_what_is_not_flushed",
  "repeats_what_is_not_flushed",
  "calls_back_before_it_keeps",
  "forgets_to_flush_its_lease",
  "does_not_wait_for_its_lease",
  "continues_what_is_queued",
  "ends_runs_twice",
  "forgets_called_tools",
  "writes_a_letter_twice",
  "knows_no_answer_of_agents",
  "waits_in_circles",
  "tries_by_another_name",
  "reads_packed_answers",
  "leaves_the_oldest_out",
  "evicts_what_waits",
  "runs_tools_in_transactions",
  "reruns_unknown_outcomes",
  "forgets_that_tools_began",
  "calls_together_what_is_alone",
  "answers_in_pieces",
  "overwrites_what_changed_meanwhile",
  "asks_in_one_face_alone",
  "goes_on_behind_what_is_elsewhere",
  "goes_on_behind_what_is_not_seen",
  "finds_what_is_elsewhere",
  "shares_agents_of_all",
  "narrows_no_reads",
  "keeps_revoked_keys",
  "keeps_lowered_roles",
  "leaves_streams_open",
  "makes_passages_twice",
  "forgets_files_that_came_meanwhile",
  "keeps_prompts_of_deleted_files",
  "opens_one_file_too_many",
] as const;

/** One of {@link MUTANTS}. */
export type Mutant = (typeof MUTANTS)[number];

/** What a planted bug needs to delay things. */
interface MutantWorld {
  readonly scheduler: Scheduler;
  readonly incarnation: Incarnation;
}

const SAID_AGAIN = `replace(data, '"text":"', '"text":"again ')`;

/** How much later a part of a commit comes that should have come with it. */
const LATE_MS = 20;

const EFFECT = /^(?:update "blocks"|insert into "passages"|update blocks|insert into passages)/i;

/** The database with the bug planted in it; the database itself when the bug is elsewhere. */
export function mutated(database: SqlDatabase, mutant: Mutant | undefined, world: MutantWorld): SqlDatabase {
  const { reader, writer } = database;
  switch (mutant) {
    case "acks_before_commit":
      return { ...database, ...lateCommits(database, world) };
    case "splits_effect_from_answer":
      return { ...database, writer: splitEffects(writer, world) };
    case "repeats_stream_lines":
      return {
        ...database,
        reader: edited(reader, /run_events where run_id = \$1\s+and seq_id >=/, (sql) =>
          // What was said comes twice where it is read again.
          sql.replaceAll("frames_before, data from", `frames_before, ${SAID_AGAIN} as data from`),
        ),
      };
    case "forgets_running_runs":
      return { ...database, writer: edited(writer, /^select id from runs where agent_id/, (sql) => `${sql} offset 1`) };
    case "forgets_names":
      return {
        ...database,
        writer: edited(writer, /messages\.otid = \$2/, (sql) => sql.replace("messages.otid =", "messages.id =")),
      };
    case "forgets_owed_work":
      return {
        ...database,
        writer: edited(writer, /^insert into space_work/, (sql) =>
          sql.replace(/values \((.*?)\)/, "select $1 where 1 = 0"),
        ),
      };
    case "undoes_block_edits":
      return { ...database, writer: staleReads(writer) };
    case "splits_messages_from_step":
      return { ...database, writer: splitBefore(writer, /^insert into steps/, world) };
    case "makes_passages_twice":
      return { ...database, writer: splitBefore(writer, /^update "files"/, world) };
    case "migrates_in_pieces":
      return { ...database, writer: splitBefore(writer, /^\s*create /, world) };
    default:
      return database;
  }
}

function edited(connection: SqlConnection, pattern: RegExp, edit: (sql: string) => string): SqlConnection {
  return { execute: (sql, parameters) => connection.execute(pattern.test(sql) ? edit(sql) : sql, parameters) };
}

/** A commit is reported at once and made a little later; who reads in this process waits for it, and sees nothing of it. */
function lateCommits(
  { reader, writer }: SqlDatabase,
  { scheduler, incarnation }: MutantWorld,
): Pick<SqlDatabase, "reader" | "writer"> {
  let late: Promise<void> | undefined;
  return {
    reader: {
      async execute(sql, parameters) {
        await late;
        return reader.execute(sql, parameters);
      },
    },
    writer: {
      async execute(sql, parameters) {
        if (sql === "begin immediate") await late;
        if (sql !== "commit") return writer.execute(sql, parameters);
        late = scheduler.wait("late commit", LATE_MS, incarnation).then(async () => {
          await writer.execute("commit", []);
          late = undefined;
        });
        return { rows: [], changes: 0 };
      },
    },
  };
}

/** What a tool wrote is committed before its answer is. */
function splitEffects(writer: SqlConnection, { scheduler, incarnation }: MutantWorld): SqlConnection {
  let hasEffect = false;
  let inTool = false;
  return {
    async execute(sql, parameters) {
      if (sql === "savepoint attempt") inTool = true;
      if (inTool && EFFECT.test(sql)) hasEffect = true;
      const result = await writer.execute(sql, parameters);
      if (sql !== "release attempt") return result;
      inTool = false;
      if (!hasEffect) return result;
      hasEffect = false;
      await writer.execute("commit", []);
      await scheduler.wait("between two commits", LATE_MS, incarnation);
      await writer.execute("begin immediate", []);
      return result;
    },
  };
}

/** What comes before such a statement is committed before it. */
function splitBefore(writer: SqlConnection, pattern: RegExp, { scheduler, incarnation }: MutantWorld): SqlConnection {
  let isOpen = false;
  return {
    async execute(sql, parameters) {
      if (sql === "begin immediate") isOpen = true;
      if (sql === "commit" || sql === "rollback") isOpen = false;
      if (isOpen && pattern.test(sql)) {
        await writer.execute("commit", []);
        await scheduler.wait("between two commits", LATE_MS, incarnation);
        await writer.execute("begin immediate", []);
      }
      return writer.execute(sql, parameters);
    },
  };
}

/** Blocks are written as they were when they were first read. */
function staleReads(writer: SqlConnection): SqlConnection {
  const first = new Map<string, Awaited<ReturnType<SqlConnection["execute"]>>>();
  return {
    async execute(sql, parameters) {
      const result = await writer.execute(sql, parameters);
      if (!/^select "blocks"\."id" .* from "agent_blocks" .* "agent_blocks"\."label" = /s.test(sql)) return result;
      const key = JSON.stringify(parameters);
      const known = first.get(key);
      // Whoever reads rows makes what it wants of them.
      if (known === undefined) first.set(key, structuredClone(result));
      return known === undefined ? result : structuredClone(known);
    },
  };
}
