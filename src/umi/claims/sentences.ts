/** Sentences of one text that rules look at. */
const SENTENCES_MAX = 500;
/** A longer sentence is no sentence that rules understand. */
const SENTENCE_CHARS_MAX = 600;

/** A full stop after a title or an initial ends nothing; "so do I." does. */
const TITLE_BEFORE = /(?:^|\s)(?:[Mm]rs?|[Mm]s|[Dd]r|[Pp]rof|[Ss]t|e\.g|i\.e|[Pp]\.[Ss]|(?!I)\p{Lu})$/u;
const END = /(?:\.(?!\.)|[!?。！？])["”')\]]?(?=\s|$)|\n+/gu;
const PARAGRAPH_END = /\n[ \t]*\n/u;
const ASKED = /[?？]["”')\]]?$/u;
/** "..., ok?" asks for nothing; "..., right?" asks whether it is so. */
const NO_QUESTION = /,?\s*(?:ok|okay|alright|yeah|got it|deal)\s*\?+$/iu;

/** One sentence of a text. */
export interface Sentence {
  readonly text: string;
  readonly isAsked: boolean;
  /** Whether it is the last of its paragraph. */
  readonly endsParagraph: boolean;
}

/** The sentences of a text. Lines end sentences too. */
export function sentencesOf(text: string): readonly Sentence[] {
  const sentences: Sentence[] = [];
  let start = 0;
  for (const match of text.matchAll(END)) {
    if (sentences.length >= SENTENCES_MAX) return sentences;
    const end = match.index + match[0].length;
    if (match[0].startsWith(".") && TITLE_BEFORE.test(text.slice(Math.max(start, match.index - 5), match.index)))
      continue;
    push(sentences, text.slice(start, end));
    start = end;
  }
  push(sentences, text.slice(start));
  return sentences;
}

function push(sentences: Sentence[], raw: string): void {
  const trimmed = raw.trim();
  const endsParagraph = PARAGRAPH_END.test(raw);
  const last = sentences.at(-1);
  if (trimmed === "") {
    if (endsParagraph && last !== undefined) sentences[sentences.length - 1] = { ...last, endsParagraph };
    return;
  }
  const text = trimmed.replace(NO_QUESTION, "");
  if (text.length <= SENTENCE_CHARS_MAX) sentences.push({ text, isAsked: ASKED.test(text), endsParagraph });
}
