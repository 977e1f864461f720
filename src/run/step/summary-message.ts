import { type Message, textOf } from "../../agent/message.ts";
import { type MessagePlace, type MessageSources, newMessage } from "../../agent/new-message.ts";
import { isRecord, type JsonObject, parseJson } from "../../core/json.ts";
import type { TimeFormat } from "../../core/time-format.ts";

/** What made a compaction necessary, in Letta's words where it had some. */
export type CompactionTrigger =
  | "post_step_context_check"
  | "context_window_exceeded"
  | "requested"
  | "provider_refused";

/** What a compaction did, in numbers. A size that nobody knows is null. */
export interface CompactionStats {
  readonly trigger: CompactionTrigger;
  readonly contextTokensBefore: number | null;
  readonly contextTokensAfter: number | null;
  readonly contextWindow: number;
  readonly messagesBefore: number;
  readonly messagesAfter: number;
}

/** What a summary says, and of how many messages. */
export interface Summary {
  readonly text: string;
  readonly evicted: number;
  readonly stats: CompactionStats;
}

/** Between what introduces a summary and the summary. */
const BREAK = "\n\n";

/** The message that stands in the place of evicted ones, packed as Letta packs what the system tells an agent. */
export function summaryMessage(
  sources: MessageSources & { readonly times: TimeFormat; readonly zone: string },
  place: MessagePlace,
  { text, evicted, stats }: Summary,
): Message {
  const intro = `Note: to make room, ${evicted} earlier messages are no longer shown to you. They are still stored, and conversation_search finds them if you have that tool. What follows is a summary of them.`;
  const packed = {
    type: "system_alert",
    message: `${intro}${BREAK}${text}`,
    time: sources.times.localTime(sources.clock.now(), sources.zone),
    compaction_stats: packStats(stats),
  };
  return newMessage(sources, place, { role: "summary", content: [{ type: "text", text: JSON.stringify(packed) }] });
}

/** What a {@link summaryMessage} says, without what introduces it; the whole text of one that somebody else made. */
export function summaryTextOf(message: Message): string {
  const whole = unpacked(message)?.["message"];
  if (typeof whole !== "string") return textOf(message);
  const at = whole.indexOf(BREAK);
  return at < 0 ? whole : whole.slice(at + BREAK.length);
}

/** The numbers that a summary carries, as they are shown to clients; null when it has none. */
export function packedStatsOf(message: Message): JsonObject | null {
  const stats = unpacked(message)?.["compaction_stats"];
  return isRecord(stats) ? stats : null;
}

function unpacked(message: Message): JsonObject | undefined {
  const packed = parseJson(textOf(message));
  return isRecord(packed) ? packed : undefined;
}

function packStats(stats: CompactionStats): JsonObject {
  return {
    trigger: stats.trigger,
    context_tokens_before: stats.contextTokensBefore,
    context_tokens_after: stats.contextTokensAfter,
    context_window: stats.contextWindow,
    messages_count_before: stats.messagesBefore,
    messages_count_after: stats.messagesAfter,
  };
}
