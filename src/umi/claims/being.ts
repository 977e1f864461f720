import { MONTH_PATTERN } from "../text/date-words.ts";
import { type Draft, draft, drafts, type Phrase, phrase, verbs, worded } from "./draft.ts";
import { isDiet, isFaith, isLasting, isNationality } from "./people.ts";
import type { Predicate } from "./predicate.ts";
import { placeAt, plainDate, plainValue, thing, things, timeless } from "./values.ts";

const AGE_MAX = 125;
const AGE =
  /^(?:about\s+|almost\s+)?(\d{1,3})(?:\s*(?:years?|yrs?)(?:\s*old)?|\s*(?:yo|y\/o))?(?=$|\s*[;!)(]|\s*[.,](?!\d)|\s+(?:and(?!\s+\d)|but|now|today|lol|this|in|yesterday|last|on)\b|\s*\p{Extended_Pictographic})/iu;
const NAME = /^\p{Lu}[\p{L}\p{M}'’-]+(?:\s+(?:(?:van|von|de|da|del|di|bin|al)\s+)?\p{Lu}[\p{L}\p{M}'’-]+){0,2}/u;
const AFTER_NAME = /^\s*(?:$|[.,!;)(]|and\b|but\b|from\b|by the way|btw|\p{Extended_Pictographic})/u;
const NO_NAMES =
  /^(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|May|June|July|August|September|October|November|December|English|God|OK|Okay|Sorry|Here|Back|Done|Happy|Sure|Not|Just|So|Very|Good|Fine|Batman|Superman|Busy|Tired|Ready|Curious|Glad|Sad|Right|Wrong|Lost|Stuck|New|Sick|Late|Home|Yes|No|Team|Mac|Windows|Linux|Android|Christmas|Easter|Santa)$/u;
