import type { Plan } from "../plan/plan.ts";

/** What the providers saw of conversations that become too long. */
export interface ContextBook {
  /** A model was asked to summarise a text that holds these marks. */
  summarised(marks: readonly string[]): void;
  /** A model was asked for a conversation. */
  sent(prompt: ShownPrompt): void;
  /** It said something that the server may take as a reply: nothing waits for one any more. */
  replied(conversation: number): void;
  /** It was refused for what is said in it, and tried again, perhaps without the words that had no reply yet. */
  refused(conversation: number): void;
  /** Whether these words may have gone out of this conversation's context so. */
  isAside(conversation: number, mark: string): boolean;
}

/** What a prompt holds of a conversation. */
export interface ShownPrompt {
  readonly conversation: number;
  readonly marks: readonly string[];
  /** Those after which nobody has spoken yet. */
  readonly waiting: readonly string[];
  /** The number of the process that sent it. */
  readonly process: number;
  /** Whether it tells that messages were left out of which no summary could be made. */
  readonly lacksSummary: boolean;
}

/** A message, as far as it is looked at here. */
interface KnownTurn {
  readonly plan: Plan;
  readonly isAcknowledged: boolean;
  readonly mayBeLost: boolean;
}

/** What it is made of. */
interface ContextBookOptions {
  readonly fail: (invariant: string, detail: string) => void;
  readonly checked: (count: number) => void;
  readonly turns: readonly KnownTurn[];
}

/**
 * The one {@link ContextBook}. Of what was acknowledged every prompt holds what no summary was made of, and what waits for
 * its reply stays in sight until it has one.
 */
export function createContextBook({ fail, checked, turns }: ContextBookOptions): ContextBook {
  const summarised = new Set<string>();
  const waits = new Map<number, ShownPrompt>();
  const aside = new Set<string>();

  function checkSummarised({ conversation, marks, lacksSummary }: ShownPrompt): void {
    const own = turns.filter(({ plan, mayBeLost }) => plan.agent === conversation && !mayBeLost);
    const left = own.filter(({ plan, isAcknowledged }) => isAcknowledged && !marks.includes(plan.mark));
    checked(own.length);
    for (const { mark } of left.map(({ plan }) => plan)) {
      if (!lacksSummary && !summarised.has(mark))
        fail("S7 context", `The model of conversation ${conversation} is not shown ${mark}, nor was it summarised`);
      summarised.add(mark);
    }
  }

  function checkWaiting({ conversation, marks, process }: ShownPrompt): void {
    const before = waits.get(conversation);
    const hasNews = marks.some((mark) => before?.marks.includes(mark) !== true);
    for (const mark of before?.waiting.filter((one) => !marks.includes(one)) ?? []) {
      // A request that is refused is tried without the words of earlier runs that have no reply either.
      const isOwn = mark === before?.waiting.at(-1);
      const turn = turns.find(({ plan }) => plan.mark === mark);
      // What nobody was told of may be gone with the process.
      const isSafe = before?.process === process || turn?.isAcknowledged === true;
      // What a provider finds too long, though nothing more can go, is set aside; the next message goes on without it.
      if (hasNews || !isOwn) summarised.add(mark);
      else if (isSafe && turn?.mayBeLost === false)
        fail("S7 context", `The model of conversation ${conversation} is not shown ${mark}, which waits for its reply`);
    }
  }

  return {
    summarised(marks) {
      for (const mark of marks) summarised.add(mark);
    },
    sent(prompt) {
      checkWaiting(prompt);
      checkSummarised(prompt);
      waits.set(prompt.conversation, prompt);
    },
    replied: (conversation) => void waits.delete(conversation),
    refused(conversation) {
      for (const mark of waits.get(conversation)?.waiting ?? []) aside.add(`${conversation} ${mark}`);
    },
    isAside: (conversation, mark) => aside.has(`${conversation} ${mark}`),
  };
}
