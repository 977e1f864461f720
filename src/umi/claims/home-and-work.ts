import { type Draft, draft, drafts, type Phrase, phrase, verbs, worded } from "./draft.ts";
import { isLastingRole, isPartner, isTrade } from "./people.ts";
import type { Predicate } from "./predicate.ts";
import { isMeaningful, organizationAt, placeAt, thing, things, timeless } from "./values.ts";

/** "a flat", "our own house", "the outskirts": a home without the name of a place. */
const DWELLING =
  /^(?:an?|the|my(?: own)?|our(?: own)?)\s+(?:[\p{L}-]+\s+){0,3}?(?:house|flat|apartment|studio|village|town|city|cottage|farm|farmhouse|houseboat|boat|van|dorm|dormitory|room|condo|bungalow|cabin|castle|loft|villa|suburbs?|neighbou?rhood|hostel|mansion|penthouse|townhouse|trailer|caravan|motorhome|yurt|country|countryside|mountains|forest|woods|desert|centre|center|outskirts|capital|coast|island|hamlet|commune|basement|attic|duplex|hills|north|south|east|west|street|lake|sea|beach|river)(?![\p{L}-])/iu;
const ARTICLE = /^(?:an?|the)\s+/iu;
const KIND_OF_WORK =
  /^(?:nights?|days?|evenings?|weekends?|mornings?|from home|remotely|part[- ]time|full[- ]time|shifts?|night shifts?|freelance|online|abroad|on (?:\p{L}+days?|weekends|weekdays)|in shifts|\d+ (?:hours|days) a week|(?:three|four|five|six) days a week)(?![\p{L}])/iu;
/** "in finance", "in public health"; a name after "in" is a place, and no field. */
const FIELD =
  /^in\s+(?:the\s+)?(?!\p{Lu}|\d|a\b|an\b|my\b|the\b|this\b|that\b|general\b|progress\b|silence\b|vain\b)[\p{L}-]+(?:\s+(?:and\s+)?[\p{L}-]+){0,3}/u;
/** Where a role ends: "a nurse at the Royal", "a teacher who runs". */
const ROLE_END =
  /\s*(?:,|\s(?:at|for|in|from|with|since|who|and|but|on|of the|now|these|by|to|so|because|which|that|here)(?=\s|$)).*$/u;
/** Judgements on oneself are no trades. */
const EVALUATED =
  /(?:^|\s)(?:terrible|bad|good|great|horrible|lousy|real|total|complete|decent|huge|big|little|bit|poor|awful|amazing|crazy|proud|better|worse|best|worst|such|mere|failed|wannabe|aspiring|future|former|ex|retired|would-be|fake|hopeless|perfect|natural|born|disgruntled|tired|happy|sad)(?=\s|$)/iu;

