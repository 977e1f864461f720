import { wordSet } from "../facts/evolution/sets.ts";
import { type Draft, draft, drafts, type Phrase, phrase, verbs, worded } from "./draft.ts";
import { isPartner, isPerson } from "./people.ts";
import type { Predicate } from "./predicate.ts";
import { isMeaningful, placeAt, plainValue, thing, things, timeless } from "./values.ts";

/** What one has for a moment, or only in a manner of speaking. */
const NO_POSSESSIONS =
  wordSet(`question questions problem problems idea ideas look meeting meetings point points feeling feelings chance doubt
  doubts minute minutes moment second request suggestion plan plans deadline day days time times lot bit headache cold
  fever flu go try bug bugs issue issues error errors task tasks exam exams test tests interview interviews call calls
  date blast fun laugh drink coffee tea beer break rest nap shower walk talk chat conversation fight argument dream
  nightmare thought hunch hope wish fear clue reason list file document text draft paragraph sentence essay letter email
  message assignment homework report presentation project choice preference favour favor request hard way sense taste
  habit tendency lack number right need urge craving crush stomachache toothache cough sore hangover surprise secret
  story joke riddle quote piece option options table query function array string variable script code bill trip flight
  party wedding mood morning night evening afternoon week weekend year month hour hours while couple few ton tons bunch
  life word words say difficulty difficulties trouble impression appetite attitude reaction follow-up concern concerns
  thing things something one ones pain ache rash bruise cut burn bone wound injury haircut job role gig shift post position feet hands ears eyes arm leg wrist ankle finger toe rib
  proposal offer opinion view answer answers solution case example copy version template spreadsheet recipe quick`);
