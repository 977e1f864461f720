/** A date and time of day on some clock's face, in the Gregorian calendar extended to all years. */
export interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const SECONDS_PER_DAY = 86_400;
/** The calendar repeats every 400 years, which is this many days. */
const DAYS_PER_ERA = 146_097;
/** Days from 1 March of the year 0, where the arithmetic starts, to the epoch. */
const EPOCH_DAYS = 719_468;

/** Seconds from 1970-01-01T00:00:00 to that reading of the clock, on the same clock. */
export function secondsOf(civil: Civil): number {
  const days = daysOf(civil.year, civil.month, civil.day);
  return days * SECONDS_PER_DAY + civil.hour * 3600 + civil.minute * 60 + civil.second;
}

/** What a clock shows that many seconds (whole, may be negative) after 1970-01-01T00:00:00. */
export function civilOf(seconds: number): Civil {
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  const rest = seconds - days * SECONDS_PER_DAY;
  const shifted = days + EPOCH_DAYS;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
    hour: Math.floor(rest / 3600),
    minute: Math.floor(rest / 60) % 60,
    second: rest % 60,
  };
}

/** Whether there is such a day, and such a time in it. */
export function isCivil(civil: Civil): boolean {
  const again = civilOf(secondsOf(civil));
  const sameDay = again.year === civil.year && again.month === civil.month && again.day === civil.day;
  return sameDay && again.hour === civil.hour && again.minute === civil.minute && again.second === civil.second;
}

function daysOf(year: number, month: number, day: number): number {
  const yearFromMarch = month <= 2 ? year - 1 : year;
  const era = Math.floor(yearFromMarch / 400);
  const yearOfEra = yearFromMarch - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - EPOCH_DAYS;
}