/** What is said of homes, work and studies. */
export const HOME_AND_WORK: readonly Phrase[] = [
  verbs("live reside", "(?:right\\s+|now\\s+|currently\\s+|here\\s+)?(?:in|near|at|on)", home),
  verbs("live", "(?:all\\s+)?(?:alone|by (?:myself|himself|herself)|on (?:my|his|her) own)", (_, predicate) =>
    worded(draft("lives_with", "nobody", predicate), predicate.isDenied ? "does not live alone" : "lives alone"),
  ),
  verbs("live", "(?:together\\s+)?with", (rest, predicate) => draft("lives_with", theirs(rest), predicate)),
  phrase("be", "(?:living|based|residing|located|settled)\\s+(?:now\\s+)?(?:in|near|at)", home),
  phrase("past", "(?:moved|relocated)\\s+(?:back\\s+|over\\s+|house\\s+)?(?:from .{1,30} )?to", movedTo),
  verbs("work", `(?:${"now|currently|remotely|full-time|part-time|full time|part time|mainly"}\\s+)?(?:at|for)`, job),
  phrase("be", "(?:working|employed)\\s+(?:now\\s+|currently\\s+)?(?:at|for|by)", job),
  phrase("be", "working\\s+as\\s+(?:an?|the)", worksAs),
  verbs("work", "as\\s+(?:an?|the)", worksAs),
  verbs("work", "with(?=\\s+\\p{Lu})", (rest, predicate) => draft("works_with", nameAt(rest), predicate)),
  verbs("work", "", worksSomehow),
  verbs("report", "to(?=\\s+\\p{Lu})", (rest, predicate) => draft("reports_to", nameAt(rest), predicate)),
  phrase(
    "past",
    "joined(?=\\s+\\p{Lu})|started\\s+(?:working\\s+|work\\s+|a\\s+(?:new\\s+)?job\\s+)?(?:at|with|for)|got\\s+(?:a|the)\\s+(?:new\\s+)?job\\s+(?:at|with)|got\\s+hired\\s+(?:by|at)",
    job,
  ),
  phrase("be", "starting\\s+(?:work\\s+|a\\s+(?:new\\s+)?job\\s+)?at", (rest, { isDenied, tellsNames }) => {
    const name = organizationAt(rest, tellsNames)?.name;
    return name === undefined ? [] : [{ relation: "plans", value: `start at ${name}`, isDenied }];
  }),
  phrase(
    "past",
    "(?:quit|left|lost|resigned\\s+from)\\s+(?:my|his|her|their|our|the)\\s+(?:\\p{L}+\\s+)?(?:job|position|post|company)(?:\\s+(?:at|with|in|as))?",
    (rest, predicate, match) =>
      leftJob(rest, predicate, /^lost/iu.test(match[0]) ? "lost their job" : "left their job"),
  ),
  phrase(
    "past",
    "(?:(?:got|was|were|been)\\s+(?:just\\s+)?(?:laid off|fired|sacked|made redundant|let go)|resigned)(?=\\s*$|[\\s,.!]+(?:from|by|at|today|yesterday|last|this|on|in)|[,.!])",
    (rest, predicate, match) =>
      leftJob(
        rest.replace(/^(?:from|by|at)\s+/u, ""),
        predicate,
        match[0]
          .trim()
          .toLowerCase()
          .replace(/^(?:been|were)/u, "was"),
      ),
  ),
  phrase("past", "(?:left|resigned from|quit)(?=\\s+\\p{Lu})", (rest, predicate) =>
    predicate.tellsNames ? leftJob(rest, predicate, "left") : [],
  ),
  verbs("work", "(?:there|here)", (_, { isDenied }) =>
    isDenied ? [{ relation: "left_job", value: "", isDenied: false, predicate: "left their job" }] : [],
  ),
  verbs("have", "an?\\s+(?:new\\s+)?(?:\\p{Ll}+\\s+)?job\\s+(?:at|with)", job),
  verbs("teach", "", (rest, predicate) => draft("teaches", uncapped(thing(rest)), predicate)),
  verbs("study", "(?=\\s*(?:at|in)\\s)", studiesAt),
  verbs("study", "", studies),
  verbs("major", "in", studies),
  verbs(
    "go attend",
    "(?:to\\s+)?(?=(?:the\\s+)?(?:\\p{Lu}[\\p{L}.-]*\\s+)*(?:University|College|School|Academy|Institute)(?:\\s|[.,]|$))",
    studiesAt,
  ),
  phrase("be", "studying|majoring in|doing (?=(?:a|my|an)\\s(?:phd|master|bachelor|degree|doctorate|mba))", studies),
  phrase("past", "graduated", (_, predicate) => draft("graduated", "", predicate)),
  phrase("be", "an?", isA),
  phrase("past", "been\\s+an?", (rest, predicate) => isA(rest, predicate)),
  phrase("past", "(?:became|become)\\s+an?", (rest, predicate) => isA(rest, predicate)),
  phrase("past", "retired", (_, predicate) => worded(draft("is", "retired", predicate), "is retired")),
];

