import { ATTRIBUTE_PREFIX } from "../facts/evolution/relations.ts";
import { fold } from "../text/fold.ts";
import { nameAt } from "./being.ts";
import type { Draft } from "./draft.ts";
import { lastWord } from "./people.ts";
import { isMeaningful, placeAt, plainDate, plainValue, things, timeless } from "./values.ts";

/** Between what is had and its value: "'s", "is now", "are not". */
const LINK =
  /^(?:'s|\s+is|\s+are|\s+isn't|\s+aren't)(?:\s+(?:now|actually|also|still|currently|really|just))*(\s+(?:not|no longer))?\s+(?=\S)/iu;
const NAMES = /^(?:(?:full |first |real |given |user)?name)$/u;
const NICKNAMES = /^(?:nick ?name|handle|username|alias)$/u;
const NUMBERS = /^(?:(?:phone|mobile|cell|telephone|work|home)? ?(?:phone )?number|mobile|cell|phone|tel)$/u;
/** Attributes that have a value, whatever it looks like. */
const ATTRIBUTES =
  /^(?:(?:favou?rite|fav|favorite) .+|.*\bname|age|birthday|bday|birth ?date|date of birth|.*\bnumber|(?:e-?mail|home|work|postal)? ?(?:e-?mail|address)|job|job title|title|occupation|profession|pronouns|home ?town|nationality|major|degree|height|weight|diet|boss|.*\bsize|blood type|blood group|time ?zone|(?:native|first|second) language|mother tongue|star sign|zodiac sign|religion|employer|company|hobby|hobbies|school|university|college|surname|postcode|zip code|anniversary|eye colou?r|hair colou?r)$/u;
const GOALS = /^(?:(?:biggest |main |life |big |new |current )?(?:goal|dream|ambition|plan|aim|resolution))$/u;
/** What is of the talk and not of the speaker. */
const PASSING =
  /(?:^|\s)(?:guess|question|answer|point|problem|issue|vote|choice|hope|opinion|thought|plan|turn|bet|idea|suggestion|request|mistake|bad|code|query|error|output|input|prompt|text|sentence|essay|title|homework|function|script|result|results|advice|understanding|favou?r|first|second|last|next|concern|fear|worry|reason|argument|theory|english|message|character|hero|novel|story|book|game|reply|order|order number|flight|deadline|appointment|meeting|exam|interview)$/u;
/** Things whose colour is worth keeping. */
const THINGS =
  /^(?:car|bike|bicycle|motorbike|house|flat|apartment|phone|laptop|computer|hair|eyes|bedroom|kitchen|boat|van|truck|guitar|room|backpack|bag)$/u;
const COLOUR =
  /^(?:(?:light|dark|bright|pale|navy)\s)?(?:red|blue|green|black|white|yellow|grey|gray|brown|orange|purple|pink|silver|gold|golden|beige|turquoise|blonde?|auburn|ginger|hazel)(?:\s+and\s+\p{L}+)?$/iu;
/** A name or a number: only such a value makes an attribute of a noun that nobody knows. */
const TELLING_VALUE = /^["“'«]?[\p{Lu}\p{N}]/u;
/** Attributes that name somebody or some place. */
const NAMED = /^(?:boss|employer|company|school|university|college|home ?town)$/u;
/** What is said about an attribute instead of its value. */
const JUDGED = /^(?:so|very|too|really|not|to be|because|being)(?![\p{L}])/u;
/** What is said about an attribute instead of its value, but for what one likes best: "my job is boring". */
const DESCRIBED =
  /^(?:boring|great|fun|hard|tough|stressful|good|bad|different|nice|fine|easy|terrible|awful|amazing|long|short|weird|strange|funny|common|rare|secret|same|new|old|complicated|simple|gone|over|safe|ok|okay|killing|driving|\p{L}+(?:ful|ous|ible|able))(?![\p{L}])|^\p{L}+ing$|^(?:an?|the|to|in|on|at|so|very|too|really|not|being|getting|going|coming|wrong|missing|misspelled|unknown|private|important|that|because|about to|also)(?![\p{L}])(?!\s?[\d\p{Lu}])/u;
const DATE =
  /^(?:on\s+)?(?:the\s+)?(\d{1,2}(?:st|nd|rd|th)?(?:\s+of)?\s+\p{L}+(?:,?\s+\d{4})?|\p{L}+\s+(?:the\s+)?\d{1,2}(?:st|nd|rd|th)?(?:,?\s+\d{4})?|\d{1,4}[./-]\d{1,2}(?:[./-]\d{1,4})?)/iu;
const MAIL = /^([^\s@]+@[^\s@]+\.[^\s@,;!]*[\p{L}\p{N}])/u;
/** Values that have a form. */
const FORMS: readonly (readonly [RegExp, RegExp])[] = [
  [/birth|bday|anniversary/u, DATE],
  [/mail/u, MAIL],
  [NUMBERS, /^([+(\d][\d\s().-]*\d)/u],
];

/** What "my phone number is ..." says of whoever has it; none where the value tells nothing. */
export function attributeDrafts(noun: string, rest: string, tellsNames: boolean): readonly Draft[] {
  const link = LINK.exec(rest);
  if (link === null) return [];
  const isDenied = link[1] !== undefined || /n't/u.test(link[0]);
  const told = rest.slice(link[0].length);
  const name = fold(noun).replace(/^(?:new|current|actual|own|old(?=\s+(?:age)))\s+/u, "");
  if (/^(?:old|former|previous|last|ex)\s/u.test(name) && name !== "last name") return [];
  if (NAMES.test(name)) return named("called", told, isDenied, tellsNames);
  if (NICKNAMES.test(name)) return named("goes_by", told, isDenied, tellsNames);
  if (GOALS.test(name)) return goal(name, told, isDenied);
  const value = toldValue(name, told, tellsNames);
  if (value === undefined) return [];
  return /^(?:favou?rite|hobb)/u.test(name)
    ? listed(name, value, told, isDenied)
    : [{ relation: attributeName(name), value, isDenied }];
}

/** What is the colour of something of somebody's. */
export function colourDrafts(noun: string, rest: string): readonly Draft[] {
  const link = LINK.exec(rest);
  const value = link === null ? undefined : plainValue(rest.slice(link[0].length).split(",", 1)[0] ?? "");
  if (link === null || value === undefined || !THINGS.test(lastWord(noun)) || !COLOUR.test(value)) return [];
  const isDenied = link[1] !== undefined || /n't/u.test(link[0]);
  const be = /\b(?:are|aren't)\b/u.test(link[0]) ? "are" : "is";
  return [{ relation: "colour", value, isDenied, predicate: `${be}${isDenied ? " not" : ""} ${value}` }];
}

/** "a new number: 555-0199" as an attribute. */
export function newNumber(noun: string, value: string): Draft | undefined {
  const isNumber = NUMBERS.test(noun) && /^[+\d][\d\s().-]{4,}$/u.test(value.trim().replace(/[.!]$/u, ""));
  const isAddress = /^(?:e-?mail|address|e-?mail address)$/u.test(noun);
  if (!isNumber && !isAddress) return undefined;
  return { relation: attributeName(noun), value: value.trim().replace(/[.!]$/u, ""), isDenied: false };
}

/** "my name is Ada now" also tells that it was another one before. */
function named(relation: string, told: string, isDenied: boolean, tellsNames: boolean): readonly Draft[] {
  const value =
    nameAt(told, tellsNames) ?? (/^\p{L}[\p{L}\d_.-]+$/u.test(told) && relation === "goes_by" ? told : undefined);
  if (value === undefined) return [];
  const now =
    /^\S+(?:\s\p{Lu}\S*)*\s+now\b/u.test(told) && relation === "called" && !isDenied
      ? { predicate: `is now called ${value}` }
      : {};
  return [{ relation, value: value.replace(/['’]s$/u, ""), isDenied, ...now }];
}

/** "my dream is to sail"; what the speaker wants of the conversation ("to understand this") is no goal. */
function goal(name: string, told: string, isDenied: boolean): readonly Draft[] {
  const value = /^to\s+(.*)$/u.exec(told)?.[1];
  const plain =
    value === undefined
      ? undefined
      : plainValue(
          (value.split(/,|\s+(?:before|by the time|until)\s/u)[0] ?? "").replace(
            /\s+(?:one day|some day|someday)$/u,
            "",
          ),
        );
  const wants = /(?:^|\s)dream$/u.test(name) ? { predicate: `wants to ${plain}` } : {};
  return plain === undefined ||
    /^(?:get|make|find|have|understand|see|know|help|write a (?:function|script|query))\b/u.test(plain)
    ? []
    : [{ relation: "plans", value: plain, isDenied, ...wants }];
}

/** The value in the form that such attributes have: a date, an address, a number, or plain words. */
function toldValue(name: string, told: string, tellsNames: boolean): string | undefined {
  const isKnown = ATTRIBUTES.test(name);
  if (!isKnown && (PASSING.test(name) || !TELLING_VALUE.test(told) || !tellsNames)) return undefined;
  const form = FORMS.find(([of]) => of.test(name));
  if (form !== undefined) return formed(form[1], told);
  if (/address/u.test(name)) return MAIL.exec(told)?.[1] ?? placeAt(told, true)?.place;
  if (NAMED.test(name) && !TELLING_VALUE.test(told)) return undefined;
  const value = plainValue(told.split(/,(?!\s*\d{4})|\s+and\s+(?=(?:my|I|it|he|she)\b)/u)[0] ?? "");
  return value === undefined || (name.startsWith("fav") ? JUDGED : DESCRIBED).test(value) ? undefined : value;
}

function formed(pattern: RegExp, told: string): string | undefined {
  const found = pattern.exec(told)?.[1];
  return found === undefined || pattern !== DATE ? found : plainDate(found);
}

/** "my hobbies are chess and Go": one attribute of several things. */
function listed(name: string, value: string, told: string, isDenied: boolean): readonly Draft[] {
  const values = things(told) ?? [value];
  const whole = values.length > 1 ? `${values.slice(0, -1).join(", ")} and ${values.at(-1)}` : value;
  return isMeaningful(whole) ? [{ relation: attributeName(name), value: timeless(whole), isDenied }] : [];
}

/** One name for all ways to write it: "fav color" is "favourite colour", "bday" is "birthday". */
function attributeName(noun: string): string {
  const plain = fold(noun)
    .replace(/^fav\b|favorite/u, "favourite")
    .replace("color", "colour")
    .replace(/^bday$|^birth ?date$|^date of birth$/u, "birthday")
    .replace(/^(?:e-?mail)(?: address)?$/u, "email")
    .replace(/^(?:(?:mobile|cell|telephone|phone)? ?(?:phone )?number|mobile|cell|phone|tel)$/u, "phone number")
    .replace(/^home address$|^address$/u, "address")
    .replace(/s$/u, (ending) => (/^favou?rite .*s$/u.test(noun) ? "" : ending));
  return `${ATTRIBUTE_PREFIX}${plain.replace(/\s+/gu, "_")}`;
}
