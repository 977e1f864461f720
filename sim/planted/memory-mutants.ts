import { inside, type MutantFacts, narrowed, TALK_AND_CRASHES } from "./mutant-facts.ts";

/** Bugs in what is remembered: searches, blocks of conversations, facts, and what stays of who is deleted. */
export const MEMORY_MUTANTS = {
  names_the_newest_blocks: inside(
    null,
    ["S23 told context"],
    "store/runs/manifests.ts",
    "return { blocks: blocksShown, chars: values.",
    `const newest: ShownBlock[] = [];
  for (const [id] of blocksShown ?? [])
    newest.push([id, (await blockVersions(session).versions(id, { limit: 1, order: "desc" }))[0]?.version ?? 1]);
  return { blocks: blocksShown && newest, chars: values.`,
  ),
  tells_what_left_the_context: inside(
    null,
    ["S23 told context"],
    "store/messages/shown-messages.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is part of the source that is edited
    "coalesce(thread_messages.left_at, ${to.sequence_id}) >=",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is part of the source that is edited
    "${to.sequence_id} >=",
  ),
  searches_every_conversation: inside(
    null,
    ["S12 scope"],
    "agent/message-search.ts",
    "{ tags: [turnTag(conversationId)] }",
    "{}",
  ),
  searches_blank_everywhere: inside(
    null,
    ["S12 scope"],
    "store/messages/message-search.ts",
    "  if (conversationId === null) conditions.push(sql`messages.conversation_id is null`);",
    "  if (conversationId === null) void conversationId;",
  ),
  writes_to_the_agents_block: inside(
    null,
    ["S12 scope"],
    "run/step/round-answers.ts",
    "changingIsolated(blocks, agent.id, isolatedBlockIds)",
    "changingIsolated(blocks, agent.id, [])",
  ),
  resumes_with_the_agents_blocks: narrowed(
    inside(
      null,
      ["S12 scope"],
      "run/runner.ts",
      "  const setup = await setUpAgain(options, actor, run);\n  const state",
      "  const setup = { ...(await setUpAgain(options, actor, run)), isolatedBlockIds: [] };\n  const state",
    ),
    { ...TALK_AND_CRASHES, agents: 1, conversations: 3, isolatesBlocks: true, asksApproval: false },
  ),
  shares_one_fact_index: inside(
    null,
    ["S14 facts"],
    "umi/facts/learning.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is part of the source that is edited
    "return `facts:${space}`;",
    'return space && "facts";',
  ),
  recalls_facts_of_others: {
    number: null,
    breaks: ["S12 scope"],
    edits: [
      {
        file: "src/umi/facts/learning.ts",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: as above
        from: "return `facts:${space}`;",
        to: 'return space && "facts";',
      },
      {
        file: "src/store/memory/facts.hot.ts",
        from: "from umi_facts where organization_id = $1 and space = $2 and id = $3`;",
        to: "from umi_facts where organization_id = $1 and $2 <> space || id and id = $3`;",
      },
    ],
  },
  keeps_facts_of_the_deleted: inside(
    null,
    ["S13 deleted"],
    "store/messages/turn-entries.ts",
    "  await sqlFactStore(session).clear(space);\n",
    "",
  ),
  keeps_archives_of_the_deleted: inside(
    null,
    ["S13 deleted"],
    "store/agents/agents.ts",
    "  if (other === undefined) await sqlArchiveStore(session)",
    "  if (other !== undefined) await sqlArchiveStore(session)",
  ),
} as const satisfies Readonly<Record<string, MutantFacts>>;
