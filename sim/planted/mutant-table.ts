import { ACCESS_MUTANTS } from "./access-mutants.ts";
import { FILE_MUTANTS } from "./file-mutants.ts";
import { MEMORY_MUTANTS } from "./memory-mutants.ts";
import { around, inside, type MutantFacts, narrowed, TALK_AND_CRASHES } from "./mutant-facts.ts";
import type { Mutant } from "./mutants.ts";
import { RUN_MUTANTS } from "./run-mutants.ts";
import { TOOL_MUTANTS } from "./tool-mutants.ts";

const LOST = ["S1 acknowledged", "S8 block", "S9 stream"];

/** Every mutant. */
export const MUTANT_TABLE: Readonly<Record<Mutant, MutantFacts>> = {
  acks_before_commit: around("M1", LOST),
  loses_flushes: around("M2", [...LOST, "S10 lease"]),
  splits_effect_from_answer: around("M3", ["S4 effects"]),
  reruns_finished_tools: narrowed(
    inside(
      "M4",
      ["S4 effects"],
      "run/step/run-state.ts",
      "    context,\n    // A step",
      '    context: context.at(-1)?.role === "tool" ? context.slice(0, -1) : context,\n    // A step',
    ),
    { ...TALK_AND_CRASHES, hasAfarTools: false, asksApproval: false },
  ),
  forgets_owed_work: around("M26", ["L3 vectors", "L3 facts"]),
  overwrites_facts: inside(
    "M23",
    ["S14 facts"],
    "umi/facts/evolution/settling.ts",
    "await store.close(space, ended.id, closing)",
    "void closing, await store.removeFact(space, ended.id)",
  ),
  forgets_running_runs: around("M5", ["S5 one run"]),
  numbers_from_memory: inside(
    "M7",
    ["S9 stream"],
    "run/runner.ts",
    "next: await placeOfNext(options, actor, setup, run)",
    "next: { seqId: 1, framesBefore: 0 }",
  ),
  splits_messages_from_step: around("M8", ["S3 once", "S6 transcript", "S11 usage"]),
  undoes_block_edits: around("M12", ["S8 block", "S4 effects"]),
  numbers_each_reading: inside(
    "M13",
    ["S9 stream"],
    "api/talk/run-stream.ts",
    "encode(event, isNumbered)",
    "encode({ ...event, framesBefore: Math.max(0, event.framesBefore - startingAfter) }, isNumbered)",
  ),
  repeats_stream_lines: around("M14", ["S9 stream"]),
  shows_before_it_keeps: {
    number: "M15",
    breaks: ["S1 acknowledged", "S9 stream"],
    edits: [
      {
        file: "src/run/log/run-log.ts",
        from: "      store.durable().then(\n        () => show",
        to: "      Promise.resolve().then(\n        () => show",
      },
    ],
  },
  waits_for_ever: inside(
    "M24",
    ["L1 ends"],
    "llm/call/deadline.ts",
    "if (now >= Math.min(totalAt, armedAt)) {",
    "if (now < 0) {",
  ),
  keeps_cancelled_runs: inside(
    "M27",
    ["L1 ends"],
    "run/step/commit.ts",
    "= await repositories.runs.finish(ended);",
    '= stopReason === "cancelled" || (await repositories.runs.finish(ended));',
  ),
  migrates_in_pieces: around("M28", ["S15 file"]),
  breaks_characters: inside(
    "M30",
    ["S9 stream"],
    "llm/call/event-stream.ts",
    "decoder.decode(bytes, { stream: true })",
    "decoder.decode(bytes)",
  ),
  forgets_names: around("M31", ["S3 once"]),
  never_recovers: around(null, ["L1 ends", "S9 stream"]),
  tells_companions_backwards: inside(
    "M6",
    ["S20 companion"],
    "run/step/sleeptime.ts",
    "messages: [...input.messages, message]",
    "messages: [message, ...input.messages]",
  ),
  tells_companions_twice: inside(
    null,
    ["S20 companion"],
    "run/step/sleeptime.ts",
    "lastProcessedMessageId: last.id",
    "lastProcessedMessageId: said[0]?.id ?? last.id",
  ),
  cuts_between_call_and_answer: inside(
    "M9",
    ["S7 context"],
    "run/compaction/cut.ts",
    "isWorthIt && depth[cut] === 0 &&",
    "isWorthIt &&",
  ),
  never_compacts: inside(
    null,
    ["S7 context"],
    "run/compaction/make-room.ts",
    "  return contextTokens > Math.floor(",
    "  return contextTokens < 0 && contextTokens > Math.floor(",
  ),
  keeps_replaced_messages: inside(
    "M10",
    ["S3 once", "S7 context"],
    "store/messages/replaced-messages.ts",
    "set({ in_context: 0, is_replaced: 1,",
    "set({ is_replaced: 1,",
  ),
  writes_one_past_the_limit: inside(
    "M11",
    ["S8 block"],
    "umi/core/block-edit.ts",
    "  if (chars <= after.limit) return after;",
    "  if (chars <= after.limit + 1) return after;",
  ),
  counts_bytes_as_characters: {
    ...around("M11", ["S8 block"]),
    edits: [
      {
        file: "src/umi/core/block-edit.ts",
        from: "  if (chars <= after.limit) return after;",
        to: "  if (chars <= after.limit || after.value.length <= 2 * after.limit) return after;",
      },
    ],
  },
  drops_usage_when_it_resumes: inside(
    "M18",
    ["S11 usage"],
    "run/step/run-state.ts",
    "usage: usageOf(steps)",
    "usage: usageOf([])",
  ),
  searches_every_agent: inside(
    "M19",
    ["S12 scope"],
    "agent/message-search.ts",
    "  if (agentId !== undefined) return [agentId];\n",
    "  void agentId;\n",
  ),
  retries_for_ever: inside("M25", ["S18 bounded"], "llm/call/retry.ts", "retry >= policy.retriesMax", "retry >= 1_000"),
  forgets_callbacks: inside(
    "M26",
    ["L3 callbacks"],
    "run/chores/callback.ts",
    "  const outcome = await callBack({ clock, post }, callback, body);",
    `  const done = { sentAt: clock.now(), statusCode: null, error: null, retryAt: null };
  await store.write(callback.actor, ({ runs }) => runs.noteCallback(callback.runId, done));
  const outcome = await callBack({ clock, post }, callback, body);`,
  ),
  swallows_failures: {
    number: "M29",
    breaks: ["S18 no surprise", "L1 ends"],
    edits: [
      {
        file: "src/umi/core/block-edit.ts",
        from: "  const chars = charCount(after.value);",
        to: '  const chars = charCount(after.value);\n  if (chars > after.limit) throw new Error("too long");',
      },
      {
        file: "src/run/runner.ts",
        from: "    const ended = await abandon(options, { actor, runId: state.run.id },",
        to: "    if (error instanceof Error) throw error;\n    const ended = await abandon(options, { actor, runId: state.run.id },",
      },
    ],
  },
  pages_by_time_alone: inside(
    "M32",
    ["S6 pages"],
    "store/base/pages.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is part of the source that is edited
    "(${column}, ${key}) ${compare} (${value}, ${id})",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as above
    "${column} ${compare} ${value}",
  ),
  reveals_keys: inside(
    null,
    ["S16 secret"],
    "llm/provider.ts",
    "key !== undefined && key.length >= SECRET_CHARS_MIN",
    "key !== undefined && key.length < SECRET_CHARS_MIN",
  ),
  forgets_expiries: inside(
    null,
    ["L3 expires"],
    "run/runner.ts",
    "    if (approvalDueAt !== null) expiry.wake();\n",
    "",
  ),
  leaves_deleted_messages: inside(
    "M21",
    ["S13 deleted"],
    "store/migrations/older/0001-first.ts",
    "references agents (id) on delete cascade, conversation_id text, role",
    ", conversation_id text, role",
  ),
  shows_stale_blocks: inside(
    null,
    ["S5 linearizable"],
    "api/agents/agent-blocks.ts",
    'return c.json(toWireBlock(await labelledBlock(readerFor(options, c, "agents:read"), pathLabel(c))));',
    `const seen = (globalThis.seenBlocks ??= new Map());
    const block = await labelledBlock(readerFor(options, c, "agents:read"), pathLabel(c));
    const stale = block.label === "board" ? seen.get(block.id) : undefined;
    seen.set(block.id, block);
    return c.json(toWireBlock(stale ?? block));`,
  ),
  asks_for_deleted_agents: inside(
    null,
    ["S13 deleted"],
    "run/delete-agent.ts",
    "runner.breakOff(await store.write(",
    "(await store.write(",
  ),
  empties_without_answers: inside(
    null,
    ["S6 history", "L3 expires"],
    "agent/life/reset.ts",
    "    await endWait(repositories, workshop, {",
    "    void (repositories, workshop, {",
  ),
  forks_what_waits: inside(
    null,
    ["S4 effects", "L3 expires"],
    "agent/life/fork-conversation.ts",
    "    await denyCalls(repositories, workshop, {",
    "    void (repositories, workshop, {",
  ),
  keeps_streams_of_the_deleted: narrowed(
    inside(
      null,
      ["S13 deleted"],
      "store/agents/agents.ts",
      "  await forgetArrivals(session);",
      "  void forgetArrivals;",
    ),
    { enabled: ["send", "send_background", "delete_agent"], arrivalsMax: null },
  ),
  keeps_what_is_refused: {
    number: null,
    breaks: ["L4 once more"],
    edits: [
      {
        file: "src/run/turn.ts",
        from: "const aside = isRefused ? ownAside(state) : NOTHING_ASIDE;",
        to: "const aside = NOTHING_ASIDE;",
      },
      {
        file: "src/run/step/refusal.ts",
        from: "strays: newest.filter(({ runId }) => runId !== run.id)",
        to: "strays: []",
      },
    ],
  },
  never_tries_with_less: inside(
    null,
    ["L4 once more"],
    "run/step/refusal.ts",
    "return attempts.length === 0 || isTooLong ? attempts : [whole, ...attempts];",
    "return attempts.slice(0, 0);",
  ),
  continues_copies: inside(
    null,
    ["S21 copy"],
    "app/disk/home.ts",
    "if (isCopy && !continuesCopy) {",
    "if (isCopy && continuesCopy) {",
  ),
  settles_copies_first: inside(
    null,
    ["S21 copy"],
    "app/disk/home.ts",
    "    const runs = await endCopiedRuns(ending);",
    "    await writeHome(database, lease, JSON.stringify(home.mark()));\n    const runs = await endCopiedRuns(ending);",
  ),
  ...MEMORY_MUTANTS,
  ...RUN_MUTANTS,
  ...TOOL_MUTANTS,
  ...ACCESS_MUTANTS,
  ...FILE_MUTANTS,
};
