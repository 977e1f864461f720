import { termOf } from "../../text/terms.ts";
import { wordSet } from "./sets.ts";

/**
 * English words by what they say about somebody. A word may stand in several groups. Two facts that open with words
 * of one group speak of the same side of a person, whatever their other words.
 */
const GROUPS: Readonly<Record<string, string>> = {
  language: `fluent fluently speak spoke spoken language bilingual multilingual monolingual english spanish french german
    italian mandarin chinese japanese portuguese arabic russian`,
  education: `university college degree graduate alumni alumnus alumna attend study studied student school diploma phd
    doctorate bachelor master educate self-taught taught classmates major institute`,
  award: "award prize medal honor recognition recognize win won winner nominate accolade trophy",
  residence: "live reside residence home based base move relocate settle apartment",
  origin: "born raise birthplace hometown native birthday grew citizen",
  job: "job employ employer company hire position career colleague retire",
  outdoor: "hike hiker outdoor outdoors trail indoor indoors climb climber camp birdwatching",
  travel: "travel visit country abroad trip journey tour",
  family: `marry husband wife spouse sibling brother sister parent child daughter son cousin mother father divorce engage
    single twin`,
  meeting: "met meet introduce acquaint stranger",
  friendship: "friend friendship childhood",
  founding: "found co-found cofound founder co-founder establish",
  stance:
    "advocate support supporter advocacy oppose passion passionate campaign promote critic criticize opponent skeptic",
  publishing:
    "publish book author novel article write written wrote co-author coauthor magazine journal memoir cookbook",
  speaking: "keynote speaker lecture speech talk panel conference workshop summit",
  volunteering: "volunteer shelter charity community clean-up nonprofit non-profit",
  podcast: "podcast co-host cohost host episode radio",
  music: `music album musician band song concert orchestra compose composer piano violin pianist violinist guitar
    guitarist`,
  liking: `passion passionate like enjoy love dislike hate prefer favorite favourite hobby fond avoid interest`,
  owning: "own owner pet dog cat car bakery restaurant",
};

/** Groups of which a person has one at a time, or one story that stays the same. */
const EXCLUSIVE = wordSet("language education meeting family origin residence job");
const GROUPS_OF = groupsByTerm();

/** What a term (a stem) speaks of, as names of slots; empty for most. */
export function slotsOf(term: string): readonly string[] {
  return GROUPS_OF.get(term) ?? [];
}

/** Whether a person has one of it at a time: two facts about it hardly both hold. */
export function isExclusiveSlot(slot: string): boolean {
  return EXCLUSIVE.has(slot);
}

function groupsByTerm(): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, Set<string>>();
  for (const [slot, words] of Object.entries(GROUPS)) {
    for (const word of wordSet(words)) {
      const term = termOf(word);
      groups.set(term, (groups.get(term) ?? new Set()).add(slot));
    }
  }
  return new Map([...groups].map(([term, slots]) => [term, [...slots]]));
}
