import { MONTH_PATTERN, SEASON_PATTERN, WEEKDAY_PATTERN } from "../text/date-words.ts";

/** Clauses of one sentence that are looked at. */
const CLAUSES_MAX = 24;
/** Words and phrases before a subject that are passed over. */
const LEADS_MAX = 8;

const NAME = "\\p{Lu}[\\p{L}\\p{M}'-]*";
const SUBJECT = `(?:(?:I|[Ww]e|you|You)(?:'(?:m|ve|re|d|ll))?|[Mm]y|[Oo]ur|[Hh]e(?:'s)?|[Ss]he(?:'s)?|[Tt]hey(?:'re|'ve)?|[Hh]is|[Hh]er|[Tt]heir|[Ii]t(?:'s)?|[Tt]his|that(?:'s)?|[Tt]here(?:'s)?|the|one|mine|${NAME}\\s+(?:is|has|lives|works|likes|loves|hates|speaks|plays|does|and I))(?![\\p{L}\\p{N}-])`;
/** After "and", "the violin" is one more thing, and no subject. */
const OTHER_SUBJECT = `(?!(?:the|one|this|mine)\\s)${SUBJECT}`;
const ADVERBS =
  "(?:(?:now|also|then|today|currently|nowadays|these days|right now|just|actually|sometimes|still|only|in fact|recently|and|so)\\s+)*";
const VERB =
  "(?:live|lives|lived|work|works|have|has|like|likes|love|loves|enjoy|enjoys|hate|hates|speak|speaks|play|plays|study|studies|am|is|are|don't|doesn't|started|moved|joined|own|owns|drive|drives|use|uses|come|comes|eat|eats|drink|drinks|prefer|prefers|teach|teaches|got|bought|sold|can't|cannot|never|allergic|married)(?![\\p{L}-])";
const APPOSED =
  "(?:an?\\s+[\\p{L}-]+(?:\\s+[\\p{L}-]+){0,2}?(?=\\s+(?:from|at|in|and|by)\\s|\\s*[.,!]|\\s*$)|(?:born|originally)\\s|from\\s+\\p{Lu}|not\\s+an?\\s)";
/** Between two clauses. */
const BOUNDARY = new RegExp(
  // Looked at where a word ends only.
  `(?<=[^\\s])(?=[\\s,;])(?:${[
    "\\s*;\\s*",
    "\\s+[-–—]{1,3}\\s+",
    `\\s*,?\\s+(?:but|because|although|though|so|and|plus|while|whereas|yet|cause|cuz|coz|'cause)\\s+(?=${ADVERBS}${OTHER_SUBJECT})`,
    `\\s*,\\s*(?=${ADVERBS}${SUBJECT})`,
    `\\s*,?\\s+(?:and|but)\\s+(?=${ADVERBS}${VERB})`,
    "\\s*,\\s+but\\s+",
    `\\s*,\\s+(?=${APPOSED})`,
    `\\s*,\\s*(?=(?:sorry|oops|no|wait|I mean|I meant|or rather|correction|make that|actually)(?:[\\s,]))`,
  ].join("|")})`,
  "u",
);
const SPOKEN_DATE = `(?:(?:last|this|next)\\s+(?:week|month|year|weekend|${MONTH_PATTERN}|${SEASON_PATTERN}|${WEEKDAY_PATTERN})|yesterday|today|since\\s+\\d{4}|in\\s+(?:\\d{4}|${MONTH_PATTERN})(?:\\s+\\d{4})?|on\\s+(?:${WEEKDAY_PATTERN})s?|on weekends|at weekends|as of (?:now|today|this (?:week|month|year))|at (?:the moment|work|home|present)|by the way|in general|in my (?:free|spare) time)`;
const LEAD = new RegExp(
  `^(?:and|but|so|well|also|plus|then|oh|ah|aha|ok(?:ay)?|hi(?: there| all| everyone)?|hey(?: there)?|hello(?: there)?|yes|yeah|yep|yup|no|nope|nah|right|sure|cool|great|nice|thanks(?: a lot)?|thank you|thx|please|pls|actually|basically|honestly|anyways?|btw|fyi|fun fact|hmm+|lol|haha|now|currently|nowadays|these days|right now|recently|lately|personally|in fact|i mean|you know|of course|just|because|although|though|while|update|wait|hang on|hold on|ps|p\\.s\\.?|welcome|sorry|oops|first of all|for context|for background|some context|about me|a bit about me|(?:please )?(?:note|remember|keep in mind|don't forget|bear in mind|be aware|save|store)(?: that)?|(?:you should|just so you|so you) know(?: that)?|for the record|for your information|i should (?:mention|add|say)(?: that)?|i forgot to (?:mention|say)(?: that)?|let me introduce myself|good (?:morning|evening|afternoon|day)|nice to meet you|${SPOKEN_DATE})(?![\\p{L}\\p{N}'-])[\\s,.!:-]*`,
  "iu",
);
/** A clause that stands by itself: it begins with a subject. */
const PLAIN = new RegExp(
  `^(?:${SUBJECT}|${NAME}(?:\\s|,|$)|[Tt]he\\s|[Aa]n?\\s|[Mm]ost\\s|[Ss]ome\\s|[Oo]ne\\s|[Nn]o\\s|[Ee]very)`,
  "u",
);

/** The clauses of a sentence, in order. */
export function clausesOf(sentence: string): readonly string[] {
  return sentence
    .split(BOUNDARY)
    .map((clause) => clause.trim())
    .filter((clause) => clause !== "")
    .slice(0, CLAUSES_MAX);
}

/** A clause from its subject on: greetings, adverbs and times before it are passed over. */
export function fromSubject(clause: string): string {
  let rest = clause.replace(/^["“'(\s-]+/u, "");
  for (let count = 0; count < LEADS_MAX; count++) {
    const shorter = rest.replace(LEAD, "");
    if (shorter === rest) break;
    rest = shorter;
  }
  return rest;
}

/** Whether the clause stands by itself, so that what follows it does too. */
export function standsAlone(clause: string): boolean {
  const rest = fromSubject(clause);
  return rest === "" || PLAIN.test(rest);
}
