/** Letters that no decomposition turns into plain ones, with what people type instead. */
const SPELLED_OUT: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  ł: "l",
  đ: "d",
  ð: "d",
  þ: "th",
  ı: "i",
  ς: "σ",
};
const NEEDS_SPELLING = /[ßæœøłđðþıς]/u;
const SPELLED = /[ßæœøłđðþıς]/gu;
const NOT_ASCII = /[^\p{ASCII}]/u;
/** The accents of Latin, Greek and Cyrillic. Vowel signs of other scripts are letters to their readers and stay. */
const ACCENTS = /[\u0300-\u036f]/gu;

/**
 * The text in the one form that words are compared in: lowercase, without accents, full-width and other compatible
 * characters made plain. Lone surrogates pass through; nothing here depends on a locale.
 */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  if (!NOT_ASCII.test(lower)) return lower;
  const plain = lower.normalize("NFKD").replace(ACCENTS, "").normalize("NFKC").replaceAll("’", "'").toLowerCase();
  return NEEDS_SPELLING.test(plain) ? plain.replace(SPELLED, (letter) => SPELLED_OUT[letter] ?? letter) : plain;
}
