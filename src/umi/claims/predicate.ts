/** Who is the subject, as far as its verb shows it. */
export type Agreement = "speaker" | "one" | "many";

/** What a clause says of its subject: the verb phrase, its auxiliaries and adverbs taken off. */
export interface Predicate {
  /** "do" likes tea, "be" is a nurse, "past" moved to Rome or has moved there. */
  readonly form: "do" | "be" | "past";
  readonly words: string;
  readonly isDenied: boolean;
  /** "cannot" where the denial is one of being able. */
  readonly isUnable: boolean;
  /** Whether it says that this is so now, or the only one: "now", "only". */
  readonly isChange: boolean;
  readonly agreement: Agreement;
  /** Whether capitals tell names from other words here. */
  readonly tellsNames: boolean;
}

/** Auxiliaries and adverbs before a verb. */
const MODIFIERS_MAX = 8;
const ADVERB =
  /^(?:really|just|also|still|now|currently|recently|lately|always|often|usually|both|actually|only|mostly|mainly|definitely|absolutely|truly|simply|already|generally|personally|normally|sometimes|regularly|finally|officially|originally|happily|proudly|very|quite|pretty|super|totally|kinda|sort of|kind of|basically|all|each|honestly|literally|proud to|mainly|primarily|even|secretly|too)\s+/iu;
const CHANGE = /^(?:now|currently|finally|only|officially)\s/iu;
const BE: Readonly<Record<Agreement, RegExp>> = {
  speaker: /^(?:'m|am|'re|are)\s+/iu,
  one: /^(?:'s|is)\s+/iu,
  many: /^(?:'re|are)\s+/iu,
};
const HAVE: Readonly<Record<Agreement, RegExp>> = {
  speaker: /^(?:'ve|have)\s+/iu,
  one: /^(?:'s|has)\s+/iu,
  many: /^(?:'ve|have)\s+/iu,
};
/** "have got" says what "have" does; "'s got" too. */
const GOT = /^(?:'ve|have|'s|has)\s+got\s+(?!(?:married|engaged|divorced|hired|laid|fired|sacked|rid|to)\b)/iu;
const PARTICIPLE =
  /^(?:(?:just|recently|also|already|always|finally|now|since)\s+)*(?:moved|relocated|joined|been|got|gotten|visited|travell?ed|adopted|bought|given|stopped|quit|left|sold|started|switched|migrated|retired|graduated|lost|turned|become|dropped|resigned|gone)\b/iu;
const DENIALS: Readonly<Record<Agreement, RegExp>> = {
  speaker: /^(?:don't|do not|never|no longer|not)\s+/iu,
  one: /^(?:doesn't|does not|never|no longer|not)\s+/iu,
  many: /^(?:don't|do not|never|no longer|not)\s+/iu,
};
const IS_NOT: Readonly<Record<Agreement, RegExp>> = {
  speaker: /^aren't\s+/iu,
  one: /^isn't\s+/iu,
  many: /^aren't\s+/iu,
};
const UNABLE = /^(?:can't|cannot|can not|can no longer)\s+/iu;
const STRESSED =
  /^(?:do|does)\s+(?=(?:really\s+|also\s+)?(?:like|love|enjoy|live|work|have|speak|play|eat|drink|own|use|know|prefer|hate|study|teach)\b)/iu;
const ABLE = /^can\s+(?=(?:speak|play)\b)/iu;
const PAST =
  /^(?:moved|relocated|joined|started|got|gotten|been|visited|went|travell?ed|spent|adopted|bought|stopped|quit|left|resigned|sold|gave|given|switched|migrated|dropped|ditched|retired|graduated|lost|turned|became|married|was|were|grew|broke|split|divorced|separated|died|passed|ran|renamed|rescued|inherited|named|become|gone)\b/iu;
/** What nobody claims: wishes, guesses, habits that are over. */
const UNCLAIMED =
  /^(?:would|'d|might|may|could|should|will|'ll|won't|must|used to|want|wanna|wish|hope|almost|nearly|probably|possibly|maybe|perhaps|hardly|barely|rarely|seldom|supposedly|apparently|never ever|had|ever|to)\b/iu;

/** A verb phrase while what stands before its verb is taken off. */
interface Taking {
  words: string;
  form: Predicate["form"] | undefined;
  isDenied: boolean;
  isUnable: boolean;
  isChange: boolean;
  readonly agreement: Agreement;
}

/** Reads what follows a subject; undefined when it claims nothing plainly. */
export function predicateOf(rest: string, agreement: Agreement, tellsNames: boolean): Predicate | undefined {
  const taking: Taking = {
    words: rest.trimStart(),
    form: undefined,
    isDenied: false,
    isUnable: false,
    isChange: false,
    agreement,
  };
  for (let count = 0; count < MODIFIERS_MAX && takeOne(taking); count++);
  if (taking.words === "" || UNCLAIMED.test(taking.words)) return undefined;
  return { ...taking, form: taking.form ?? (PAST.test(taking.words) ? "past" : "do"), tellsNames };
}

/** Takes one adverb, auxiliary or denial off; false when the verb is reached. */
function takeOne(taking: Taking): boolean {
  const { words } = taking;
  if (ADVERB.test(words)) {
    taking.isChange ||= CHANGE.test(words);
    taking.words = words.replace(ADVERB, "");
  } else if (!takeDenial(taking) && !takeAuxiliary(taking))
    taking.words = words.replace(STRESSED, "").replace(ABLE, "");
  return taking.words !== words;
}

/** "cannot" also tells that somebody is unable, which is not the same as not doing it. */
function takeDenial(taking: Taking): boolean {
  const denial = [UNABLE, DENIALS[taking.agreement]].find((pattern) => pattern.test(taking.words));
  if (denial === undefined) return false;
  taking.isDenied = true;
  taking.isUnable ||= denial === UNABLE;
  taking.words = taking.words.replace(denial, "");
  return true;
}

/** "has moved", "is", "have got": it decides how the rest is read, so only the first counts. */
function takeAuxiliary(taking: Taking): boolean {
  const { words, agreement, form } = taking;
  if (form !== undefined) return false;
  const got = words.replace(GOT, "");
  if (got !== words) {
    taking.words = `have ${got}`;
    taking.form = "do";
    return true;
  }
  const done = words.replace(HAVE[agreement], "");
  if (done !== words && PARTICIPLE.test(done)) {
    taking.form = "past";
    taking.words = done;
    return true;
  }
  const isNot = IS_NOT[agreement].test(words);
  if (!isNot && !BE[agreement].test(words)) return false;
  taking.form = "be";
  taking.isDenied ||= isNot;
  taking.words = words.replace(isNot ? IS_NOT[agreement] : BE[agreement], "");
  return true;
}
