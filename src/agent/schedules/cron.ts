import { CronDate, CronPattern } from "croner";
import { type Civil, civilOf, secondsOf } from "../../core/civil.ts";
import { Failure } from "../../core/failure.ts";
import { cut } from "../../core/text.ts";

/** The longest expression that is read. */
export const EXPRESSION_CHARS_MAX = 200;
/** Characters of an expression that a refusal shows. */
const SHOWN_CHARS = 80;
/** Where a day of the month and a day of the week are both named, either of them will do, as in every cron. */
const OPTIONS = { domAndDow: false };

/** When something is due by the clock on a wall, whatever zone the wall is in. */
export interface Cron {
  /** Whether it names every hour of a day, and so goes on through an hour that comes twice. */
  readonly isEveryHour: boolean;
  /** The first time after this one, both in seconds of a clock (see `secondsOf`); null where there is none. */
  next(afterSeconds: number): number | null;
}

/**
 * Reads five fields of cron (minutes are the finest), or a word such as `@daily`. Throws a `refused` Failure for what is
 * none, and for what is never due.
 */
export function readCron(expression: string): Cron {
  const pattern = patternOf(expression);
  const cron: Cron = {
    isEveryHour: pattern.hour.every((isNamed) => isNamed === 1),
    next(afterSeconds) {
      // With its zone in the text, and none beside it: nothing of the machine's own zone has a say.
      const found = new CronDate(textOf(civilOf(afterSeconds)), 0).increment(pattern, OPTIONS, true);
      return found === null ? null : secondsOf({ ...fieldsOf(found), month: found.month + 1 });
    },
  };
  return cron;
}

function patternOf(expression: string): CronPattern {
  const text = expression.trim();
  if (text.length > EXPRESSION_CHARS_MAX)
    throw new Failure("refused", `The cron expression has more than ${EXPRESSION_CHARS_MAX} characters`);
  try {
    return new CronPattern(text, undefined, { mode: "5-part" });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/^CronPattern: /, "") : String(cause);
    throw new Failure(
      "refused",
      `'${cut(text, SHOWN_CHARS)}' is no cron expression (${cut(why, EXPRESSION_CHARS_MAX)}). It has five fields: minute, hour, day of the month, month, day of the week; '0 9 * * 1-5' is nine o'clock on working days. Once a minute is the most`,
      { cause },
    );
  }
}

function fieldsOf({ year, month, day, hour, minute, second }: CronDate): Civil {
  return { year, month, day, hour, minute, second };
}

function textOf({ year, month, day, hour, minute, second }: Civil): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}Z`;
}