const PAINFUL = /(?:^|\s)(?:bad|weak|trick)\s+(?:knees?|back|hip|heart|shoulder|neck|eyes?|eyesight|memory)$/iu;
const CONDITION =
  /^(?:(?:a|an|severe|mild|chronic|terrible|bad|type [12]|really bad|some|seasonal|the)\s+)*(?:asthma|diabetes|epilepsy|adhd|add|autism|migraines?|arthritis|c(?:o)?eliac(?: disease)?|hypertension|high blood pressure|low blood pressure|hay ?fever|eczema|anxiety|depression|insomnia|an(?:a)?emia|tinnitus|vertigo|dyslexia|asperger'?s?|crohn'?s?(?: disease)?|ibs|pcos|endometriosis|lupus|psoriasis|scoliosis|sciatica|fibromyalgia|osteoporosis|glaucoma|bipolar(?: disorder)?|ocd|ptsd|gout|parkinson'?s?|multiple sclerosis|ms|sleep apn(?:o)?ea|acid reflux|heart (?:condition|disease|problem)|thyroid (?:condition|problem|disease)|high cholesterol|[\p{L}]+ (?:allergy|allergies|intolerance|syndrome|disorder|disease)|allerg(?:y|ies) to .+|\p{L}+(?:itis|osis|emia|phobia|plegia))(?![\p{L}])/iu;
const COUNT =
  /^(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|\d{1,3}|several|many|no|any|just one|only one)\s+/iu;
const NONE_OF =
  /^((?:any\s+)?(?:kids|children|pets|siblings|brothers|sisters|allergies|grandchildren))(?=\s*(?:$|[.,;!]|and\b|or\b|but\b|yet\b|any ?more\b))/iu;
const APPOINTMENT = /(?:appointment|lesson|class|checkup|check-up|session)s?\s+(?:on|at|every|next|tomorrow)\s.+$/iu;
/** "the one above", "the second option": known from the talk alone. */
const POINTED =
  /^the\s+(?!\p{Lu})(?!(?:sea|beach|mountains?|snow|rain|cold|heat|winter|summer|autumn|fall|spring|outdoors|ocean|desert|forest|theatre|theater|opera|cinema|ballet|smell|taste|sound|sun|dark|city|countryside|night|stars|gym|zoo|library|colou?r|arts|news|radio|vet|dentist|doctor|beatles|environment)\b)/u;
const PAST_GERUND = /^(?:eating|drinking|using|playing|watching|liking|taking|having)\s+(?=\S)/iu;
const LIFE_VERBS =
  /^(?:move|relocate|study|marry|get married|retire|visit|travel|learn|become|quit|propose|adopt|emigrate|go back to|start (?:a|my|at)|open (?:a|my)|buy (?:a|my|an)|run (?:a|the)|write (?:a|my)|build (?:a|my)|have (?:a baby|kids|children))(?=\s)/iu;

/** What is said of likes, food, languages, possessions and plans. */
export const TASTE_AND_THINGS: readonly Phrase[] = [
  verbs("like love enjoy adore", "", (rest, predicate) => drafts("likes", liked(rest, predicate), predicate)),
  verbs("dislike hate detest loathe", "", (rest, predicate) =>
    // Who does not hate something may still not like it.
    predicate.isDenied ? [] : drafts("dislikes", liked(rest, predicate), predicate),
  ),
  phrase("do", "stand", (rest, predicate) =>
    predicate.isUnable ? drafts("dislikes", liked(rest, predicate), { isDenied: false }) : [],
  ),
  phrase(
    "be",
    "into|(?:a\\s+)?(?:big\\s+|huge\\s+|massive\\s+|great\\s+|real\\s+)?fan\\s+of|fond\\s+of|crazy\\s+about|passionate\\s+about|keen\\s+on",
    (rest, predicate) => drafts("likes", liked(rest, predicate), predicate),
  ),
  verbs("prefer", "", (rest, predicate) => draft("prefers", preferred(rest), predicate)),
  verbs("eat", "", (rest, predicate) => consumed("eats", rest, predicate)),
  verbs("drink", "", (rest, predicate) => consumed("drinks", rest, predicate)),
  verbs("smoke", "", (rest, predicate) =>
    /^(?:$|[.,!]|any ?more|a lot|cigarettes|weed|and\b)/u.test(rest)
      ? worded(draft("does", "smoke", predicate), predicate.isDenied ? "does not smoke" : "smokes")
      : [],
  ),
  phrase("do", "drive|swim|cook|dance", (_, predicate, match) =>
    predicate.isUnable
      ? worded(draft("does", match[0].trim().toLowerCase(), predicate), `cannot ${match[0].trim().toLowerCase()}`)
      : [],
  ),
  verbs("drive", "(?=(?:an?|two)\\s)", (rest, predicate) => {
    const living = /^(an?\s+[\p{L}-]+(?:\s[\p{L}-]+)?)\s+for\s+a\s+living/u.exec(rest)?.[1];
    if (living !== undefined)
      return worded(
        draft("works_as", `${living.replace(/^an?\s+/u, "")} driver`, predicate),
        `drives ${living} for a living`,
      );
    return draft("drives", named(thing(rest)), predicate);
  }),
  verbs("speak", "", (rest, predicate) => drafts("speaks", languages(rest, predicate), predicate)),
  phrase("be", "fluent\\s+in", (rest, predicate) => drafts("speaks", languages(rest, predicate), predicate)),
  phrase("be", "learning", (rest, predicate) => draft("learns", timeless(thing(rest) ?? "") || undefined, predicate)),
  verbs("play", "", (rest, predicate) =>
    /^(?:with|along|around|it|on\b|at\b|a (?:role|part|game)|the (?:role|part|game))/iu.test(rest)
      ? []
      : drafts(
          "plays",
          things(rest)?.map((one) => timeless(one)),
          predicate,
        ),
  ),
  verbs("use", "", (rest, predicate) => drafts("uses", used(rest, predicate), predicate)),
  phrase("past", "(?:switched|migrated|moved|changed)\\s+(?:over\\s+)?from", switched),
  phrase("past", "(?:switched|migrated)\\s+(?:over\\s+)?to", (rest, predicate) =>
    drafts("uses", used(rest, predicate), predicate),
  ),
  phrase("past", "dropped|ditched|abandoned", (rest, predicate) => {
    const values = predicate.isDenied ? undefined : used(rest, predicate)?.map((value) => timeless(value));
    return (values ?? []).map((value) => ({
      relation: "uses",
      value,
      isDenied: true,
      predicate: `no longer uses ${value}`,
    }));
  }),
  verbs("know", "(?=\\p{Lu})", (rest, predicate) => draft("knows", named(thing(rest)), predicate)),
  verbs("have own", "", owns),
  phrase("past", "(?:got|adopted|bought|inherited|rescued)", (rest, predicate) =>
    /^(?:an?|two|three|four|five|\d+)\s/u.test(rest) && !predicate.isDenied ? owns(timeless(rest), predicate) : [],
  ),
  phrase(
    "past",
    "(?:sold|lost|gave\\s+away|given\\s+away|got\\s+rid\\s+of|crashed|scrapped|returned)\\s+(?:my|our|his|her|their)",
    gone,
  ),
  phrase("past", "(?:stopped|quit|given\\s+up|gave\\s+up)", stopped),
  phrase("past", "visited|been\\s+to|went\\s+to|travell?ed\\s+to|spent\\s+(?:\\S+\\s+){1,3}in", visited),
  verbs("plan intend", "to", (rest, predicate) => draft("plans", planned(rest), predicate)),
  phrase("be", "planning\\s+to", (rest, predicate) => draft("plans", planned(rest), predicate)),
  phrase("be", "going\\s+to(?=\\s+\\p{Ll})", (rest, predicate) =>
    LIFE_VERBS.test(rest) ? draft("plans", planned(rest), predicate) : [],
  ),
  phrase("be", "moving\\s+to", (rest, predicate) => journey("move to", rest, predicate)),
  phrase("be", "(?:going|flying|travell?ing|driving|heading|off)\\s+to", (rest, predicate, match) =>
    predicate.tellsNames ? journey(`${verbOf(match[0])} to`, rest, predicate) : [],
  ),
];

/** "green tea, chess and jazz"; "you", "it", "to think" and what the speaker points to are passed over. */
function liked(rest: string, { agreement }: Predicate): readonly string[] | undefined {
  if (agreement === "speaker" && POINTED.test(rest)) return undefined;
  if (
    /^(?:to\s+(?:see|know|think|hear|say|ask|be|have|get|go|do|know)\b|how|that|when|it|the (?:idea|way|fact)|a (?:lot|bit)|when)/iu.test(
      rest,
    )
  )
    return undefined;
  return things(rest)?.map((value) => value.replace(/\s+(?:most|best|more)$/u, ""));
}

/** "tea over coffee", "to walk": what is preferred, without what it is preferred to. */
function preferred(rest: string): string | undefined {
  const [first = ""] = rest.split(/\s+(?:over|to(?=\s\p{L}+(?:[\s.,]|$))|than)\s/u);
  const value = thing(rest.startsWith("to ") ? rest : first);
  return value === undefined || POINTED.test(value) ? undefined : value;
}

/** "meat and fish"; "does not drink" alone means alcohol, and "eats at noon" names no food. */
function consumed(relation: string, rest: string, predicate: Predicate): readonly Draft[] {
  const nothing = relation === "drinks" && predicate.isDenied && /^(?:$|[.,!]|any ?more)/u.test(rest);
  const values = nothing
    ? ["alcohol"]
    : things(rest.replace(/^any\s+/u, ""))?.filter(
        (value) =>
          !/^(?:at|in|out|with|too|like|a lot|less|more|much|healthily|early|late|breakfast|lunch|dinner|well|healthy|before|after|the (?:same|whole|rest))\b/u.test(
            value,
          ),
      );
  const verb = relation === "drinks" ? "drink" : "eat";
  return (values ?? []).map((value) => ({
    relation,
    value,
    isDenied: predicate.isDenied,
    ...(predicate.isUnable && !nothing ? { predicate: `cannot ${verb} ${value}` } : {}),
  }));
}

/** "Dutch and some German fluently"; "to my mother" is no language. */
function languages(rest: string, { tellsNames }: Predicate): readonly string[] | undefined {
  const values = things(rest)?.map((value) =>
    timeless(value).replace(/\s+(?:fluently|well|natively|at home|at work|a little|quite .*|pretty .*)$/u, ""),
  );
  return values?.every(
    (value) =>
      (tellsNames ? /\p{Lu}/u.test(value) : !/\s/u.test(value)) && !/^(?:to|with|for|at|about|up|in)\b/u.test(value),
  )
    ? values
    : undefined;
}

/** "Vim at work", "an iPhone": things that have a name, or are counted. */
function used(rest: string, { tellsNames }: Predicate): readonly string[] | undefined {
  const values = things(
    rest.replace(
      /\s+(?:at work|at home|for work|every day|daily|a lot|for (?:everything|that|my|our).*)(?=$|[.,;!]).*/u,
      "",
    ),
  );
  const isNamed = (value: string) =>
    /^\p{Lu}|^(?:an?|two)\s.*|\p{L}\p{Lu}/u.test(value) && !/^(?:an?)\s(?:lot|bit|few)/u.test(value);
  const cut = values?.map((value) => value.replace(/\s+(?:at work|at home|for|to|in|on|as)\s?.*$/u, ""));
  return cut?.every((value) => isMeaningful(value) && (isNamed(value) || (!tellsNames && !/\s/u.test(value))))
    ? cut
    : undefined;
}

/** "from Vim to Emacs" ends the one and begins the other. */
function switched(rest: string, predicate: Predicate): readonly Draft[] {
  const [from, to] = rest.split(/\s+to\s+/u);
  if (from === undefined || to === undefined || predicate.isDenied) return [];
  const [old, fresh] = [used(from, predicate), used(to, predicate)];
  if (old === undefined || fresh === undefined) return [];
  return [
    ...old.map((value) => ({ relation: "uses", value, isDenied: true, predicate: `no longer uses ${value}` })),
    ...drafts("uses", fresh, predicate),
  ];
}

/** "a dog called Rex", "asthma", "no car", "a wife": a thing, a condition, nothing, or somebody. */
function owns(rest: string, predicate: Predicate): readonly Draft[] {
  const condition = CONDITION.exec(rest)?.[0];
  if (condition !== undefined) return draft("condition", condition.replace(/[.,]$/u, ""), predicate);
  const value = (predicate.isDenied ? NONE_OF.exec(rest)?.[1] : undefined) ?? possession(rest);
  if (value === undefined) return [];
  if (PAINFUL.test(value)) return draft("condition", value, predicate);
  const [, number, noun = ""] =
    /^((?:an?|one|no|any)\s)?(?:[\p{L}-]+\s)*?([\p{L}-]+)(?=\s(?:called|named)\s|,|$)/iu.exec(value) ?? [];
  const isLove = isPartner(noun.toLowerCase());
  const isNone = /^no\s/iu.test(value);
  const isDenied = predicate.isDenied || isNone;
  const held = isNone ? value.replace(/^no\s/iu, "any ") : value;
  const name = isDenied || number === undefined ? undefined : nameIn(value);
  return [
    {
      relation: isLove ? "partnered" : "owns",
      value: held,
      isDenied,
      ...(isNone ? { predicate: `has ${value}` } : {}),
    },
    ...(name === undefined
      ? []
      : [
          {
            relation: "called",
            value: name,
            isDenied: false,
            of: value.replace(/\s+(?:called|named)\s.*$|,.*$/u, "").replace(COUNT, ""),
          },
        ]),
  ];
}

/** "a dog called Rex", "two cats, Luna and Pepper": what somebody has, with names. */
function possession(said: string): string | undefined {
  const head = said.split(",", 1)[0] ?? "";
  const names = /^,\s*(\p{Lu}[\p{L}\p{M}'’-]*(?:(?:,\s*|,?\s+and\s+)\p{Lu}[\p{L}\p{M}'’-]*)*)\s*(?:[.!]|$)/u.exec(
    said.slice(head.length),
  )?.[1];
  const plain = plainValue(head);
  if (plain === undefined || !COUNT.test(plain)) return undefined;
  const appointed = APPOINTMENT.test(plain);
  const cut = appointed
    ? plain
    : timeless(plain).replace(/\s+(?:to|for|from|in|at|on|about|with|who|that|which|of|since|as)\s.*$/u, "");
  const words = cut
    .replace(/\s+(?:called|named)\s.*$/u, "")
    .toLowerCase()
    .replace(COUNT, "")
    .split(/\s+/u);
  const isAbstract =
    /(?:tion|ment|ness|ity|ance|ence|ism|ing|ship|hood|ache)s?$/u.test(words.at(-1) ?? "") &&
    !/(?:apartment|instrument|ring|painting|building)s?$/u.test(words.at(-1) ?? "");
  if (!appointed && (words.some((word) => NO_POSSESSIONS.has(word)) || isAbstract)) return undefined;
  if (words.length > 5 && !appointed) return undefined;
  return names === undefined ? cut : `${cut}, ${names}`;
}

