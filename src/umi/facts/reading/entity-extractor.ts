import { withoutRecalled } from "../kept/recalled.ts";
import type { Ask } from "./ask.ts";
import type { Extraction, SourceTurn } from "./extracted-fact.ts";
import { extractByModel } from "./model-extractor.ts";
import { extractByRules } from "./rule-extractor.ts";

/** What an {@link EntityExtractor} may use. */
export interface ExtractorOptions {
  /** A language model; without one, rules alone read the turns. */
  readonly ask?: Ask;
}

/** Takes facts, and the entities that they name, out of turns. */
export interface EntityExtractor {
  /**
   * The facts of turns. `recalled` is what was recalled in this conversation: what a turn repeats of it is no news. With a
   * model that is not there, the turns come back as `left`, whole, for a later call.
   */
  extract(turns: readonly SourceTurn[], recalled: readonly string[]): Promise<Extraction>;
}

/** An {@link EntityExtractor} that reads by rules, or by a model where there is one. */
export function createEntityExtractor({ ask }: ExtractorOptions = {}): EntityExtractor {
  return {
    async extract(turns, recalled) {
      const news = turns.map((turn) => ({ ...turn, text: withoutRecalled(turn.text, recalled) }));
      if (ask === undefined) return { facts: news.flatMap(extractByRules), left: [], unreadable: [] };
      const { facts, left, unreadable } = await extractByModel(news, ask);
      return { facts, left: sameOf(turns, left), unreadable: sameOf(turns, unreadable) };
    },
  };
}

/** The turns as they were given, of those that were shown with parts left out. */
function sameOf(turns: readonly SourceTurn[], shown: readonly SourceTurn[]): readonly SourceTurn[] {
  const ids = new Set(shown.map(({ id }) => id));
  return turns.filter(({ id }) => ids.has(id));
}
