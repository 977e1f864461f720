import { wordSet } from "../facts/evolution/sets.ts";

/** Kin, friends and others by what they are to somebody; M and F tell who "he" and "she" can be. */
const MEN = wordSet(`father dad daddy papa brother son husband boyfriend grandfather grandpa granddad uncle nephew
  stepfather stepdad stepson fiancé godfather grandson father-in-law brother-in-law son-in-law`);
const WOMEN = wordSet(`mother mom mum mommy mummy mama sister daughter wife girlfriend grandmother grandma granny aunt
  niece stepmother stepmom stepdaughter fiancée godmother granddaughter mother-in-law sister-in-law daughter-in-law`);
const OTHERS = wordSet(`partner spouse fiance fiancee kid child baby toddler cousin friend buddy mate roommate flatmate
  housemate neighbour neighbor boss manager supervisor colleague coworker co-worker teammate mentor teacher tutor coach
  doctor dentist therapist lawyer accountant landlord landlady assistant intern client customer student professor
  twin sibling parent grandparent grandchild grandkid relative ex assistant nanny babysitter trainer`);
const PETS =
  wordSet(`dog puppy cat kitten hamster rabbit bunny parrot bird budgie canary horse pony goldfish fish turtle
  tortoise guinea-pig snake lizard ferret pet chicken goat cow pig sheep donkey rat mouse gecko`);
const GROUPS = wordSet(
  "family parents kids children grandparents team brothers sisters sons daughters friends siblings twins",
);
/** Of whom one has one at a time. */
const UNIQUE =
  wordSet(`mother mom mum mommy mummy father dad daddy papa husband wife spouse partner boyfriend girlfriend
  fiancé fiancée fiance fiancee boss manager supervisor landlord landlady mother-in-law father-in-law`);
const PARTNERS = wordSet("husband wife spouse partner boyfriend girlfriend fiancé fiancée fiance fiancee");

/** Whether the noun is a person or an animal of somebody's: "sister", "cat". */
export function isCompanion(noun: string): boolean {
  return isPerson(noun) || PETS.has(noun);
}

/** Whether the noun is an animal that somebody has. */
export function isPet(noun: string): boolean {
  return PETS.has(noun);
}

/** Whether the noun is a person that somebody has: "sister", "boss". */
export function isPerson(noun: string): boolean {
  return MEN.has(noun) || WOMEN.has(noun) || OTHERS.has(noun);
}

/** Whether the noun is several people at once: "parents", "team". */
export function isGroup(noun: string): boolean {
  return GROUPS.has(noun);
}

/** Whether one speaks of the noun in the plural: "parents", but no "team". */
export function isPlural(noun: string): boolean {
  return GROUPS.has(noun) && noun !== "team" && noun !== "family";
}

/** Whether somebody has one such person at a time. */
export function isUniquePerson(noun: string): boolean {
  return UNIQUE.has(noun);
}

/** Whether the noun is whom somebody loves or is married to. */
export function isPartner(noun: string): boolean {
  return PARTNERS.has(noun);
}

/** Whether "he", "she", "it" or "they" can mean the noun. */
export function canBe(pronoun: string, noun: string): boolean {
  if (pronoun === "they" || pronoun === "their") return isCompanion(noun) || isGroup(noun);
  if (isGroup(noun)) return false;
  if (pronoun === "he" || pronoun === "his") return !WOMEN.has(noun) && isCompanion(noun);
  if (pronoun === "she" || pronoun === "her") return !MEN.has(noun) && isCompanion(noun);
  return PETS.has(noun);
}

/** Trades by their last word. */
const TRADES = wordSet(`accountant actor actress actuary administrator analyst anthropologist archaeologist architect
  archivist artist astronaut astronomer athlete attorney auditor author baker banker barber barista bartender beekeeper
  biologist blacksmith bookkeeper bookseller botanist bricklayer broker builder butcher butler cabinetmaker cameraman
  caretaker carer caregiver carpenter cashier chef chemist chiropractor cleaner clerk coach coder columnist composer
  conductor confectioner consultant contractor cook copywriter counsellor counselor courier curator dancer dentist
  designer detective developer dietitian diplomat director dj doctor docent driver economist editor electrician engineer
  entrepreneur estate-agent farmer filmmaker firefighter fisherman florist freelancer gardener geologist glazier
  goldsmith graphic-designer guard guide hairdresser handyman historian housekeeper illustrator inspector instructor
  interpreter investor janitor jeweller jeweler joiner journalist judge lab-technician landscaper lawyer lecturer
  librarian lifeguard linguist locksmith machinist magician manager marketer mason mathematician mechanic
  meteorologist midwife miner minister model musician nanny neurologist novelist nurse nutritionist officer optician
  optometrist orthodontist painter paediatrician paralegal paramedic pastor pathologist pediatrician pharmacist
  philosopher photographer physician physicist physiotherapist pianist pilot plumber podcaster poet policeman
  policewoman politician porter postman potter priest principal producer professor programmer proofreader
  psychiatrist psychologist publisher radiologist realtor receptionist recruiter referee reporter researcher roofer
  sailor salesman salesperson saleswoman scientist sculptor seamstress secretary shepherd shopkeeper singer
  social-worker sociologist soldier solicitor statistician stewardess steward stylist surgeon surveyor tailor teacher
  technician technologist tester therapist trader trainer translator tutor upholsterer vet veterinarian waiter
  waitress watchmaker weaver welder writer worker youtuber zoologist ceo cto cfo intern apprentice trainee undertaker
  lorry-driver paramedic dispatcher planner strategist`);
