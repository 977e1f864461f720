import { Failure } from "../../core/failure.ts";

/** What the command line says of people and keys, each as it was written. */
export interface PeopleOptions {
  readonly role?: string | undefined;
  readonly scopes?: string | undefined;
  readonly agents?: string | undefined;
  readonly models?: string | undefined;
  readonly identity?: string | undefined;
  readonly expires?: string | undefined;
  readonly overlap?: string | undefined;
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly org?: string | undefined;
  readonly user?: string | undefined;
  readonly service?: boolean | undefined;
  readonly password?: boolean | undefined;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800, y: 31_536_000 };

/** Seconds of a time such as `90d`, `12h` or `30m`; throws a `refused` Failure for what is none. */
export function secondsOf(option: string, text: string): number {
  const [, digits, unit = ""] = /^(\d{1,9})([smhdwy])$/.exec(text) ?? [];
  const seconds = Number(digits) * (UNITS[unit] ?? Number.NaN);
  if (digits !== undefined && seconds > 0) return seconds;
  throw new Failure("refused", `--${option} must be a time such as 90d, 12h or 30m, got '${text}'`);
}

/** What a list that is written with commas holds; undefined where there is none. */
export function listOf(text: string | undefined): readonly string[] | undefined {
  return text
    ?.split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** What narrows somebody, as the API takes it. */
export function narrowingOf({ scopes, agents, models, identity }: PeopleOptions): object {
  const lists = { scopes: listOf(scopes), agents: listOf(agents), models: listOf(models), identity_id: identity };
  return Object.fromEntries(Object.entries(lists).filter(([, value]) => value !== undefined));
}
