/** What may stand before the verb of a request. */
const POLITE =
  "(?:(?:please|pls|ok(?:ay)?|so|now|hey|hi|hello|well|and|then|also|great|thanks|let's|lets|can you|could you|would you|will you|i want you to|i'd like you to|help me(?: to)?)[\\s,!.]+)*";
const SUPPOSED = new RegExp(
  `^${POLITE}(?:suppose|supposing|imagine|imagining|pretend|assume|assuming|picture|hypothetically|theoretically|what if|say(?=,?\\s+(?:I|my|we)\\b)|let's say|(?:let's|lets|let us) (?:say|pretend|imagine|assume|suppose|play|role-?play)|role-?play|(?:say|pretend|imagine|assume|suppose)\\b|act as|you are (?:now )?(?:an?|the|my)\\b|you're (?:now )?(?:an?|the|my)\\b|once upon a time|from now on you|as a joke|for (?:fun|instance|example)|example)\\b`,
  "iu",
);
/** "In this game", "for the exercise", "in my novel". */
const STAGED =
  /^(?:so\s+|and\s+|ok(?:ay)?\s*,?\s+)?(?:in|for|during|within|on)\s+(?:this|the|my|our|a|an|that|your|his|her|today's)\s+(?:[\p{L}-]+\s+){0,3}?(?:games?|stor(?:y|ies)|novel|book|films?|movie|dream|play|poem|song|exercise|scenario|role-?play|simulation|example|test|scene|script|campaign|world|dialogue|sketch|sitcom|series|show|chapter|comic|fanfic|improv|experiment|case study|essay|letter|ad|advert|sake of)\b/iu;
/** Work on a text that the speaker gives: that text is not about the speaker. */
const TEXT_WORK = new RegExp(
  `^${POLITE}(?:translate|correct|proof-?read|rewrite|rephrase|paraphrase|reword|summari[sz]e|conjugate|continue|complete|finish|edit|fix|improve|shorten|polish|check|repeat|quote|transcribe|analy[sz]e|classify|parse|spell-?check|convert|format|explain|expand|extract|parody|write|draft|compose|reply to|respond to|answer|read|comment on|review|grade|rate|what (?:does|do|is|are)|how (?:do|would) (?:you|i) (?:say|translate|write)|is (?:this|the following))\\b`,
  "iu",
);
/** A request that points to what stands around it: "this", "the following", "my English". */
const POINTS =
  /\b(?:this|these|that|it|the following|following|below|above|sentences?|text|paragraph|e-?mails?|letter|message|my (?:english|german|french|spanish|grammar|spelling|text|essay|sentence|writing|cover letter|draft|translation|homework|code))\b/iu;
/** Pointing back: what was said before was somebody's text, a joke or a mistake. */
const TAKEN_BACK =
  /\b(?:(?:just|only|was|am|'m|totally) (?:kidding|joking|messing|teasing|pulling your leg)|jk|(?:that|it|this) (?:is|was|isn't|wasn't) (?:just |only |not |all )?(?:a |an )?(?:joke|lie|test|example|quote|true|lyrics?|typo|prank)|that(?:'s| is| was) (?:not true|what .{1,40} (?:wrote|said|told|texted|claims?|thinks?))|(?:ignore|(?<!(?:n't|not) )forget|scratch|disregard) (?:that|this|what I (?:just )?(?:said|wrote|told)|the above|all that)|april fools?|not really (?:true|though))\b/iu;
const WHOLE_BACK =
  /^\P{L}*(?:(?:please|pls|can you|could you|now)[\s,]+)*(?:translate|correct|proof-?read|rewrite|rephrase|paraphrase|reword|summari[sz]e|shorten|polish|conjugate)\s+(?:it|them)\b/iu;
const POINTS_BACK =
  /\b(?:this|that|the above|these sentences|the sentence|above|my (?:english|german|french|spanish|grammar|spelling|sentence))\b/iu;
/** Where a saying begins that is not the speaker's own, in a clause that others follow. */
const GOVERNING =
  /(?<![\p{L}])(?:say|says|said|saying|tell|tells|told|telling|think|thinks|thought|believes?|believed|claims?|claimed|according|suppose|imagine|pretend|if|unless|whether|wish|wishes|hope|hopes|hoping|dreams?|dreamt|dreamed|dreaming|as though|write|writes|wrote|written|text(?:s|ed)|ask|asks|asked|wonder|wonders|wondering|guess|guesses|jokes?|joked|joking|kidding|lies|lied|heard|hears|reads|sings|sang|goes like|went like|shouted|replied|answered|explained|insists?|insisted|swears?|assumes?|assumed|feels like|seems|sounds like|maybe|perhaps|lyrics?|quote|quotes|character|hero|heroine|protagonist|narrator|I'll be (?:the|an?|your)|I'll play|you be|you'll be|not because|just because|only because|instead of saying)(?![\p{L}])/iu;

/** Whether from here on nothing is the speaker's own: something is supposed, played or told. */
export function isSupposed(sentence: string): boolean {
  return SUPPOSED.test(sentence) || STAGED.test(sentence);
}

/** Whether the sentence asks for work on a text that stands around it. */
export function isTextWork(sentence: string): boolean {
  return TEXT_WORK.test(sentence);
}

/** Whether such a request points to words that were given before it. */
export function pointsBack(sentence: string): boolean {
  return WHOLE_BACK.test(sentence) || (TEXT_WORK.test(sentence) && POINTS_BACK.test(sentence));
}

/** Whether such a request points to words at all. */
export function pointsToWords(sentence: string): boolean {
  return TEXT_WORK.test(sentence) && POINTS.test(sentence);
}

/** Whether the sentence takes back what was said before it. */
export function takesBack(sentence: string): boolean {
  return TAKEN_BACK.test(sentence);
}

/** Whether what follows the clause may be somebody else's words, or only thought. */
export function governs(clause: string): boolean {
  return GOVERNING.test(clause);
}