const FAMILY_ROLES = wordSet(`father mother dad mom mum parent grandfather grandmother grandparent widow widower twin
  uncle aunt godfather godmother stepfather stepmother`);
const HABITS = wordSet(
  "smoker non-smoker nonsmoker teetotaller teetotaler insomniac introvert extrovert minimalist expat immigrant refugee veteran pensioner",
);
const FAITHS = wordSet(`muslim christian catholic protestant jewish hindu buddhist sikh atheist agnostic mormon orthodox
  quaker baptist lutheran anglican methodist`);
const DIETS = wordSet("vegan vegetarian pescatarian flexitarian fruitarian omnivore vegetarians vegans carnivore");
const NATIONS =
  wordSet(`american argentinian argentine australian austrian bangladeshi belgian bolivian brazilian british
  bulgarian cambodian canadian chilean chinese colombian croatian cuban czech danish dutch ecuadorian egyptian english
  estonian ethiopian filipino finnish french georgian german ghanaian greek hungarian icelandic indian indonesian
  iranian iraqi irish israeli italian jamaican japanese jordanian kenyan korean lebanese latvian lithuanian malaysian
  maltese mexican moroccan nepali nigerian norwegian pakistani palestinian peruvian polish portuguese romanian russian
  saudi scottish senegalese serbian singaporean slovak slovenian somali spanish swedish swiss syrian taiwanese
  tanzanian thai tunisian turkish ugandan ukrainian uruguayan venezuelan vietnamese welsh zimbabwean catalan basque
  kurdish persian arab african asian european`);
/** Adjectives that stay true of somebody. */
const LASTING =
  /^(?:(?:[a-z]+[- ])?(?:intolerant|allergic)|left[- ]handed|right[- ]handed|ambidextrous|colou?r[- ]?blind|short[- ]sighted|near[- ]sighted|deaf|blind|dyslexic|autistic|diabetic|epileptic|asthmatic|an(?:a)?emic|hard of hearing|pregnant|retired|unemployed|self[- ]employed|gay|lesbian|bisexual|asexual|trans(?:gender)?|non[- ]?binary|bilingual|trilingual|gluten[- ]free|kosher|halal|teetotal|an only child|the (?:eldest|youngest|oldest)(?: of \p{L}+)?|a (?:morning|night|cat|dog) (?:person|owl)|a night owl|an early bird|(?:about |around )?\d[\d.,]* ?(?:m|cm|metres|meters|feet|ft|foot)(?: \d+)?(?: tall)?)$/iu;

/** Whether the noun, its last word, is a trade. */
export function isTrade(noun: string): boolean {
  const word = lastWord(noun);
  return TRADES.has(word) || /(?:ologist|ographer|ician|iatrist|ographer|smith|wright)$/u.test(word);
}

/** What somebody is by a noun that stays true. */
export function isLastingRole(noun: string): boolean {
  const word = lastWord(noun);
  return FAMILY_ROLES.has(word) || HABITS.has(word) || FAITHS.has(word);
}

/** Whether the word says where somebody is from. */
export function isNationality(word: string): boolean {
  return NATIONS.has(word.toLowerCase());
}

/** Whether the word says what somebody believes. */
export function isFaith(word: string): boolean {
  return FAITHS.has(word.toLowerCase());
}

/** Whether the word says what somebody eats. */
export function isDiet(word: string): boolean {
  return DIETS.has(word.toLowerCase());
}

/** Whether the words say what somebody is for long. */
export function isLasting(words: string): boolean {
  return LASTING.test(words);
}

/** The last word, lowercase. */
export function lastWord(words: string): string {
  return (words.toLowerCase().trim().split(/\s+/u).at(-1) ?? "").replace(/'s$/u, "");
}