/** "a dog called Rex", "a dog, Rex". */
function nameIn(value: string): string | undefined {
  return /\s(?:called|named)\s+(\p{Lu}[\p{L}\p{M}'’-]*)$|,\s*(\p{Lu}[\p{L}\p{M}'’-]*)$/u
    .exec(value)
    ?.slice(1)
    .find((name) => name !== undefined);
}

/** "sold my car": not had any more; who "lost my temper" or "my sister" had no thing. */
function gone(rest: string, predicate: Predicate, match: RegExpExecArray): readonly Draft[] {
  const value = thing(timeless(rest));
  if (
    value === undefined ||
    predicate.isDenied ||
    /^(?:job|temper|mind|way|patience|faith|virginity|voice|appetite|keys?|wallet|phone number|soul|house key|place|bet|train of thought)\b/u.test(
      value,
    )
  )
    return [];
  const noun = value.split(/\s+(?:to|for|on|in|at|last|because|yesterday|today)(?:\s|$)/u)[0] ?? value;
  if (isPerson(noun.toLowerCase())) return [];
  const verb = match[0]
    .trim()
    .replace(/\s+\S+$/u, "")
    .toLowerCase();
  return [{ relation: "owns", value: noun, isDenied: true, predicate: `no longer has their ${noun} (${verb})` }];
}

