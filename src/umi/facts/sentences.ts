/** Sentences of one text that rules look at. */
const SENTENCES_MAX = 500;
/** A longer sentence is no sentence that rules understand. */
const SENTENCE_CHARS_MAX = 600;
/** Characters of one text that rules look at; recall has the rest. */
const TEXT_CHARS_MAX = 200_000;

const TITLE_BEFORE = /(?:^|\s)(?:mrs?|ms|dr|prof|st|e\.g|i\.e|\p{L})$/iu;
const END = /[.!?。！？]["”')\]]?(?=\s|$)|\n+/gu;

/** The sentences of a text, without questions: what is asked is not claimed. */
export function claimedSentences(text: string): readonly string[] {
  const sentences: string[] = [];
  const read = text.slice(0, TEXT_CHARS_MAX);
  let start = 0;
  for (const match of read.matchAll(END)) {
    if (sentences.length >= SENTENCES_MAX) return sentences;
    const end = match.index + match[0].length;
    if (match[0].startsWith(".") && TITLE_BEFORE.test(read.slice(Math.max(start, match.index - 5), match.index)))
      continue;
    push(sentences, read.slice(start, end));
    start = end;
  }
  push(sentences, read.slice(start));
  return sentences;
}

function push(sentences: string[], raw: string): void {
  const sentence = raw.trim();
  const isAsked = /[?？]["”')\]]?$/u.test(sentence);
  if (sentence !== "" && !isAsked && sentence.length <= SENTENCE_CHARS_MAX) sentences.push(sentence);
}
