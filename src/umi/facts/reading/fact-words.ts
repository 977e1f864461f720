import { wordSet } from "../evolution/sets.ts";

/** English words that turn what follows into its opposite, up to the end of the clause. */
const DENIALS =
  wordSet(`not no never neither nor none nobody nothing without cannot stopped quit unlike dislikes dislike hates
  refuses avoids lacks rarely`);
/** Denials that are verbs about the matter at hand, and so count as its words too. */
const TELLING_DENIALS = wordSet("dislikes dislike hates");
/** Pairs of words that deny what follows as one word does. */
const DENIAL_PAIRS = wordSet("rather-than no-longer instead-of");
/** Words after which a clause is about something else again. */
const TURNS = wordSet("but instead while whereas although though however");
/** Words that mark a claim as the only or the newer one. */
const LIMITS =
  wordSet(`only exclusively solely instead rather actually primarily mainly entirely anymore longer now currently
  recently moved switched changed became former formerly`);
/** Words that say how often, how well or how surely, and nothing about what. */
const FILLERS =
  wordSet(`also both once often frequently regularly first later always sometimes usually together well-known
  well known renowned accomplished celebrated avid professional popular successful famous noted dedicated highly very
  several multiple many various numerous all respected acclaimed talented skilled experienced award-winning local
  especially best been who whose may might could possibly perhaps probably likely seems appears`);
/** Words that begin sentences with a capital and name nobody. */
const OPENERS =
  wordSet(`both all each every during in on at before after while since when although though however because if as
  by for from with to of one two three four five some many most several only former recently currently today yesterday
  tomorrow now then once the a an his her their its he she they it this that these those i we you my our your`);
/** Titles, after which a full stop ends no sentence. */
const TITLES = wordSet("mrs mr ms dr prof st");

/** Whether the word (lowercase) denies what follows it, given the word before it. */
export function isDenial(word: string, before: string): boolean {
  return DENIALS.has(word) || word.endsWith("n't") || DENIAL_PAIRS.has(`${before}-${word}`);
}

/** Whether a denial says itself what is meant, as "dislikes" does. */
export function isTellingDenial(word: string): boolean {
  return TELLING_DENIALS.has(word);
}

/** Whether a denial ends at this word. */
export function isTurn(word: string): boolean {
  return TURNS.has(word) || word === "and";
}

/** Whether the word marks a claim as the only or the newer one. */
export function isLimit(word: string): boolean {
  return LIMITS.has(word);
}

/** Whether the word says how, not what. */
export function isFiller(word: string): boolean {
  return FILLERS.has(word);
}

/** Whether the word, first in a sentence and with a capital, names nobody. */
export function isOpener(word: string): boolean {
  return OPENERS.has(word);
}

/** Whether the word is a form of address that may end with a full stop. */
export function isTitle(word: string): boolean {
  return TITLES.has(word);
}
