import { wordSet } from "../facts/evolution/sets.ts";
import { MONTH_PATTERN, SEASON_PATTERN, WEEKDAY_PATTERN } from "../text/date-words.ts";
import { fold } from "../text/fold.ts";
import { termsOf } from "../text/terms.ts";
import { holdsForeignWords } from "./own-words.ts";

/** Words of a value; a longer one is a story, not a value. */
const VALUE_WORDS_MAX = 14;
/** Things that one claim lists. */
const LIST_MAX = 12;
/** Words of one thing in a list, that is no list if it has a longer one. */
const ITEM_WORDS_MAX = 4;

/** Where an aside or another thought begins: what is before it stands alone. */
const ASIDE =
  /\s+[-–—]+\s+|\s*[(…[]|-\s|(?<=\S)\s*\p{Extended_Pictographic}(?:\p{Extended_Pictographic}|\u200D|\uFE0F)*|\s*[;!?]|\s*\.{2,}|\s+:-?[)(DP]/u;
/** A clause that hangs on the value and is left out. */
const HANGING =
  /\s*,?\s+(?:because|so(?=\s)|which|who|whom|whose|where|when|whenever|while|although|though|even though|but|except|as (?=(?:I|it|we|you|he|she|they)\b)|as (?:long|soon|well|usual|always)|before (?=I|we)|after (?=I|we)|since (?=I|we|my|the)|by the way|btw|thank|thanks|please|pls|everybody|everyone|ok|okay|right|you know|for some reason|not\b|rather than|instead of|unlike|like (?:my|you|everybody)|to be honest|tbh|of course|sorry|these days|nowadays)(?=$|[\s,.])[\s\S]*$/iu;
/** What makes the whole claim hang on something. */
const CONDITION =
  /(?<![\p{L}])(?:if|unless|whether|provided|depending|supposedly|allegedly|maybe|perhaps|kidding|joking|jk|or something|just saying|in my dreams|not really|according|hypothetically)(?![\p{L}])/iu;
/** What is said at the end of a value and says nothing of it: "now", "lol", "a lot". */
const TRAILING =
  /(?:[\s,]+(?:now|too|also|again|actually|currently|though|lol|haha|hehe|xd|at the moment|at present|right now|anymore|any more|any longer|a lot|so much|very much|a bit|the most|at all|either|here|btw|ok|okay|pls|please|myself))*[\s.!,;:"”]*$/iu;
/** When or since when, at the end of a value that says what. */
const TRAILING_TIME = new RegExp(
  `(?:[\\s,]+(?:(?:since|in|on|from|until|till|during|around|for|as of|by|every)\\s+(?:(?:early|late|about|around|almost|over|nearly|the|a|past|last)\\s+){0,2})?(?:(?:last|this|next)\\s+(?:week|weekend|month|year|${MONTH_PATTERN}|${SEASON_PATTERN}|${WEEKDAY_PATTERN})|yesterday|today|tomorrow|tonight|\\d{4}|(?:${MONTH_PATTERN})(?:\\s+\\d{1,2})?(?:,?\\s+\\d{4})?|(?:${SEASON_PATTERN})|(?:${WEEKDAY_PATTERN})s?|(?:like\\s+)?(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\\d+|many|several|few|some)\\s+\\p{L}+\\s+ago|(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|\\d+|many|several|few|some)\\s+(?:days?|weeks?|months?|years?|decades?)(?:\\s+now)?|childhood|birth|once|twice))+$`,
  "iu",
);
/** Values that mean nothing away from their sentence. */
const LOST_ALONE =
  /^(?:it|that|this|them|they|him|her|his|their|those|these|there|here|how|what|when|where|who|why|if|as|to see|one|so|both|something|anything|nothing|everything|somebody|someone|stuff|things?|such|another|other)(?![\p{L}'])|(?<![\p{L}])(?:I|I'\w+|me|my|mine|myself|you|your|yours|we|us|our|ours|it|this|that|these|those|here|there)(?![\p{L}'])/u;
/** Verbs that make a clause of a value: it was cut at the wrong place. */
const FINITE =
  /(?<![\p{L}])(?:is|are|was|were|am|isn't|aren't|wasn't|has been|have been|will|would|can|could|should|might|says?|said|thinks?|thought|I'm|it's|he's|she's|don't|doesn't|can't)(?![\p{L}])/u;

/** A value without asides, hanging clauses and what only softens it; undefined when it means nothing alone. */
export function plainValue(rest: string): string | undefined {
  if (CONDITION.test(rest)) return undefined;
  const [close = ""] = rest.split(ASIDE);
  const value = close
    .replace(HANGING, "")
    .trim()
    .replace(TRAILING, "")
    .replace(/^["“']+|["”']+$/gu, "");
  return isMeaningful(value) ? value : undefined;
}

/** A value that names a thing or a doing: up to the first comma. */
export function thing(rest: string): string | undefined {
  const value = plainValue(rest.split(",", 1)[0] ?? "");
  return value === undefined || FINITE.test(value) ? undefined : value;
}

/** The things of a list; one where there is no list. */
export function things(rest: string): readonly string[] | undefined {
  const whole = plainValue(untilClause(rest));
  if (whole === undefined || FINITE.test(whole)) return undefined;
  const items = itemsOf(whole).filter((item) => /[\p{L}\p{N}]/u.test(item));
  if (items.length > LIST_MAX) return undefined;
  return items.every((item) => isMeaningful(item)) ? items : undefined;
}

/** The value without the time at its end. */
export function timeless(value: string): string {
  return value.replace(TRAILING_TIME, "").replace(TRAILING, "");
}

/** A date without what is only spoken: "the 5th of June" is 5 June. */
export function plainDate(date: string): string {
  return date.replace(/,|\b(?:the|of)\s+/gu, "").replace(/(\d)(?:st|nd|rd|th)(?![\p{L}])/gu, "$1");
}

/** Whether the value says something when it stands alone. */
export function isMeaningful(value: string): boolean {
  return (
    termsOf(value).length > 0 &&
    !holdsForeignWords(value) &&
    !LOST_ALONE.test(value) &&
    value.split(/\s+/u).length <= VALUE_WORDS_MAX
  );
}

/** Commas go on as long as short things follow; a comma before a clause ends the value. */
function untilClause(rest: string): string {
  const parts = rest.split(/\s*,\s*/u);
  let end = 1;
  while (end < parts.length && isItem(parts[end] ?? "")) end++;
  const listed = parts.slice(0, end);
  // "tea, by the way" is one thing; a list says where it ends.
  const isList =
    end > 1 && (/^(?:and|or|nor)\s/u.test(listed.at(-1) ?? "") || /\s(?:and|or|nor)\s/u.test(listed.at(-1) ?? ""));
  return isList ? listed.join(", ") : (listed[0] ?? "");
}

function isItem(part: string): boolean {
  return part.trim().split(/\s+/u).length <= ITEM_WORDS_MAX + 1 && !HANGING.test(` ${part}`);
}

/** "tea, coffee and milk"; "a cup of tea and a biscuit in bed" is one thing, for its parts are long. */
function itemsOf(value: string): readonly string[] {
  const parts = value.split(/\s*,\s*(?:(?:and|or|nor)\s+)?|\s+(?:and|or|nor)\s+/u).filter((part) => part !== "");
  if (parts.length === 1) return parts;
  const hasComma = value.includes(",");
  const fits = parts.every((part) => {
    const count = part.split(/\s+/u).length;
    return count <= (hasComma ? ITEM_WORDS_MAX : 1) || /^(?:an?|two|three|four|five|\d+)\s\S+(?:\s\S+)?$/u.test(part);
  });
  return fits ? parts : [value];
}

/** Words with capitals, with what may stand between them: "Rio de Janeiro", "Newcastle upon Tyne, England". */
const PLACE =
  /^(?:the\s+)?\p{Lu}[\p{L}\p{M}.'’-]*(?:\s+(?:(?:of|de|del|della|di|da|do|la|le|las|los|am|an der|upon|on|the|y)\s+){0,2}\p{Lu}[\p{L}\p{M}.'’-]*)*(?:,\s*\p{Lu}[\p{L}\p{M}.'’-]*(?:\s+\p{Lu}[\p{L}\p{M}.'’-]*)*)*/u;
/** "12 Baker Street, London". */
const ADDRESS = /^\d+[a-z]?\s+\p{Lu}[\p{L}'’.-]+(?:\s+\p{Lu}[\p{L}'’.-]+)*(?:,\s*[\p{Lu}\d][\p{L}\p{N} '’.-]*)*/u;
const LOWER_PLACE = /^[\p{L}\p{M}.'’-]+(?:\s+[\p{L}\p{M}.'’-]+){0,2}/u;
/** After a name of a place, what may follow without its being another thing. */
const AFTER_PLACE = /^(?:$|[\s,.;!?:)\uFFFC]|['’]s\b)/u;
const LOWER_STOPS =
  /\s+(?:and|with|since|for|now|but|near|in|at|on|as|like|so|because|who|where|when|right|currently|these|atm|lol|rn|too|again|from|until|btw|though|pls|please|\d+)(?:\s.*)?$/u;
/** What one can live in that is no place. */
const NO_PLACES =
  wordSet(`fear peace luxury poverty hope denial pain sin silence harmony exile misery hell heaven style comfort
  limbo bliss chaos squalor terror shame regret doubt debt dread ignorance love fantasy dreams darkness isolation
  solitude constant hiding sweatpants pyjamas pajamas jeans general reality theory time tune touch line front style
  a an the my our your his her their this that these those it here there one two three each every any some all
  someone somebody everywhere nowhere somewhere anywhere what which where how between town tears bed sleep work home
  sales marketing finance charge life college school university`);

/** The name of a place at the beginning of a text, and what follows it. */
export function placeAt(
  rest: string,
  tellsNames: boolean,
): { readonly place: string; readonly after: string } | undefined {
  const named = ADDRESS.exec(rest) ?? PLACE.exec(rest);
  if (named !== null) {
    const after = rest.slice(named[0].length);
    const place = named[0].replace(/[.,\s]+$/u, "");
    if (NO_PLACES.has(fold(place)) || /^(?:I|The|A|An|My|We|It|He|She)$/u.test(place)) return undefined;
    return AFTER_PLACE.test(after) || /['’.]$/u.test(named[0]) ? { place, after } : undefined;
  }
  if (tellsNames) return undefined;
  const [close = ""] = rest.split(/[,;!?(…\p{Extended_Pictographic}]|\.(?:\s|$)/u);
  const cut = close.replace(LOWER_STOPS, "").trim();
  const lower = LOWER_PLACE.exec(cut)?.[0] ?? "";
  const first = fold(lower).split(/\s/u)[0] ?? "";
  if (lower === "" || lower !== cut || NO_PLACES.has(first) || !isMeaningful(lower)) return undefined;
  return { place: timeless(lower), after: rest.slice(lower.length) };
}

/** Where the name of an organisation ends that has no capitals. */
const ORGANIZATION_STOP =
  /\s*(?:,|\s(?:as|in|on|since|for|with|where|and|but|because|so|now|near|from|until|these|which|who|at the moment|right now|part[- ]time|full[- ]time|remotely)(?=\s|$)).*$/u;

/** Whom somebody works for, and what follows. */
export function organizationAt(
  rest: string,
  tellsNames: boolean,
): { readonly name: string; readonly after: string } | undefined {
  const named = PLACE.exec(rest);
  if (named !== null) {
    const place = placeAt(rest, true);
    return place === undefined ? undefined : { name: timeless(place.place), after: place.after };
  }
  const name = rest.replace(ORGANIZATION_STOP, "").replace(TRAILING, "").trim();
  const isDescribed =
    /^(?:an?|the)\s+\p{L}/u.test(name) &&
    !/^(?:a|an|the) (?:same|while|moment|time|best|first|living|year|month|week|day|long|few|couple|lot|change|hour|last|past|next|whole|rest|bit)\b/u.test(
      name,
    );
  if (
    !isDescribed &&
    (tellsNames ||
      /^(?:an?|the|my|our|your|his|her|their|this|that|it|home|night|nights|least|first|last|all|free|fun|money|work|today|yesterday|tonight|now|\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|this|next|many|several|years|long|ever|over|about|almost|nearly|everyone|hours?|me|us|you|them|myself|ages|good)\b/u.test(
        name,
      ))
  )
    return undefined;
  return isMeaningful(name) && name.split(/\s+/u).length <= 8 ? { name, after: rest.slice(name.length) } : undefined;
}
