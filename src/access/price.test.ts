import { expect, test } from "bun:test";
import { costAtMost, costOf, priceOf, readPrices } from "./price.ts";
import SHIPPED from "./prices.json" with { type: "json" };

const table = (models: unknown, taken_at: unknown = "2026-11-30") =>
  readPrices(JSON.stringify({ taken_at, usd_per_million_tokens: models }), "prices.json");

test("readPrices() takes the table that is shipped", () => {
  expect(readPrices(JSON.stringify(SHIPPED), "prices.json").models.size).toBeGreaterThan(30);
});

test("readPrices() names file, model and field of what is wrong", () => {
  const wrong = (models: unknown, taken_at?: unknown) => {
    try {
      table(models, taken_at);
    } catch (error) {
      return (error as Error).message;
    }
    return "taken";
  };
  expect(wrong({ "a/b": { input: -1, output: 1 } })).toBe(
    "prices.json: usd_per_million_tokens > a/b > input should not be negative, got -1",
  );
  expect(wrong({ "a/b": { input: 1 } })).toContain("a/b > output should be a number from 0 to 100000, got nothing");
  expect(wrong({ "a/b": { input: "1", output: 1 } })).toContain(
    'a/b > input should be a number from 0 to 100000, got "1"',
  );
  expect(wrong({ "a/b": { input: 1, output: 1, cashed: 1 } })).toContain("a/b > cashed is no field of a price table");
  expect(wrong({ "a/b": { input: 1e9, output: 1 } })).toContain("a/b > input");
  expect(wrong({}, "yesterday")).toContain("taken_at should be a day");
  expect(() => readPrices('{"taken_at": NaN}', "prices.json")).toThrow("prices.json is not JSON");
});

test("costOf() counts cached tokens by their own price, in billionths of a dollar", () => {
  const { models } = table({ "a/b": { input: 2.5, output: 10, cached_input: 1.25, cache_write: 3 } });
  const price = models.get("a/b") ?? { input: 0, output: 0 };
  expect(costOf(price, { prompt: 1_000, completion: 10, cached: 400, cacheWrite: 100 })).toBe(
    (500 * 2.5 + 400 * 1.25 + 100 * 3 + 10 * 10) * 1_000,
  );
  expect(costAtMost(price, { input: 1_000, output: 10 })).toBe((1_000 * 3 + 10 * 10) * 1_000);
});

test("costOf() and costAtMost() take the price of long input for all tokens of a call", () => {
  const price = { input: 1, output: 2, long: { over: 100, input: 3, output: 4 } };
  const call = (prompt: number) => costOf(price, { prompt, completion: 10, cached: 0, cacheWrite: 0 });
  expect([call(100), call(101)]).toEqual([(100 + 20) * 1_000, (303 + 40) * 1_000]);
  expect(costAtMost(price, { input: 101, output: 10 })).toBe(call(101));
});

test("costOf() believes no provider that more came from a cache than there was", () => {
  const price = { input: 10, output: 0, cached_input: 1, cache_write: 20 };
  const cost = (cached: number, cacheWrite: number) =>
    costOf(price, { prompt: 100, completion: 0, cached, cacheWrite }) / 1_000;
  expect([cost(1e9, 1e9), cost(40, 1e9), cost(0, 0)]).toEqual([100, 40 + 60 * 20, 1_000]);
});

test("priceOf() finds a dated name by the name without its date", () => {
  const prices = table({ "a/b": { input: 1, output: 1 } });
  expect([priceOf(prices, "a/b-20250514"), priceOf(prices, "a/b-2025-05-14")].map((price) => price?.input)).toEqual([
    1, 1,
  ]);
  expect([priceOf(prices, "a/b-mini"), priceOf(prices, "c/b"), priceOf(prices, null)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
