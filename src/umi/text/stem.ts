/**
 * The English stemmer that its author calls Porter2, after the description at
 * https://snowballstem.org/algorithms/english/stemmer.html. Words are lowercase; anything but a-z and the apostrophe
 * comes back as it is.
 */
export function stem(word: string): string {
  if (word.length <= 2 || !ENGLISH.test(word)) return word;
  const special = SPECIAL.get(word);
  if (special !== undefined) return special;
  const marked = markConsonantY(word.startsWith("'") ? word.slice(1) : word);
  const r1 = regionOne(marked);
  const r2 = afterVowelAndConsonant(marked, r1);
  const singular = withoutPlural(withoutPossessive(marked));
  if (FINISHED.has(singular)) return singular;
  let stemmed = withoutPastOrGerund(singular, r1);
  stemmed = yToI(stemmed);
  stemmed = replaceLongest(stemmed, STEP_2, r1, r2);
  stemmed = replaceLongest(stemmed, STEP_3, r1, r2);
  stemmed = replaceLongest(stemmed, STEP_4, r2, r2);
  return withoutFinalLetter(stemmed, r1, r2).toLowerCase();
}

const ENGLISH = /^['a-z]+$/;
const VOWELS = "aeiouy";
const SPECIAL: ReadonlyMap<string, string> = new Map([
  ["skis", "ski"],
  ["skies", "sky"],
  ["dying", "die"],
  ["lying", "lie"],
  ["tying", "tie"],
  ["idly", "idl"],
  ["gently", "gentl"],
  ["ugly", "ugli"],
  ["early", "earli"],
  ["only", "onli"],
  ["singly", "singl"],
  ...["sky", "news", "howe", "atlas", "cosmos", "bias", "andes"].map((word): [string, string] => [word, word]),
]);
const FINISHED: ReadonlySet<string> = new Set(
  "evening inning outing canning herring earring proceed exceed succeed".split(" "),
);
const R1_AFTER = /^(?:gener|commun|arsen|past|univers|later|emerg|organ|inter)/;

/** One ending, what takes its place, and what must hold besides: letters before it, or lying in the second region. */
interface Ending {
  readonly from: string;
  readonly to: string;
  readonly after?: string;
  readonly second?: boolean;
}

/** Endings by their last letter. */
type Endings = ReadonlyMap<string | undefined, readonly Ending[]>;

/** A table row per replacement; longest endings first, since the longest that is there decides alone. */
function endings(rows: string, extra: readonly Ending[] = []): Endings {
  const plain = rows.split(" ").flatMap((row): Ending[] => {
    const [froms = "", to = ""] = row.split(">");
    return froms.split("|").map((from) => ({ from, to }));
  });
  const longestFirst = [...plain, ...extra].sort((a, b) => b.from.length - a.from.length);
  return Map.groupBy(longestFirst, ({ from }) => from.at(-1));
}

const STEP_2 = endings(
  "tional>tion enci>ence anci>ance abli>able entli>ent izer|ization>ize ational|ation|ator>ate alism|aliti|alli>al fulness|fulli>ful ousli|ousness>ous iveness|iviti>ive biliti|bli>ble lessli>less ogist>og",
  [
    { from: "ogi", to: "og", after: "l" },
    { from: "li", to: "", after: "cdeghkmnrt" },
  ],
);
const STEP_3 = endings("tional>tion ational>ate alize>al icate|iciti|ical>ic ful|ness>", [
  { from: "ative", to: "", second: true },
]);
const STEP_4 = endings("al|ance|ence|er|ic|able|ible|ant|ement|ment|ent|ism|ate|iti|ous|ive|ize>", [
  { from: "ion", to: "", after: "st" },
]);

function isVowel(letter: string | undefined): boolean {
  return letter !== undefined && VOWELS.includes(letter);
}

function hasVowel(text: string): boolean {
  for (const letter of text) if (isVowel(letter)) return true;
  return false;
}

/** A y that begins the word or follows a vowel is a consonant; it is written Y until the end. */
function markConsonantY(word: string): string {
  if (!word.includes("y")) return word;
  let marked = "";
  for (const letter of word) {
    const isConsonant = letter === "y" && (marked === "" || isVowel(marked.at(-1)));
    marked += isConsonant ? "Y" : letter;
  }
  return marked;
}

function regionOne(word: string): number {
  const known = R1_AFTER.exec(word);
  return known === null ? afterVowelAndConsonant(word, 0) : known[0].length;
}

/** Where the part after the first consonant that follows a vowel begins, looking from `from` on. */
function afterVowelAndConsonant(word: string, from: number): number {
  for (let i = from + 1; i < word.length; i++) if (!isVowel(word[i]) && isVowel(word[i - 1])) return i + 1;
  return word.length;
}

function endsInShortSyllable(word: string): boolean {
  const last = word.at(-1);
  if (last === undefined || isVowel(last) || !isVowel(word.at(-2))) return false;
  if (word.length === 2) return true;
  return !"wxY".includes(last) && !isVowel(word.at(-3));
}

function withoutPossessive(word: string): string {
  for (const ending of ["'s'", "'s", "'"]) if (word.endsWith(ending)) return word.slice(0, -ending.length);
  return word;
}

function withoutPlural(word: string): string {
  if (word.endsWith("sses")) return word.slice(0, -2);
  if (word.endsWith("ied") || word.endsWith("ies")) return word.length > 4 ? word.slice(0, -2) : word.slice(0, -1);
  if (!word.endsWith("s") || word.endsWith("us") || word.endsWith("ss")) return word;
  return hasVowel(word.slice(0, -2)) ? word.slice(0, -1) : word;
}

function withoutPastOrGerund(word: string, r1: number): string {
  for (const ending of ["eedly", "eed"]) {
    if (word.endsWith(ending)) return word.length - ending.length >= r1 ? `${word.slice(0, -ending.length)}ee` : word;
  }
  const ending = ["ingly", "edly", "ing", "ed"].find((each) => word.endsWith(each));
  if (ending === undefined) return word;
  const rest = word.slice(0, -ending.length);
  if (!hasVowel(rest)) return word;
  if (/(?:at|bl|iz)$/.test(rest)) return `${rest}e`;
  // "added" keeps its double letter: without it too little would be left.
  if (/^[aeo](?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$/.test(rest)) return rest;
  if (/(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$/.test(rest)) return rest.slice(0, -1);
  return r1 >= rest.length && endsInShortSyllable(rest) ? `${rest}e` : rest;
}

function yToI(word: string): string {
  const isEnding = word.length > 2 && (word.endsWith("y") || word.endsWith("Y")) && !isVowel(word.at(-2));
  return isEnding ? `${word.slice(0, -1)}i` : word;
}

function replaceLongest(word: string, table: Endings, region: number, r2: number): string {
  const ending = table.get(word.at(-1))?.find(({ from }) => word.endsWith(from));
  if (ending === undefined) return word;
  const start = word.length - ending.from.length;
  if (start < region || (ending.second === true && start < r2)) return word;
  if (ending.after !== undefined && !(start > 0 && ending.after.includes(word[start - 1] ?? " "))) return word;
  return word.slice(0, start) + ending.to;
}

function withoutFinalLetter(word: string, r1: number, r2: number): string {
  const rest = word.slice(0, -1);
  if (word.endsWith("e")) {
    const goes = rest.length >= r2 || (rest.length >= r1 && !endsInShortSyllable(rest));
    return goes ? rest : word;
  }
  return word.endsWith("ll") && rest.length >= r2 ? rest : word;
}