/** Where an adjective ends: "vegan and proud of it", "retired, lol". */
const ADJECTIVE_END =
  /\s*(?:,|\.|!|;|\(|\s(?:and|but|so|because|since|with|as|from|now|too|who|lol|btw|again|any ?more|any longer|these|at the)(?=\s|$)|\p{Extended_Pictographic}).*$/u;
/** "12 October 1988", "October 12, 1988", "May", "1988". */
const BIRTH_DATE = new RegExp(
  `^(?:the )?(?:\\d{4}(?![\\d-])|\\d{1,4}[./-]\\d{1,2}[./-]\\d{1,4}|\\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:${MONTH_PATTERN})(?:,? \\d{4})?|(?:${MONTH_PATTERN})(?: \\d{1,2}(?:st|nd|rd|th)?)?(?:,? \\d{4})?)(?![\\p{L}\\p{N}])`,
  "iu",
);
/** What one writes from and is not from: "I am from HR", "from Monday". */
const DEPARTMENTS =
  /^(?:HR|IT|QA|PR|R&D|Sales|Marketing|Finance|Accounting|Support|Legal|Work|Home|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b/u;
const PROJECT = /^(?:an?|my(?: own| first)?|the)\s/iu;

/** What is said of names, age, origin, family state, beliefs, and what somebody is at. */
export const BEING: readonly Phrase[] = [
  phrase("be", "called|named", (rest, predicate) => called("called", rest, predicate)),
  phrase("be", "known\\s+as", (rest, predicate) => called("goes_by", rest, predicate)),
  verbs("go", "by", (rest, predicate) => called("goes_by", rest, predicate)),
  phrase("be", "(?:originally\\s+)?(?:coming\\s+)?from", from),
  verbs("come", "(?:originally\\s+)?from", from),
  phrase("past", "grew\\s+up\\s+in", (rest, predicate) => {
    const place = placeAt(rest, predicate.tellsNames)?.place;
    return worded(
      draft("comes_from", place === undefined ? undefined : timeless(place), predicate),
      `grew up in ${place}`,
    );
  }),
  phrase("past", "was\\s+born\\s+(?:on|in)|were\\s+born\\s+(?:on|in)", born),
  phrase("past", "turned", (rest, predicate) => age(rest, predicate)),
  phrase("be", "allergic\\s+to", (rest, predicate) => drafts("allergic_to", things(rest), predicate)),
  phrase("be", "married\\s+to", (rest, predicate) => draft("married_to", person(rest), predicate)),
  phrase("be", "engaged\\s+to", (rest, predicate) => draft("engaged_to", person(rest), predicate)),
  phrase("past", "(?:got|gotten)\\s+(?:married|engaged)|married|became\\s+engaged", (rest, predicate, match) => {
    const relation = /engaged/iu.test(match[0]) ? "engaged_to" : "married_to";
    const to = rest.replace(/^to\s+/u, "");
    const isNamed = /^married$/iu.test(match[0].trim()) || rest.startsWith("to ");
    return predicate.isDenied
      ? []
      : isNamed
        ? draft(relation, person(to), predicate)
        : worded(draft(relation, "", predicate), STATES[relation]);
  }),
  phrase(
    "be",
    "(?:happily\\s+)?(?:married|engaged)(?=\\s*$|\\s*[.,!;]|\\s+(?:and|with|but|for|now|since)\\b)",
    (_, predicate, match) => {
      const relation = /engaged/iu.test(match[0]) ? "engaged_to" : "married_to";
      return worded(
        draft(relation, "", predicate),
        `${predicate.isDenied ? "is not" : "is"} ${relation === "married_to" ? "married" : "engaged"}`,
      );
    },
  ),
  phrase(
    "be",
    "(?:divorced|widowed|single|separated)(?=\\s*$|\\s*[.,!;]|\\s+(?:and|with|but|for|now|since|again)\\b)",
    (_, predicate, match) =>
      worded(
        draft("unmarried", "", predicate),
        `is ${predicate.isDenied ? "not " : ""}${match[0].trim().toLowerCase()}`,
      ),
  ),
  phrase("past", "(?:got|gotten)\\s+divorced|divorced|broke\\s+up|split\\s+up", (rest, predicate, match) => {
    const from = /^with\s+\p{Lu}[\p{L}'-]*/u.exec(rest)?.[0] ?? "";
    const said = /divorc/iu.test(match[0]) ? "is divorced" : `${match[0].trim().toLowerCase()} ${from}`.trim();
    return predicate.isDenied ? [] : worded(draft("unmarried", "", predicate), said);
  }),
  phrase("be", "(?:training|preparing)\\s+for(?=\\s+(?:an?|my|the|\\p{Lu}))", (rest, predicate, match) =>
    project(match[0].trim(), rest, predicate),
  ),
  phrase("be", "(?:writing|building|renovating|developing|restoring)(?=\\s+(?:an?|my)\\s)", (rest, predicate, match) =>
    project(match[0].trim(), rest, predicate),
  ),
  phrase("be", "on\\s+(?=an?\\s(?:[\\p{L}-]+\\s){1,2}diet\\b)", (rest, predicate) =>
    draft("is", `on ${/^an?\s(?:[\p{L}-]+\s){1,2}diet/u.exec(rest)?.[0]}`, predicate),
  ),
  phrase("be", "(?:scared|afraid|terrified)\\s+of", (rest, predicate) => {
    const fear = thing(rest);
    return draft("is", fear === undefined ? undefined : `afraid of ${fear}`, predicate);
  }),
  { form: "be", pattern: /^(?=\S)/u, read: plainly },
  phrase("past", "(?:become|became|gone|went|turned)(?:\\s+an?)?", (rest, predicate) => state(rest, predicate)),
];

/** How it is told where nobody is named: "got married". */
const STATES: Readonly<Record<string, string>> = { married_to: "is married", engaged_to: "is engaged" };

/** "called Ada": of a name nothing but the name counts. */
function called(relation: string, rest: string, predicate: Predicate): readonly Draft[] {
  const name = nameAt(rest, predicate.tellsNames);
  return draft(relation, name, predicate);
}

/** A name at the beginning; in text without capitals a single word at the end of a clause. */
export function nameAt(rest: string, tellsNames: boolean): string | undefined {
  const named = NAME.exec(rest)?.[0];
  if (named !== undefined) return NO_NAMES.test(named) ? undefined : named;
  if (tellsNames) return undefined;
  const [word = ""] = rest.split(/\s+(?:and|but|so|from|lol|btw|by the way|ok|,)(?:\s|$)|[.,!;]|\s*$/u);
  return /^[\p{L}'’-]{2,20}$/u.test(word.trim()) && plainValue(word) !== undefined ? word.trim() : undefined;
}

/** "from Rome"; "from the office" says where somebody is, not where they come from. */
function from(rest: string, predicate: Predicate): readonly Draft[] {
  if (DEPARTMENTS.test(rest) || /^(?:the|a|an|my|our|your|his|her)\s+\p{Ll}/u.test(rest)) return [];
  const place = placeAt(rest, predicate.tellsNames)?.place;
  return draft("comes_from", place === undefined ? undefined : timeless(place), predicate);
}

/** "on 12 October 1988", "in May", "in Rome". */
function born(rest: string, predicate: Predicate): readonly Draft[] {
  if (predicate.isDenied) return [];
  const spoken = BIRTH_DATE.exec(rest)?.[0];
  const date = spoken === undefined ? undefined : plainDate(spoken);
  const isSpan = date !== undefined && /^(?:\d{4}|\p{L}+(?: \d{4})?)$/u.test(date);
  if (date !== undefined) return worded(draft("born_on", date, predicate), `was born ${isSpan ? "in" : "on"} ${date}`);
  return draft("born_in", placeAt(rest, predicate.tellsNames)?.place, predicate);
}

/** "36", "36 years old": what follows the number must end it, or it counts something else. */
function age(rest: string, predicate: Predicate): readonly Draft[] {
  const years = AGE.exec(rest)?.[1];
  const isAge = years !== undefined && Number(years) >= 1 && Number(years) <= AGE_MAX;
  const are = predicate.agreement === "many" ? "are" : "is";
  return isAge
    ? worded(draft("age", years, predicate), `${are}${predicate.isDenied ? " not" : ""} ${years} years old`)
    : [];
}

/** "to Tom", "to a nurse": whom one is married to. */
function person(rest: string): string | undefined {
  const named = NAME.exec(rest)?.[0];
  if (named !== undefined) return named;
  const value = thing(rest);
  return value !== undefined && /^an?\s/u.test(value) ? value : undefined;
}

/** "building a boat" is told, "writing an email" is over too soon. */
function project(verb: string, rest: string, predicate: Predicate): readonly Draft[] {
  const value = thing(rest.replace(/^my\s/u, "a "));
  const isLetter =
    /^(?:an?\s)?(?:\p{L}+\s)?(?:letter|email|e-mail|essay|report|message|test|function|script|paper|reply|post|query|speech|summary|class|cv|resume|toast|poem|review|card)\b/iu.test(
      value ?? "",
    );
  if (value === undefined || isLetter || !PROJECT.test(rest)) return [];
  return worded(
    draft("does", `${verb.toLowerCase()} ${value}`, predicate),
    `is ${predicate.isDenied ? "not " : ""}${verb.toLowerCase()} ${value}`,
  );
}

/** What somebody is, in a word or two: an age, a diet, where from, a name. */
function plainly(rest: string, predicate: Predicate): readonly Draft[] {
  const years = age(rest, predicate);
  if (years.length > 0) return years;
  const words = rest.replace(/^an?\s+(?=\p{L}+(?:$|[\s.,!;]))/u, (article) =>
    isDiet(rest.slice(article.length).split(/[\s.,!;]/u)[0] ?? "") ? "" : article,
  );
  const known = state(words, predicate);
  if (known.length > 0) return known;
  const name = predicate.tellsNames ? NAME.exec(rest)?.[0] : undefined;
  const isName =
    name !== undefined && !NO_NAMES.test(name) && !/^\p{Lu}+$/u.test(name) && AFTER_NAME.test(rest.slice(name.length));
  return isName && !predicate.isDenied ? draft("called", name, predicate) : [];
}

/** A lasting state that needs no more than its words. */
function state(rest: string, predicate: Predicate): readonly Draft[] {
  const words = rest.replace(ADJECTIVE_END, "").trim();
  const be = predicate.agreement === "many" ? "are" : "is";
  const said = `${be}${predicate.isDenied ? " not" : ""} ${words}`;
  if (isDiet(words)) return worded(draft("diet", words, predicate), said);
  if (isNationality(words)) return worded(draft("comes_from", words, predicate), said);
  if (isFaith(words) || isLasting(words)) return worded(draft("is", words, predicate), said);
  return [];
}