/** "smoking", "on coffee"; "stopped by the shop" stopped nothing. */
function stopped(rest: string, predicate: Predicate): readonly Draft[] {
  if (predicate.isDenied || /^(?:by|in|at|to|for|on (?!alcohol|meat|coffee))\b/u.test(rest)) return [];
  const whole = thing(rest.replace(/^on\s+/u, ""));
  if (whole === undefined) return [];
  const value = timeless(` ${whole}`)
    .trim()
    .replace(PAST_GERUND, "")
    .replace(/\s+(?:completely|altogether|entirely)$/u, "");
  return isMeaningful(value)
    ? worded(draft("stopped", value, predicate), `stopped ${/^\p{L}+ing\b/u.test(whole) ? whole : `having ${whole}`}`)
    : [];
}

/** "Rome and Oslo": names alone, for one also goes to bed. */
function visited(rest: string, predicate: Predicate): readonly Draft[] {
  if (!/^(?:the\s+)?\p{Lu}/u.test(rest)) return [];
  const values = things(rest)?.map((value) => placeAt(timeless(value), true)?.place);
  return (values ?? []).flatMap((value) => draft("visited", value, predicate));
}

/** "learn Dutch"; "the party" is a thing, and nothing that one does. */
function planned(rest: string): string | undefined {
  const value = thing(rest);
  return value === undefined || /^(?:the|a|an)\s/u.test(value) ? undefined : value;
}

