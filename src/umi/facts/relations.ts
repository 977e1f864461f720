import type { EntityType } from "./entity.ts";

/** What the rules know of one relation. */
export interface RelationKind {
  readonly name: string;
  /** Whether somebody has one at a time: another value ends the one before. */
  readonly isSingle: boolean;
  /** What the value names, when it names somebody or something; undefined for values that name nothing. */
  readonly object?: EntityType;
  /** The relation that says the opposite of the same value. */
  readonly opposite?: string;
  /** The verb phrase; what stands before it is the subject, what follows the value. */
  readonly phrase: RegExp;
}

/** Kinds in the order they are tried; where two match, the earlier phrase in the sentence wins, then the order. */
export const RELATION_KINDS: readonly RelationKind[] = [
  kind(
    "lives_in",
    /\b(?:liv(?:e|es|ing)|resid(?:e|es|ing)|(?:am|is|are|'m|'re|'s) (?:now )?based) (?:now |currently )?in\b/u,
    true,
    "place",
  ),
  kind("lives_in", /\b(?:moved|relocated|has moved|have moved) (?:back )?to\b/u, true, "place"),
  kind("works_at", /\bwork(?:s|ing|ed)? (?:now |currently )?(?:at|for)\b/u, true, "organization"),
  kind(
    "works_at",
    /\b(?:joined (?=\p{Lu})|started (?:working )?at|got a job at|(?:am|is|are|'m|'re) employed (?:at|by))\b/u,
    true,
    "organization",
  ),
  kind("works_as", /\bwork(?:s|ing)? as (?:an?|the)\b/u, true),
  kind("married_to", /\b(?:(?:am|is|'m|'s|got) married to|married)\b/u, true, "person"),
  kind("born_on", /\bwas born on\b/u, true),
  kind("born_in", /\bwas born in\b/u, true),
  kind("called", /\b(?:(?:am|is|'m) (?:called|named)|goes by|go by)\b/u, true),
  kind("prefers", /\bprefers?\b/u, true),
  kind("allergic_to", /\b(?:am|is|are|'m) allergic to\b/u, false),
  kind("dislikes", /\b(?:dislikes?|hates?|can(?:'t|not) stand)\b/u, false, undefined, "likes"),
  kind(
    "likes",
    /\b(?:likes?|loves?|enjoys?|adores?|(?:am|is|'m) (?:a (?:big )?fan of|fond of|into))\b/u,
    false,
    undefined,
    "dislikes",
  ),
  kind(
    "visited",
    /\b(?:visited|(?:have|has|'ve) been to|travell?ed to|went to)\b(?= (?:the )?\p{Lu})/u,
    false,
    "place",
  ),
  kind(
    "plans",
    /\b(?:plans?|(?:am|is|are|'m|'re) planning|intends?|(?:am|is|are|'m|'re) going) to\b(?! (?:an?|the|my)\b)/u,
    false,
  ),
  kind("speaks", /\bspeaks?\b/u, false),
  kind("plays", /\bplays?\b/u, false),
  kind("studies", /\b(?:stud(?:y|ies|ying)|(?:am|is|'m) studying)\b/u, false),
  kind(
    "owns",
    /\b(?:owns?\b|(?:(?:have|has|'ve) got|have|has|got|adopted|bought)\b(?= (?:an?|two|three|four|five|\d+)\b))/u,
    false,
  ),
  kind("knows", /\bknows?\b(?= \p{Lu})/u, false, "person"),
];

/** How a sentence says a relation, and how it denies it. */
const SAID: Readonly<Record<string, readonly [string, string]>> = {
  lives_in: ["lives in", "does not live in"],
  works_at: ["works at", "does not work at"],
  works_as: ["works as", "does not work as"],
  married_to: ["is married to", "is not married to"],
  born_on: ["was born on", "was not born on"],
  born_in: ["was born in", "was not born in"],
  called: ["is called", "is not called"],
  prefers: ["prefers", "does not prefer"],
  allergic_to: ["is allergic to", "is not allergic to"],
  dislikes: ["dislikes", "does not dislike"],
  likes: ["likes", "does not like"],
  visited: ["visited", "has not visited"],
  plans: ["plans to", "does not plan to"],
  speaks: ["speaks", "does not speak"],
  plays: ["plays", "does not play"],
  studies: ["studies", "does not study"],
  owns: ["has", "does not have"],
  knows: ["knows", "does not know"],
};

/** Said of attributes ("my phone number is ...") and of what somebody is. */
export const ATTRIBUTE_PREFIX = "attribute:";

const BY_NAME: ReadonlyMap<string, RelationKind> = new Map(
  RELATION_KINDS.toReversed().map((relation) => [relation.name, relation]),
);

/** Whether another value of the relation ends the one before. Unknown relations are not single. */
export function isSingleRelation(name: string): boolean {
  return name.startsWith(ATTRIBUTE_PREFIX) || (BY_NAME.get(name)?.isSingle ?? false);
}

/** Whether rules, and not words alone, tell what two facts of the relation have to do with each other. */
export function isKnownRelation(name: string): boolean {
  return name.startsWith(ATTRIBUTE_PREFIX) || BY_NAME.has(name);
}

/** Whether the two say the opposite of one value. */
export function areOpposite(a: string, b: string): boolean {
  return a !== "" && BY_NAME.get(a)?.opposite === b;
}

/** A sentence that says, or denies, the relation. */
export function sentenceOf(subject: string, relation: string, value: string, isDenied: boolean): string {
  if (relation.startsWith(ATTRIBUTE_PREFIX)) {
    const attribute = relation.slice(ATTRIBUTE_PREFIX.length).replaceAll("_", " ");
    return `${subject}'s ${attribute} is ${isDenied ? "not " : ""}${value}.`;
  }
  const [said, denied] = SAID[relation] ?? ["is", "is not"];
  return `${subject} ${isDenied ? denied : said} ${value}.`;
}

function kind(name: string, phrase: RegExp, isSingle: boolean, object?: EntityType, opposite?: string): RelationKind {
  return {
    name,
    phrase,
    isSingle,
    ...(object === undefined ? {} : { object }),
    ...(opposite === undefined ? {} : { opposite }),
  };
}
