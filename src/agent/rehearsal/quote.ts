/** Words that say nothing of what a question is about. */
const PLAIN = new Set(
  "a about am an and any are as at be been but by called can could did do does for from had has have he her him his how i if in is it its know me mine much many my name named of on or our please remember she so tell than that the their them then there they this to told us was we were what when where which who whom whose why will with would you your".split(
    " ",
  ),
);
/** How much of a word must agree: "trains" asks for "train". */
const STEM_CHARS = 5;
const WORDS_MAX = 40;

/**
 * The latest of the sentences that a person said which holds every word that the question is about; undefined when there
 * is none, or the question is about nothing in particular.
 */
export function sentenceFor(question: string, said: readonly string[]): string | undefined {
  const wanted = [...new Set(wordsOf(question))];
  if (wanted.length === 0 || !/\b(?:i|me|my|mine|we|our|us)\b/i.test(question)) return undefined;
  return said.findLast((sentence) => {
    if (sentence.trimEnd().endsWith("?")) return false;
    const words = wordsOf(withoutOthers(sentence, wanted));
    return wanted.every((word) => words.some((other) => other.startsWith(word) || word.startsWith(other)));
  });
}

/** The sentences of a text, at most so many characters each. */
export function sentencesIn(text: string, charsMax: number): readonly string[] {
  return text
    .split(/(?<=[.!?])\s+|\n+/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== "" && sentence.length <= charsMax);
}

/** My sister's dog is no dog of mine: what belongs to somebody who was not asked about does not count. */
function withoutOthers(sentence: string, wanted: readonly string[]): string {
  return sentence.replace(/(\p{L}+)['’]s\s+(\p{L}+)/gu, (whole, owner: string) => {
    const isAskedFor = wordsOf(owner).some((word) => wanted.includes(word));
    return isAskedFor ? whole : owner;
  });
}

function wordsOf(text: string): readonly string[] {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  return words
    .filter((word) => word.length > 2 && !PLAIN.has(word))
    .slice(0, WORDS_MAX)
    .map((word) => word.slice(0, STEM_CHARS));
}
