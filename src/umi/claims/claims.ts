import { type Claim, correction, sentenceClaims } from "./claim.ts";
import { isSupposed, isTextWork, pointsBack, pointsToWords, takesBack } from "./frames.ts";
import { ownWords } from "./own-words.ts";
import { type Sentence, sentencesOf } from "./sentences.ts";
import { plainSpelling } from "./spelling.ts";
import type { Subject } from "./subject.ts";

/** Before a colon: what follows is the speaker's own all the same. */
const ANNOUNCED =
  /^(?:(?:please|pls|ok|so|hi|hello|hey|and|also)[\s,]+)*(?:fyi|note|notes|ps|p\.s|btw|by the way|(?:a (?:bit|little|few words) )?about (?:me|myself|us)|update|correction|edit|reminder|important|background|context|some context|info|for (?:context|the record|your information)|intro|introduction|me|(?:please )?(?:note|remember|keep in mind|don't forget|save|store)(?: (?:this|that|the following))?|just so you know|fun fact|confession|allergies|diet|disclaimer|hint)$/iu;
const COLON = /:(?=\s|$)/u;
/** "I have two kids: Tim and Tom": a list or a value, no speech. */
const OWN_LIST = /^(?:I|we|my|our)\b/iu;
const SPOKEN = /(?<![\p{L}])(?:I|I'\w+|my|we|our|me)(?![\p{L}])/u;

/** What a turn's speaker claims, in order: nothing that is quoted, told, supposed, asked, or taken back. */
export function claimsOf(turn: string): readonly Claim[] {
  const { text, tellsNames } = plainSpelling(ownWords(turn));
  const claims: Claim[] = [];
  let referent: Subject | undefined;
  let silence: Heard["silences"] = "none";
  for (const sentence of sentencesOf(text)) {
    if (unsays(sentence.text)) claims.length = 0;
    const heard: Heard = silence === "none" ? heardIn(sentence) : { text: "", silences: silence };
    silence = heard.silences === "paragraph" && sentence.endsParagraph ? "none" : heard.silences;
    if (heard.text === "") continue;
    const corrected = correction(heard.text.replace(/[.!\s]+$/u, ""), claims.at(-1), { referent, tellsNames });
    if (corrected?.replaces === true) claims.pop();
    const reading = corrected ?? sentenceClaims(heard.text, { referent, tellsNames });
    claims.push(...reading.claims);
    referent = reading.referent ?? referent;
  }
  return claims;
}

/** Whether what was said before the sentence was not meant, or is only what it asks work on. */
function unsays(sentence: string): boolean {
  return takesBack(sentence) || (pointsBack(sentence) && !COLON.test(sentence));
}

interface Heard {
  /** The part of the sentence that may be the speaker's own; empty for none. */
  readonly text: string;
  /** What comes after it that is not. */
  readonly silences: "none" | "paragraph" | "all";
}

function heardIn({ text, isAsked }: Sentence): Heard {
  if (isSupposed(text)) return { text: "", silences: "all" };
  const colon = COLON.exec(text)?.index ?? -1;
  if (colon >= 0) return heardAround(text.slice(0, colon).trim(), text.slice(colon + 1).trim(), text, isAsked);
  // "I was kidding, I don't have a dog": what follows counts again.
  const again = /^([^,]*),\s*(.*)$/u.exec(text);
  if (again !== null && takesBack(again[1] ?? "")) return { text: isAsked ? "" : (again[2] ?? ""), silences: "none" };
  // Whatever stands after such a request may be what it is about.
  const isWork = isTextWork(text);
  const silences = isWork && pointsToWords(text) ? "all" : "none";
  return { text: isAsked || isWork || takesBack(text) ? "" : text, silences };
}

/** A colon announces somebody's words, unless the speaker says that they are own. */
function heardAround(before: string, after: string, whole: string, isAsked: boolean): Heard {
  if (ANNOUNCED.test(before)) return { text: isAsked ? "" : after, silences: "none" };
  if (isTextWork(before)) return { text: "", silences: "all" };
  const isList = OWN_LIST.test(before) && after !== "" && !SPOKEN.test(after);
  if (isList) return { text: isAsked ? "" : whole, silences: "none" };
  return { text: "", silences: "paragraph" };
}
