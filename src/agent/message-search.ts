import type { Instant } from "../core/clock.ts";
import type { AgentId, MessageId } from "../core/id.ts";
import { type EntryRole, entryTerms } from "../umi/index/entry.ts";
import { createDualRetriever } from "../umi/recall/dual-retriever.ts";
import { RECALL_LIMIT_MAX, type RecallHit, type RecallResult } from "../umi/recall/recall-options.ts";
import { termsOf } from "../umi/text/terms.ts";
import type { Message } from "./message.ts";
import type { SpokenFilter } from "./ports/filters.ts";
import type { Readers } from "./ports/ports.ts";
import { turnTag } from "./spoken.ts";

/** Agents whose memories one search looks through when it names none: those that were changed last. */
const AGENTS_MAX = 1_000;
/** Hits that are asked for beyond those wanted, for what the filter takes away afterwards. */
const SPARE_HITS = 20;

/** What to look for in what was said. */
export interface MessageQuery extends SpokenFilter {
  /** Blank finds the newest. */
  readonly text: string;
  readonly limit: number;
  /** Whether what only stands beside the words that were looked for is left out. */
  readonly isLiteral?: boolean;
  /** When it is asked: "yesterday" is counted from here. */
  readonly at: Instant;
}

/** A message that was looked for. Scores are from 0 to 1 and compare within one search. */
export interface FoundMessage {
  readonly message: Message;
  readonly score: number;
}

/** What users and agents said that fits the query, best first; newest first when there is nothing to fit. */
export async function searchMessages(repositories: Readers, query: MessageQuery): Promise<readonly FoundMessage[]> {
  const { text, limit } = query;
  if (text.trim() === "") {
    const newest = await repositories.messages.listSpoken(query, limit);
    return newest.map((message) => ({ message, score: 0 }));
  }
  const scores = new Map<MessageId, number>();
  for (const agentId of await agentsOf(repositories, query)) {
    const { hits, coverage } = await recallFrom(repositories, agentId, query);
    for (const { entry, score } of query.isLiteral === true ? literal(hits, text) : hits)
      scores.set(entry.id as MessageId, score * coverage);
  }
  const best = [...scores].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const ids = best.slice(0, limit + SPARE_HITS).map(([id]) => id);
  const found = new Map((await repositories.messages.findAll(ids)).map((message) => [message.id, message]));
  return ids
    .flatMap((id) => {
      const message = found.get(id);
      const isOwn = message?.runId === (query.exceptRunId ?? "");
      return message === undefined || isOwn ? [] : [{ message, score: scores.get(id) ?? 0 }];
    })
    .slice(0, limit);
}

/** The hits that have one of the words; all of them when none has, as the words were misspelt then. */
function literal(hits: readonly RecallHit[], text: string): readonly RecallHit[] {
  const wanted = new Set(termsOf(text));
  const having = hits.filter(({ entry }) => entryTerms(entry).some((term) => wanted.has(term)));
  return having.length > 0 ? having : hits;
}

/** Whose memories are looked through. Each agent has a space of its own, so many agents take as many searches. */
async function agentsOf({ agents }: Readers, query: MessageQuery): Promise<readonly AgentId[]> {
  const { agentId, projectId, templateId } = query;
  if (agentId !== undefined) return [agentId];
  const filter = {
    showHidden: true,
    ...(projectId === undefined ? {} : { projectId }),
    ...(templateId === undefined ? {} : { templateId }),
  };
  const page = { limit: AGENTS_MAX, order: "desc", orderBy: "updated_at" } as const;
  return (await agents.list(filter, page)).map((agent) => agent.id);
}

async function recallFrom(repositories: Readers, agentId: AgentId, query: MessageQuery): Promise<RecallResult> {
  const { text, limit, at, roles, start, end, conversationId } = query;
  return createDualRetriever(repositories).recall(text, {
    space: agentId,
    limit: Math.min(RECALL_LIMIT_MAX, limit + SPARE_HITS),
    at,
    ...(roles === undefined ? {} : { roles: roles.filter((role): role is EntryRole & typeof role => isSpoken(role)) }),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
    ...(conversationId === undefined ? {} : { tags: [turnTag(conversationId)] }),
  });
}

function isSpoken(role: string): boolean {
  return role === "user" || role === "assistant";
}
