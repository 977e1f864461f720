import { wordSet } from "./sets.ts";

/** Words that end the phrase after "is a". */
const ENDS = wordSet("who specializing known based with and from at in of that whose which for to by");
/** Words after which no trade follows: somebody's pastime or paper. */
const PASTIMES = wordSet("avid certified regular amateur");
/** What has the ending of a trade and is none. */
const NO_TRADES =
  wordSet(`advocate member fan supporter volunteer founder co-founder owner regular hiker climber runner lover
  enthusiast friend speaker gardener cyclist customer believer collector participant player diver character sibling
  brother sister mentor winner mother father daughter partner`);
const TRADE =
  /(?:er|or|ist|ian|ect|eur|chef|nurse|doctor|scientist|musician|professor|attorney|analyst|physician|accountant|pilot|judge)s?$/u;
const COPULA = /^(?:is|was|are|were|became|becoming|be)$/u;
const ARTICLE = /^(?:a|an|the)$/u;
/** Words of the phrase that are read for a trade. */
const PHRASE_WORDS_MAX = 6;

/** Finds the trade in "is a marine biologist who ...": reads the words of a fact one by one. */
export interface RoleReader {
  /** One word, lowercase, with whether it is a name. */
  read(word: string, isName: boolean): void;
  /** A mark of punctuation. */
  end(): void;
  /** The trade's noun, lowercase; undefined when none was named. */
  role(): string | undefined;
}

/** A reader at the beginning of a fact. */
export function roleReader(): RoleReader {
  let state: "before" | "inside" | "after" = "before";
  let before = "";
  let count = 0;
  let noun: string | undefined;

  function readInside(word: string, isName: boolean): void {
    count++;
    if (isName || ENDS.has(word) || PASTIMES.has(word) || count > PHRASE_WORDS_MAX) state = "after";
    else if (NO_TRADES.has(word) || TRADE.test(word)) noun = word;
  }

  return {
    read(word, isName) {
      if (state === "inside") readInside(word, isName);
      else if (state === "before" && COPULA.test(before) && ARTICLE.test(word)) state = "inside";
      before = word;
    },
    end() {
      if (state === "inside") state = "after";
    },
    role: () => (noun === undefined || NO_TRADES.has(noun) ? undefined : noun),
  };
}
