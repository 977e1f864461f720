/** The number of the first agent that writes to others, and how many there are. */
export const WRITER = 4_000;
export const WRITERS = 3;
/** The tools by which they do. */
export const ASK_TOOL = "send_message_to_agent_and_wait_for_reply";
export const TELL_TOOL = "send_message_to_agent_async";

/** What an agent says whose letter made room for others before it was answered. */
export const FORGOTTEN = "It is no longer shown to me.";

/** What one letter becomes at each writer that it comes to: the next one, and whether an answer is waited for. */
export interface Route {
  readonly to: number;
  readonly waits: boolean;
}

/** The agents that write to each other, and where each letter goes. */
export interface LetterBook {
  /** A writer was made; their numbers follow each other. */
  addWriter(id: string): void;
  readonly writers: readonly string[];
  /** Begins a letter that goes this way, and gives the words that it begins with. */
  begin(routes: readonly Route[]): string;
  /** What whoever reads these words does next, with the words that go on; undefined where nothing is left to do. */
  next(mark: LetterMark): { readonly route: Route; readonly words: string } | undefined;
}

/** A letter, and how often it has gone on. */
export interface LetterMark {
  readonly letter: number;
  readonly step: number;
}

const MARK = /lt-(\d+)\.(\d+);/g;

/** The last letter that a text holds: for some providers several messages become one. */
export function letterIn(text: string): (LetterMark & { readonly words: string }) | undefined {
  const found = [...text.matchAll(MARK)].at(-1);
  return found === undefined ? undefined : { letter: Number(found[1]), step: Number(found[2]), words: found[0] };
}

/** The one {@link LetterBook}. */
export function createLetterBook(): LetterBook {
  const writers: string[] = [];
  const letters: (readonly Route[])[] = [];
  return {
    writers,
    addWriter: (id) => void writers.push(id),
    begin: (routes) => `lt-${letters.push(routes) - 1}.0;`,
    next({ letter, step }) {
      const route = letters[letter]?.[step];
      return route && { route, words: `lt-${letter}.${step + 1};` };
    },
  };
}
