const MONTHS = "january february march april may june july august september october november december".split(" ");
const WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split(" ");
const NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve".split(" ");
const SEASON_STARTS: Readonly<Record<string, number>> = { spring: 3, summer: 6, fall: 9, autumn: 9, winter: 12 };
/** How long an English name of a month must be written at least. */
const ABBREVIATION_CHARS = 3;

/** A month's name or usual abbreviation, as part of a pattern. */
export const MONTH_PATTERN =
  "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";
/** A weekday's name, as part of a pattern. */
export const WEEKDAY_PATTERN = WEEKDAYS.join("|");
/** A season's name, as part of a pattern. */
export const SEASON_PATTERN = Object.keys(SEASON_STARTS).join("|");
/** A small number in digits or English, as part of a pattern. */
export const COUNT_PATTERN = `\\d{1,3}|an?|${NUMBERS.slice(1).join("|")}|couple of|a couple of|few|a few|several`;

/** The month of an English name or abbreviation, 1 to 12. */
export function monthOf(name: string): number {
  return MONTHS.findIndex((month) => month.startsWith(name.slice(0, ABBREVIATION_CHARS))) + 1;
}

/** The weekday of an English name, 0 for Monday. */
export function weekdayOf(name: string): number {
  return WEEKDAYS.indexOf(name);
}

/** The month in which a northern season begins. */
export function seasonStart(name: string): number {
  return SEASON_STARTS[name] ?? 1;
}

/** The number that a text matched by {@link COUNT_PATTERN} means, and whether it means only roughly that. */
export function countOf(text: string): { readonly count: number; readonly isRough: boolean } {
  if (/^\d/.test(text)) return { count: Number(text), isRough: false };
  if (/couple|few|several/.test(text)) return { count: text.includes("couple") ? 2 : 4, isRough: true };
  const count = NUMBERS.indexOf(text);
  return { count: count === -1 ? 1 : count, isRough: false };
}
