import type { MessageId } from "../../core/id.ts";
import { type ContextBlock, type ContextItem, eachPart, type Parts, type StepContext } from "./step-context.ts";

/** What a context has that another one has not, and the other way round. */
export interface Exchanged<T> {
  readonly added: readonly T[];
  readonly removed: readonly T[];
}

/** A block that two contexts show at different versions. */
export interface ChangedBlock {
  readonly before: ContextBlock;
  readonly after: ContextBlock;
}

/** How the context of a later step differs from that of an earlier one, or of any two steps. */
export interface ContextDifference {
  readonly from: StepContext;
  readonly to: StepContext;
  /** The lines of the system prompt, blocks included, from the first that differs to the last; null when none does. */
  readonly system: Exchanged<string> | null;
  /** Names. A tool that is described in other words is in `changedTools`. */
  readonly tools: Exchanged<string>;
  readonly changedTools: readonly string[];
  readonly blocks: Exchanged<ContextBlock>;
  readonly changedBlocks: readonly ChangedBlock[];
  readonly recalled: Exchanged<ContextItem>;
  readonly messages: Exchanged<MessageId>;
  /** How many more each part has in `to`. */
  readonly tokens: Parts;
}

/** How `to` differs from `from`. What of either is not kept any more counts as absent. */
export function contextDifference(from: StepContext, to: StepContext): ContextDifference {
  const tools = byKey(from.tools ?? [], to.tools ?? [], ({ name }) => name);
  const blocks = byKey(from.blocks ?? [], to.blocks ?? [], ({ id }) => id);
  const recalled = byKey(from.recalled?.items ?? [], to.recalled?.items ?? [], ({ item }) => `${item.kind} ${item.id}`);
  const messages = byKey(from.messages, to.messages, ({ id }) => id);
  return {
    from,
    to,
    system: changedLines(from.system, to.system),
    tools: { added: tools.added.map(({ name }) => name), removed: tools.removed.map(({ name }) => name) },
    changedTools: tools.both
      .filter(([before, after]) => JSON.stringify(before) !== JSON.stringify(after))
      .map(([{ name }]) => name),
    blocks: { added: blocks.added, removed: blocks.removed },
    changedBlocks: blocks.both
      .filter(([before, after]) => before.version !== after.version)
      .map(([before, after]) => ({ before, after })),
    recalled: { added: recalled.added, removed: recalled.removed },
    messages: { added: messages.added.map(({ id }) => id), removed: messages.removed.map(({ id }) => id) },
    tokens: eachPart((part) => to.tokens[part] - from.tokens[part]),
  };
}

function byKey<T>(before: readonly T[], after: readonly T[], keyOf: (one: T) => string) {
  const [old, young] = [before, after].map((list) => new Map(list.map((one) => [keyOf(one), one])));
  return {
    added: after.filter((one) => old?.has(keyOf(one)) !== true),
    removed: before.filter((one) => young?.has(keyOf(one)) !== true),
    both: before.flatMap((one) => {
      const other = young?.get(keyOf(one));
      return other === undefined ? [] : [[one, other] as const];
    }),
  };
}

/** What lies between the lines that two texts begin and end with alike. */
function changedLines(from: string, to: string): Exchanged<string> | null {
  if (from === to) return null;
  const [before, after] = [from.split("\n"), to.split("\n")];
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  return { added: after.slice(start, after.length - end), removed: before.slice(start, before.length - end) };
}