/** "to Rome on Monday": the day belongs to the plan. */
function journey(verb: string, rest: string, predicate: Predicate): readonly Draft[] {
  const found = placeAt(rest, predicate.tellsNames);
  if (found === undefined) return [];
  const when =
    /^\s+(?:on|in|next|this|for|at|tomorrow)\b[^,.!?;]*/u
      .exec(found.after)?.[0]
      .replace(/\s+(?:and|but|so|with|because)\s.*$/u, "") ?? "";
  const value = predicate.isDenied ? found.place : `${verb} ${found.place}${when}`;
  if (predicate.isDenied) return worded(draft("plans", value, predicate), `does not plan to ${verb} ${value}`);
  return isMeaningful(value) ? draft("plans", value, predicate) : [];
}

/** "flying" is told as "fly". */
function verbOf(words: string): string {
  const verb = words.trim().toLowerCase().split(/\s/u)[0] ?? "";
  if (verb === "travelling" || verb === "traveling") return "travel";
  if (verb === "driving") return "drive";
  return verb === "flying" ? "fly" : "go";
}

/** A value that names something, and does not only describe it. */
function named(value: string | undefined): string | undefined {
  return value !== undefined &&
    (/(?:^|\s)\p{Lu}/u.test(value) ||
      /(?:car|van|truck|bus|motorbike|motorcycle|scooter|taxi|lorry|pickup|suv|hybrid|convertible)$/iu.test(value))
    ? value
    : undefined;
}