/** Where somebody lives: a place by its name, or what kind of home. */
function home(rest: string, predicate: Predicate): readonly Draft[] {
  const dwelling = DWELLING.exec(rest);
  if (dwelling !== null) {
    const near = /^\s+(?:in|near|of|outside|close to|by)\s+(.*)$/u.exec(rest.slice(dwelling[0].length))?.[1];
    const place = near === undefined ? undefined : placeAt(near, predicate.tellsNames)?.place;
    const value = place === undefined ? dwelling[0] : `${rest.slice(0, rest.indexOf(near ?? ""))}${place}`;
    return isMeaningful(value) ? draft("dwells_in", value, predicate) : [];
  }
  const found = placeAt(rest, predicate.tellsNames);
  if (found === undefined) return [];
  const value = timeless(found.place);
  const companions = /^\s+with\s+(.*)$/u.exec(found.after)?.[1];
  const others = companions === undefined || predicate.isDenied ? undefined : theirs(companions);
  return [...draft("lives_in", value, predicate), ...draft("lives_with", others, predicate)];
}

/** "moved to Rome" says where one lives now; "did not move" says nothing, nor does "moved to the left". */
function movedTo(rest: string, predicate: Predicate): readonly Draft[] {
  const found = predicate.isDenied ? undefined : placeAt(rest, predicate.tellsNames);
  if (found === undefined || /^\s*(?:to|of|up|down)\b/u.test(found.after)) return [];
  return draft("lives_in", timeless(found.place), predicate);
}

/** "at Acme as a nurse": whom one works for, and as what. */
function job(rest: string, predicate: Predicate): readonly Draft[] {
  const found = organizationAt(rest, predicate.tellsNames);
  if (found === undefined) return [];
  const role = predicate.isDenied ? undefined : /^\s*,?\s*as\s+(?:an?|the)\s+(.*)$/u.exec(found.after)?.[1];
  return [...draft("works_at", found.name, predicate), ...(role === undefined ? [] : worksAs(role, predicate))];
}

/** "as a nurse at Acme"; "as a result" is no role. */
function worksAs(rest: string, predicate: Predicate): readonly Draft[] {
  const role = thing(rest.replace(ROLE_END, ""));
  const at = /^(?:[\p{L}-]+\s+){1,4}(?:at|for)\s+(.*)$/u.exec(rest)?.[1];
  const name = at === undefined || predicate.isDenied ? undefined : organizationAt(at, predicate.tellsNames)?.name;
  const value =
    role === undefined || /^(?:result|team|consequence|whole|group|replacement)\b/u.test(role) ? undefined : role;
  const article = value !== undefined && /^[aeiou]/iu.test(value) ? "an" : "a";
  return [
    ...worded(
      draft("works_as", value, predicate),
      `${predicate.isDenied ? "does not work" : "works"} as ${article} ${value}`,
    ),
    ...draft("works_at", value === undefined ? undefined : name, predicate),
  ];
}

/** "nights", "from home", "in finance at Acme". */
function worksSomehow(rest: string, predicate: Predicate): readonly Draft[] {
  const how = KIND_OF_WORK.exec(rest)?.[0];
  if (how !== undefined) return draft("works", how, predicate);
  const field = FIELD.exec(rest.replace(/\s+at\s.*$/u, ""))?.[0];
  if (field === undefined) return [];
  const at = /\s+at\s+(.*)$/u.exec(rest)?.[1];
  const name = at === undefined ? undefined : organizationAt(at, predicate.tellsNames)?.name;
  return [
    ...draft("works", timeless(thing(field) ?? "") || undefined, predicate),
    ...draft("works_at", name, predicate),
  ];
}

/** "left my job at Acme", "was fired"; "left" alone needs a name, or it is a door that was left. */
function leftJob(rest: string, predicate: Predicate, said: string): readonly Draft[] {
  if (predicate.isDenied) return [];
  const name = organizationAt(rest, predicate.tellsNames)?.name;
  if (name === undefined && said === "left") return [];
  const text =
    name === undefined
      ? said
      : said === "left"
        ? `left ${name}`
        : `${said} ${said.endsWith("job") ? "at" : "from"} ${name}`;
  return worded(draft("left_job", name ?? "", predicate), text);
}

