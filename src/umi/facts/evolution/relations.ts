import type { EntityType } from "../kept/entity.ts";

/** What the rules know of one relation. */
export interface RelationKind {
  readonly name: string;
  /** How a sentence says it, and how it denies it. */
  readonly said: string;
  readonly denied: string;
  /** Whether somebody has one at a time: another value ends the one before. */
  readonly isSingle?: true;
  /** Relations of one place end each other: engaged, married, divorced. */
  readonly place?: string;
  /** What the value names, when it names somebody or something; undefined for values that name nothing. */
  readonly object?: EntityType;
  /** The relation that says the opposite of the same value. */
  readonly opposite?: string;
  /** Relations that it ends: of the same value, or all of them where it has none itself. */
  readonly ends?: readonly string[];
}

/** The relations that rules know. */
export const RELATION_KINDS: readonly RelationKind[] = [
  { name: "lives_in", said: "lives in", denied: "does not live in", isSingle: true, object: "place" },
  { name: "dwells_in", said: "lives in", denied: "does not live in" },
  { name: "lives_with", said: "lives with", denied: "does not live with" },
  { name: "works_at", said: "works at", denied: "does not work at", isSingle: true, object: "organization" },
  { name: "works_as", said: "works as", denied: "does not work as", isSingle: true },
  { name: "works", said: "works", denied: "does not work" },
  { name: "works_with", said: "works with", denied: "does not work with", object: "person" },
  { name: "reports_to", said: "reports to", denied: "does not report to", isSingle: true, object: "person" },
  { name: "left_job", said: "left", denied: "did not leave", ends: ["works_at"] },
  { name: "teaches", said: "teaches", denied: "does not teach" },
  { name: "studies", said: "studies", denied: "does not study" },
  { name: "studies_at", said: "studies at", denied: "does not study at", object: "organization" },
  { name: "graduated", said: "graduated", denied: "did not graduate", ends: ["studies", "studies_at"] },
  married("married_to", "is married to", "is not married to"),
  married("engaged_to", "is engaged to", "is not engaged to"),
  { ...married("unmarried", "is", "is not"), ends: ["partnered"] },
  { name: "partnered", said: "has", denied: "does not have", isSingle: true, ends: ["unmarried"] },
  { name: "born_on", said: "was born on", denied: "was not born on", isSingle: true },
  { name: "born_in", said: "was born in", denied: "was not born in", isSingle: true },
  { name: "age", said: "is", denied: "is not", isSingle: true },
  { name: "comes_from", said: "comes from", denied: "does not come from", object: "place" },
  { name: "called", said: "is called", denied: "is not called", isSingle: true },
  { name: "goes_by", said: "goes by", denied: "does not go by" },
  { name: "prefers", said: "prefers", denied: "does not prefer" },
  { name: "allergic_to", said: "is allergic to", denied: "is not allergic to" },
  { name: "condition", said: "has", denied: "does not have" },
  { name: "dislikes", said: "dislikes", denied: "does not dislike", opposite: "likes" },
  { name: "likes", said: "likes", denied: "does not like", opposite: "dislikes" },
  { name: "diet", said: "is", denied: "is not", isSingle: true },
  { name: "eats", said: "eats", denied: "does not eat" },
  { name: "drinks", said: "drinks", denied: "does not drink" },
  {
    name: "stopped",
    said: "stopped",
    denied: "did not stop",
    ends: ["eats", "drinks", "likes", "uses", "plays", "does"],
  },
  { name: "visited", said: "visited", denied: "has not visited", object: "place" },
  { name: "plans", said: "plans to", denied: "does not plan to" },
  { name: "speaks", said: "speaks", denied: "does not speak" },
  { name: "learns", said: "is learning", denied: "is not learning" },
  { name: "plays", said: "plays", denied: "does not play" },
  { name: "does", said: "does", denied: "does not do" },
  { name: "owns", said: "has", denied: "does not have" },
  { name: "drives", said: "drives", denied: "does not drive" },
  { name: "uses", said: "uses", denied: "does not use" },
  { name: "knows", said: "knows", denied: "does not know", object: "person" },
  { name: "wants", said: "wants", denied: "does not want" },
  { name: "is", said: "is", denied: "is not" },
];

/** Said of attributes ("my phone number is ..."). */
export const ATTRIBUTE_PREFIX = "attribute:";

const BY_NAME: ReadonlyMap<string, RelationKind> = new Map(RELATION_KINDS.map((relation) => [relation.name, relation]));

/** What the rules know of a relation. */
export function relationKind(name: string): RelationKind | undefined {
  return BY_NAME.get(name);
}

/** Whether another value of the relation ends the one before. Unknown relations are not single. */
export function isSingleRelation(name: string): boolean {
  return name.startsWith(ATTRIBUTE_PREFIX) || (BY_NAME.get(name)?.isSingle ?? false);
}

/** Whether rules, and not words alone, tell what two facts of the relation have to do with each other. */
export function isKnownRelation(name: string): boolean {
  return name.startsWith(ATTRIBUTE_PREFIX) || BY_NAME.has(name);
}

/** Relations of which a sentence read alone says all in its value. */
const TELLING_ALONE = new Set(
  `lives_in works_at works_as married_to born_on born_in called prefers allergic_to dislikes likes visited plans speaks plays owns knows`.split(
    " ",
  ),
);

/** Whether the verb and its value say the whole of such a sentence, so that no other word of it counts. */
export function isTellingAlone(name: string): boolean {
  return name.startsWith(ATTRIBUTE_PREFIX) || TELLING_ALONE.has(name);
}

/** Whether the two say the opposite of one value. */
export function areOpposite(a: string, b: string): boolean {
  return a !== "" && BY_NAME.get(a)?.opposite === b;
}

/** Whether the two cannot both hold of one person, whatever their values. */
export function areInOnePlace(a: string, b: string): boolean {
  const place = BY_NAME.get(a)?.place;
  return place !== undefined && a !== b && place === BY_NAME.get(b)?.place;
}

/** Whether a fact of the one relation says that what the other told is over. */
export function ends(fresh: string, old: string): boolean {
  return BY_NAME.get(fresh)?.ends?.includes(old) ?? false;
}

/** A sentence that says, or denies, the relation. */
export function sentenceOf({
  subject,
  relation,
  value,
  isDenied,
}: {
  readonly subject: string;
  readonly relation: string;
  readonly value: string;
  readonly isDenied: boolean;
}): string {
  if (relation.startsWith(ATTRIBUTE_PREFIX)) {
    const attribute = relation.slice(ATTRIBUTE_PREFIX.length).replaceAll("_", " ");
    const be = /(?:ies|hours|pronouns)$/u.test(attribute) ? "are" : "is";
    return `${subject}'s ${attribute} ${be} ${isDenied ? "not " : ""}${value}.`;
  }
  const { said, denied } = BY_NAME.get(relation) ?? { said: "is", denied: "is not" };
  return `${subject} ${isDenied ? denied : said}${value === "" ? "" : ` ${value}`}.`;
}

function married(name: string, said: string, denied: string): RelationKind {
  return { name, said, denied, isSingle: true, place: "marriage", object: "person" };
}
