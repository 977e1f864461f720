import type { Predicate } from "./predicate.ts";

/** What a phrase says of the subject of its clause. */
export interface Draft {
  readonly relation: string;
  readonly value: string;
  readonly isDenied: boolean;
  /** The verb phrase of the sentence that says it, where the relation's own would not do. */
  readonly predicate?: string;
  /** Said of somebody or something of the subject's: "cat" in "I have a cat called Mia". */
  readonly of?: string;
}

/** One way to say something: a pattern at the beginning of a verb phrase, and what it means. */
export interface Phrase {
  readonly form: Predicate["form"];
  readonly pattern: RegExp;
  /** The drafts that `rest`, what follows the pattern, gives; none when it cannot be told. */
  read(rest: string, predicate: Predicate, match: RegExpExecArray): readonly Draft[];
}

/** A phrase by its first words. */
export function phrase(form: Phrase["form"], words: string, read: Phrase["read"]): Phrase {
  return { form, pattern: new RegExp(`^(?:${words})(?:(?<=\\s)|(?![\\p{L}\\p{N}'-]))\\s*`, "iu"), read };
}

/** A phrase of verbs in the present, as "I" and as one other person say them. */
export function verbs(words: string, tail: string, read: Phrase["read"]): Phrase {
  const bare = words.split(" ");
  const all = `(?:${bare.join("|")}|${bare.map(thirdPerson).join("|")})`;
  const checked: Phrase["read"] = (rest, predicate, match) =>
    agrees(match[0], predicate, bare) ? read(rest, predicate, match) : [];
  return phrase("do", tail === "" ? all : `${all}\\s+${tail}`, checked);
}

/** One draft; none of what is unknown. */
export function draft(
  relation: string,
  value: string | undefined,
  { isDenied }: Pick<Predicate, "isDenied">,
): readonly Draft[] {
  return value === undefined ? [] : [{ relation, value, isDenied }];
}

/** The same drafts, told by these words. */
export function worded(drafts: readonly Draft[], predicate: string | undefined): readonly Draft[] {
  return predicate === undefined ? drafts : drafts.map((each) => ({ ...each, predicate }));
}

/** A draft for each value. */
export function drafts(
  relation: string,
  values: readonly string[] | undefined,
  { isDenied }: Pick<Predicate, "isDenied">,
): readonly Draft[] {
  return (values ?? []).map((value) => ({ relation, value, isDenied }));
}

/** The verb as "she" says it. */
export function thirdPerson(verb: string): string {
  if (verb === "have") return "has";
  if (/(?:[sxz]|ch|sh|o)$/u.test(verb)) return `${verb}es`;
  return /[^aeiou]y$/u.test(verb) ? `${verb.slice(0, -1)}ies` : `${verb}s`;
}

/** "I likes" and "she like" are somebody's exercise, not a claim. After a denial or "do" every verb is bare. */
function agrees(match: string, { agreement, isDenied }: Predicate, bare: readonly string[]): boolean {
  const verb = match.toLowerCase().split(/\s/u)[0] ?? "";
  const isBare = bare.includes(verb);
  // "She never eats meat" and "she does not eat meat"; "has got" was made "have" before.
  return agreement !== "one" ? isBare : !isBare || isDenied || verb === "have";
}
