import { inside, type MutantFacts, narrowed, SLOW_FLUSHES, TALK_AND_CRASHES } from "./mutant-facts.ts";

/** A budget that is spent while the server crashes. */
const SPENDING = { ...TALK_AND_CRASHES, spends: true };

/** Little but scheduled messages, and many crashes. */
const PLANNING = {
  enabled: ["send"],
  operations: 3,
  windowTokens: null,
  schedules: true,
  spends: false,
  writes: false,
  files: "none",
  intrusions: 0,
  crashes: ["kill"],
  crashesMax: 40,
  crashRate: 0.15,
} as const;

/** Bugs in how runs and their streams go on: what is moved, undone, told, leased, continued. */
export const RUN_MUTANTS = {
  sends_before_it_notes: narrowed(
    inside(
      null,
      ["S29 scheduled"],
      "run/chores/schedule-work.ts",
      "    if (after.nextDueAt === null && after.lastRunId !== schedule.lastRunId) await repositories.schedules.remove(id);\n    else await repositories.schedules.save(after);\n    return after.lastRunId;\n  });\n",
      `    return after.lastRunId;
  });
  await store.write(actor, ({ schedules }) => schedules.save({ ...found, nextDueAt: due.next, lastDueAt: due.at }));
`,
    ),
    PLANNING,
  ),
  settles_calls_twice: narrowed(
    inside(
      null,
      ["S24 budget"],
      "store/limits/spend.ts",
      '.deleteFrom("reservations")\n        .where("call_id"',
      '.updateTable("reservations")\n        .set((eb) => ({ amount: eb.ref("amount") }))\n        .where("call_id"',
    ),
    SPENDING,
  ),
  checks_budgets_before: narrowed(
    inside(
      null,
      ["S24 budget"],
      "run/budget/budget.ts",
      "  const excess = shares.find(isExcess);\n",
      "  const excess = shares.find(() => false);\n",
    ),
    { ...SPENDING, crashesMax: 0, transactionMs: 30, networkMs: 1 },
  ),
  counts_moved_rows_as_one: narrowed(
    inside(
      null,
      ["S9 stream"],
      "store/runs/events.hot.ts",
      ".flatMap(eventsIn)",
      ".flatMap((row) => eventsIn(row).slice(0, 1))",
    ),
    { ...TALK_AND_CRASHES, enabled: ["send_background"], arrivalsMax: 5 },
  ),
  moves_only_what_is_at_work: inside(
    null,
    ["S9 stream"],
    "store/runs/events.hot.ts",
    "join runs on runs.id = arrived.run_id\n",
    "join runs on runs.id = arrived.run_id and runs.completed_at is null\n",
  ),
  numbers_past_what_was_undone: narrowed(
    inside(
      null,
      ["S9 stream"],
      "run/abandon.ts",
      "usage, error, at }], place, frames);",
      "usage, error, at }], { ...place, framesBefore: place.framesBefore + 1 }, frames);",
    ),
    { ...TALK_AND_CRASHES, enabled: ["send_background"] },
    { refusalRate: 0.02 },
  ),
  forgets_frames_of_the_last: narrowed(
    inside(
      null,
      ["S9 stream"],
      "run/log/log-place.ts",
      "framesBefore: row.framesBefore + framesOf(last?.event, frames)",
      "framesBefore: row.framesBefore",
    ),
    { ...TALK_AND_CRASHES, enabled: ["send_background"] },
  ),
  loses_what_a_commit_takes: narrowed(
    inside(
      null,
      ["S9 stream"],
      "run/log/run-log.ts",
      "  let taken = takeHeld(log);\n",
      "  let taken: readonly NewEvent[] = [];\n  log.held = [];\n",
    ),
    { ...TALK_AND_CRASHES, enabled: ["send_background"] },
  ),
  tells_pieces_before_it_keeps: narrowed(
    inside(
      null,
      ["S1 acknowledged", "S9 stream"],
      "run/log/run-log.ts",
      "    store.durable().then(\n      () => {\n",
      "    Promise.resolve().then(\n      () => {\n",
    ),
    { ...SLOW_FLUSHES, enabled: ["send_background"], pieceMs: 200 },
  ),
  counts_pieces_in_each_reading: narrowed(
    inside(
      null,
      ["S9 stream"],
      "api/wire/stream.ts",
      '{ ...event, text: "" }',
      '{ ...event, pieces: pieces + 1, text: "" }',
    ),
    { ...TALK_AND_CRASHES, enabled: ["send_background", "replay_stream"] },
  ),
  dates_each_delta: narrowed(
    inside(
      null,
      ["S9 stream"],
      "run/log/place-events.ts",
      "pieces: turnTo(event), at: begunAt",
      "pieces: turnTo(event), at: clock.now()",
    ),
    { ...TALK_AND_CRASHES, enabled: ["send_background", "replay_stream"], pieceMs: 200 },
  ),
  answers_with_what_is_recent: narrowed(
    inside(null, ["S9 answer"], "run/log/run-log.ts", " && isWhole(log.recent);", ";"),
    { ...TALK_AND_CRASHES, enabled: ["send"], namesMessages: true },
  ),
  reads_one_message_of_many: narrowed(
    inside(
      null,
      ["S9 stream"],
      "run/log/stored-event.ts",
      "await messages.findAll([...new Set(ids)])",
      "await messages.findAll(ids.slice(0, 1))",
    ),
    { ...TALK_AND_CRASHES, enabled: ["send_background", "replay_stream"] },
  ),
  skips_what_is_not_recent: narrowed(
    inside(
      null,
      ["S9 stream"],
      "run/log/log-reader.ts",
      "    if (missing > log.recent.length) return undefined;",
      "    if (missing > 0 && log.recent.length === 0) return undefined;",
    ),
    { ...TALK_AND_CRASHES, enabled: ["send_background", "replay_stream", "replay_stream"], clients: 5, pieceMs: 100 },
  ),
  tells_what_is_not_flushed: narrowed(
    inside(
      null,
      ["S1 acknowledged", "S8 block", "S6 history", "S5 linearizable"],
      "api/server.ts",
      "!== true) await options.store.durable();",
      '!== true) c.req.method === "GET" || (await options.store.durable());',
    ),
    {
      ...SLOW_FLUSHES,
      enabled: ["send", "send_async", "edit_block", "use_board", "page_messages", "list_runs"],
      clients: 5,
    },
  ),
  repeats_what_is_not_flushed: narrowed(
    inside(null, ["S9 stream"], "run/log/log-reader.ts", "    await this.#options.store.durable();\n", ""),
    {
      ...SLOW_FLUSHES,
      crashes: ["kill", "power"],
      enabled: ["send_background", "replay_stream", "replay_stream"],
      clients: 5,
      pieceMs: 200,
    },
  ),
  calls_back_before_it_keeps: narrowed(
    inside(
      null,
      ["S1 acknowledged", "S19 callback"],
      "run/log/run-log.ts",
      "      await options.store.durable();\n",
      "",
    ),
    { ...SLOW_FLUSHES, enabled: ["send_async"], callbackRate: 1, callbackFaultRate: 0 },
  ),
  forgets_to_flush_its_lease: inside(null, ["S10 lease"], "store/base/lease.ts", "  await database.flush();\n", ""),
  does_not_wait_for_its_lease: narrowed(
    inside(null, ["S10 lease"], "store/base/lease.ts", "  await database.flush();", "  void database.flush();"),
    SLOW_FLUSHES,
  ),
  continues_what_is_queued: narrowed(
    inside(
      null,
      ["S5 one run", "S20 companion", "S6 transcript", "L1 ends"],
      "store/runs/runs.ts",
      " and status = 'running'`",
      "`",
    ),
    { ...TALK_AND_CRASHES, agents: 1, conversations: 2, companionTurns: 1, thinkMs: 1_000 },
  ),
  ends_runs_twice: narrowed(
    inside(
      null,
      ["S9 stream", "S11 usage"],
      "run/step/commit.ts",
      '  return stopReason === null ? said : [...said, { kind: "ended", stopReason, usage, error }];',
      `  const ended = stopReason ?? change.ending;
  return ended === null ? said : [...said, { kind: "ended", stopReason: ended, usage, error }];`,
    ),
    { ...TALK_AND_CRASHES, enabled: ["send_streaming"], forgets: true, fillRate: 0.5 },
  ),
  forgets_called_tools: narrowed(
    inside(
      null,
      ["S4 tool rules"],
      "run/step/run-state.ts",
      "calledTools: answers.map((answer) => answer.name)",
      "calledTools: []",
    ),
    { ...TALK_AND_CRASHES, hasToolRules: true, asksApproval: false },
    { aimRate: 1 },
  ),
  reads_packed_answers: narrowed(
    inside(
      null,
      ["S4 tool rules"],
      "run/step/run-state.ts",
      "lastAnswer: lastAnswerOf(answers)",
      "lastAnswer: answers.at(-1)?.response ?? null",
    ),
    { ...TALK_AND_CRASHES, hasToolRules: true, asksApproval: false },
    { aimRate: 1 },
  ),
  leaves_the_oldest_out: inside(
    null,
    ["S7 context"],
    "run/compaction/compact.ts",
    "const evicted = context.slice(first, plan.cut);",
    "const evicted = context.slice(Math.min(first + 1, plan.cut - 1), plan.cut);",
  ),
  evicts_what_waits: inside(
    null,
    ["S7 context"],
    "run/compaction/cut.ts",
    "  while (from > 0 && isInput(context[from - 1])) from--;\n",
    "",
  ),
} as const satisfies Readonly<Record<string, MutantFacts>>;
