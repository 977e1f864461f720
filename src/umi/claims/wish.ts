import type { Draft } from "./draft.ts";
import { plainValue } from "./values.ts";

const STANDING =
  /^(always|never|don't ever|do not ever|from now on,?)\s+((?:answer|reply|respond|write|use|mention|call|address|speak|talk|give|explain|include|add|start|end|put|translate|apologi[sz]e|send|ask|show|format|keep|summari[sz]e|bring up|suggest|recommend)(?![\p{L}])\s+.*)$/iu;
const FORBIDDEN =
  /^(?:don't|do not)\s+((?:use|call|mention|bring up|address|write|send|suggest|recommend|show)\s+.*)$/iu;
const LASTS =
  /(?:^use\s+(?:any\s+)?(?:emojis?|emoticons|bullet points|lists|tables|markdown|jargon|slang|exclamation marks|caps|capital letters|swear words|headings)\b|\b(?:when you (?:write|answer|reply|talk|speak|respond)|ever|again|any ?more|in your (?:answers|replies|messages))\b)/iu;

/** What the speaker asks for once and for all: "always answer in French". */
export function wishOf(clause: string): Draft | undefined {
  const standing = STANDING.exec(clause);
  if (standing !== null) {
    const isDenied = !/^(?:always|from)/iu.test(standing[1] ?? "");
    return wish(standing[2] ?? "", isDenied);
  }
  const forbidden = FORBIDDEN.exec(clause)?.[1];
  return forbidden !== undefined && LASTS.test(forbidden) ? wish(forbidden, true) : undefined;
}

function wish(words: string, isDenied: boolean): Draft | undefined {
  const [first = ""] = words.split(/,|\s+(?:when you|because|please|pls)\b/u);
  const value = plainValue(
    first
      .replace(/\b(?:my|our)\b/gu, "their")
      .replace(/\b(?:me|us)\b/gu, "them")
      .replace(/\s+(?:again|any ?more|ever)$/u, "")
      .replace(/\bin your (?:answers|replies|messages)\b/u, ""),
  );
  if (value === undefined) return undefined;
  return {
    relation: "wants",
    value,
    isDenied,
    predicate: isDenied ? `asks never to ${value}` : `asks always to ${value}`,
  };
}