/** "at MIT", "to the University of Oslo". */
function studiesAt(rest: string, predicate: Predicate): readonly Draft[] {
  const found = organizationAt(rest.replace(/^(?:at|in|to)\s+/u, ""), predicate.tellsNames);
  return draft("studies_at", found?.name, predicate);
}

/** "law and history at Oslo"; "hard", "for the exam" and "with Tom" are no subjects. */
function studies(rest: string, predicate: Predicate): readonly Draft[] {
  if (/^(?:for|with|hard|every|all|a lot|until|till|on)\b/u.test(rest)) return [];
  const [subject = "", school] = rest.split(/\s+at\s+(?=the\s+\p{Lu}|\p{Lu}|\p{Ll}+$)/u);
  const name = school === undefined ? undefined : organizationAt(school, predicate.tellsNames)?.name;
  const values = things(subject)?.map((value) => timeless(value));
  return [
    ...drafts("studies", values, predicate),
    ...draft("studies_at", values === undefined ? undefined : name, predicate),
  ];
}

/** "a nurse from Cardiff", "a student at MIT", "a father": what somebody is for long. */
function isA(rest: string, predicate: Predicate): readonly Draft[] {
  const role = rest
    .replace(ROLE_END, "")
    .replace(/\s*[.!;,(\p{Extended_Pictographic}].*$/u, "")
    .replace(/\s+(?:lol|too|myself|haha|as well)$/u, "")
    .trim();
  const after = rest.slice(role.length);
  if (EVALUATED.test(role) || role === "" || /^\s+(?:of|for)\s+(?:this|that|the|my|your)\b/u.test(after)) return [];
  const from = predicate.isDenied ? undefined : /^\s*,?\s+from\s+(.*)$/u.exec(after)?.[1];
  const origin = from === undefined ? undefined : placeAt(from, predicate.tellsNames)?.place;
  const at = predicate.isDenied ? undefined : /^\s+(?:at|for)\s+(.*)$/u.exec(after)?.[1];
  const employer = at === undefined ? undefined : organizationAt(at, predicate.tellsNames)?.name;
  const rests = draft("comes_from", origin, predicate);
  if (/^(?:\p{L}+\s+){0,2}student$/iu.test(role))
    return [
      ...worded(draft("studies", "", predicate), `is ${predicate.isDenied ? "not " : ""}a ${role}`),
      ...draft("studies_at", employer, predicate),
      ...rests,
    ];
  if (!isTrade(role) && !isLastingRole(role)) return [];
  return [...draft("is", withArticle(role), predicate), ...draft("works_at", employer, predicate), ...rests];
}

function withArticle(noun: string): string {
  return `${/^[aeiou]/iu.test(noun) ? "an" : "a"} ${noun}`;
}

/** "my boyfriend Sam" as others say it: "their boyfriend Sam". */
function theirs(rest: string): string | undefined {
  const value = rest
    .replace(/^(?:my|our)\s+/u, "their ")
    .replace(ROLE_END, "")
    .replace(/[\s.!,;].?$/u, "");
  const noun = /^their\s+(?:\p{Ll}+\s+)?(\p{Ll}+)/u.exec(value)?.[1];
  if (noun === undefined && !/^(?:an?|two|three|four|\d)\s/u.test(value) && !/^\p{Lu}/u.test(value)) return undefined;
  if (noun !== undefined && !isPartner(noun) && !/^\p{Ll}/u.test(noun)) return undefined;
  return isMeaningful(value.replace(/^their /u, "")) ? value : undefined;
}

function nameAt(rest: string): string | undefined {
  return /^\p{Lu}[\p{L}\p{M}'’-]*(?:\s+\p{Lu}[\p{L}\p{M}'’-]*){0,2}/u.exec(rest)?.[0];
}

/** What is taught is a subject, no name of a person. */
function uncapped(value: string | undefined): string | undefined {
  return value === undefined || ARTICLE.test(value) ? undefined : value.replace(/\s+(?:at|in|to)\s.*$/u, "");
}
