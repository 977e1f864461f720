import { expect, test } from "bun:test";
import type { Json, JsonObject } from "../../core/json.ts";
import { departureFrom } from "./output-schema.ts";

const city: JsonObject = {
  type: "object",
  properties: {
    name: { type: "string", minLength: 1 },
    degrees: { type: ["integer", "null"], maximum: 60 },
    tags: { type: "array", items: { enum: ["wet", "dry"] }, maxItems: 2 },
    next: { anyOf: [{ $ref: "#" }, { type: "null" }] },
  },
  required: ["name"],
  additionalProperties: false,
};

test.each<[Json, string | undefined]>([
  [{ name: "Oslo", degrees: 7, tags: ["wet"], next: { name: "Bergen", next: null } }, undefined],
  [{ name: "Oslo", degrees: null, more: "keys may come along" }, undefined],
  ["Oslo", "it is string, not object"],
  [{ degrees: 7 }, "'name' is missing"],
  [{ name: "" }, "'name' goes beyond its minLength of 1"],
  [{ name: "Oslo", degrees: 7.5 }, "'degrees' is number, not integer or null"],
  [{ name: "Oslo", degrees: 61 }, "'degrees' goes beyond its maximum of 60"],
  [{ name: "Oslo", tags: ["wet", "hot"] }, "'tags[1]' is none of the values that it may have"],
  [{ name: "Oslo", tags: ["wet", "wet", "dry"] }, "'tags' goes beyond its maxItems of 2"],
  [{ name: "Oslo", next: { name: 1 } }, "'next.name' is number, not string"],
])("departureFrom() a schema: %j", (value, told) => {
  expect(departureFrom(city, value)).toBe(told);
});

test("departureFrom() neither runs a stranger's pattern nor follows a schema without end", () => {
  const endless: JsonObject = { $ref: "#", type: "string", pattern: "^(a+)+$" };
  expect(departureFrom(endless, `${"a".repeat(60)}!`)).toBeUndefined();
  let wide: JsonObject = { type: "string" };
  for (let level = 0; level < 40; level++) wide = { allOf: [wide, wide] };
  expect(departureFrom(wide, "x")).toBeUndefined();
});
