import { z } from "zod";
import { Failure } from "../core/failure.ts";
import { parseJson } from "../core/json.ts";
import { cut } from "../core/text.ts";
import { NANOS_PER_USD } from "./limit.ts";

/** What tokens cost, in US dollars for a million of them. */
interface Rate {
  readonly input: number;
  readonly output: number;
  /** Of input that the provider had in its cache; `input` where it says nothing. */
  readonly cached_input?: number | undefined;
  /** Of input that the provider put into its cache; `input` where it says nothing. */
  readonly cache_write?: number | undefined;
}

/** What tokens of a model cost. */
export interface Price extends Rate {
  /** What all of a call's tokens cost where its input is more than `over`. */
  readonly long?: (Rate & { readonly over: number }) | undefined;
}

/** What models cost, as of a day. */
export interface PriceTable {
  /** The day on which the prices were taken, `2026-11-30`. */
  readonly takenAt: string;
  /** By the model's handle, with or without a date at its end. */
  readonly models: ReadonlyMap<string, Price>;
}

/** Tokens as they are priced. `prompt` holds `cached` and `cacheWrite`. */
export interface PricedTokens {
  readonly prompt: number;
  readonly completion: number;
  readonly cached: number;
  readonly cacheWrite: number;
}

/** Models that a table may name. */
const MODELS_MAX = 10_000;
/** The highest price that is believed, in dollars for a million tokens. */
const PRICE_MAX = 100_000;
const SHOWN_CHARS_MAX = 100;

const Usd = z.number(`should be a number from 0 to ${PRICE_MAX}`).min(0, `should not be negative`).max(PRICE_MAX);
const rate = { input: Usd, output: Usd, cached_input: Usd.optional(), cache_write: Usd.optional() };
const PriceShape = z.strictObject({
  ...rate,
  long: z.strictObject({ ...rate, over: z.int("should be a number of tokens").positive() }).optional(),
});
const TableShape = z.strictObject({
  taken_at: z.iso.date("should be a day, such as 2026-11-30"),
  usd_per_million_tokens: z
    .record(z.string().min(1).max(200), PriceShape)
    .refine((models) => Object.keys(models).length <= MODELS_MAX, `may name ${MODELS_MAX} models at most`),
});

/**
 * Reads a table of prices. Throws an `invalid` Failure that names the file, the model and the field for whatever is wrong:
 * a wrong price is money, so nothing is guessed.
 */
export function readPrices(text: string, file: string): PriceTable {
  const value = parseJson(text);
  if (value === undefined) throw new Failure("invalid", `${file} is not JSON`);
  const read = TableShape.safeParse(value);
  if (read.success) {
    const { taken_at, usd_per_million_tokens } = read.data;
    return { takenAt: taken_at, models: new Map(Object.entries(usd_per_million_tokens)) };
  }
  const [issue] = read.error.issues;
  const keys = issue?.code === "unrecognized_keys" ? issue.keys : [];
  const path = [...(issue?.path ?? []), ...keys.slice(0, 1)].map(String);
  const shown = cut(JSON.stringify(valueAt(value, path)) ?? "nothing", SHOWN_CHARS_MAX);
  const what = keys.length > 0 ? "is no field of a price table" : (issue?.message ?? "is wrong");
  throw new Failure("invalid", `${file}: ${path.join(" > ") || "the table"} ${what}, got ${shown}`);
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, name) => (typeof at === "object" && at !== null ? Reflect.get(at, name) : undefined),
    value,
  );
}

const DATE_AT_END = /-(?:\d{8}|\d{4}-\d{2}-\d{2})$/;

/** The price of a model by its handle; undefined where nobody knows it. */
export function priceOf({ models }: PriceTable, handle: string | null): Price | undefined {
  return handle === null ? undefined : (models.get(handle) ?? models.get(handle.replace(DATE_AT_END, "")));
}

/** Billionths of a dollar for a token, where a million of them cost a dollar. */
const NANOS_PER_TOKEN = NANOS_PER_USD / 1_000_000;
/** What is less than this above a whole number is the rounding of doubles. */
const FUZZ = 1e-6;

/**
 * What tokens cost, in billionths of a dollar, rounded up. More is not read from caches, or put there, than there was to
 * read, whatever a provider says.
 */
export function costOf(price: Price, { prompt, completion, ...counted }: PricedTokens): number {
  const { input, output, cached_input = input, cache_write = input } = rateOf(price, prompt);
  const cached = Math.min(counted.cached, prompt);
  const cacheWrite = Math.min(counted.cacheWrite, prompt - cached);
  const plain = prompt - cached - cacheWrite;
  const usd = plain * input + cached * cached_input + cacheWrite * cache_write + completion * output;
  return Math.ceil(usd * NANOS_PER_TOKEN - FUZZ);
}

/** The most that so many tokens can cost, whatever of the input is cached. */
export function costAtMost(
  price: Price,
  { input, output }: { readonly input: number; readonly output: number },
): number {
  const rate = rateOf(price, input);
  const { cached_input = rate.input, cache_write = rate.input } = rate;
  const dearest = Math.max(rate.input, cached_input, cache_write);
  return Math.ceil((input * dearest + output * rate.output) * NANOS_PER_TOKEN - FUZZ);
}

function rateOf(price: Price, input: number): Rate {
  return price.long !== undefined && input > price.long.over ? price.long : price;
}
