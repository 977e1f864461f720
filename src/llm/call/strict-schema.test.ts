import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../core/json.ts";
import { strictSchemaOf } from "./strict-schema.ts";

const text = { type: "string" };

describe("strictSchemaOf()", () => {
  test("closes every object, however deep", () => {
    const inner = { type: "object", properties: { b: text }, required: ["b"] };
    const schema = {
      type: "object",
      properties: { a: { type: "array", items: inner }, c: { anyOf: [text, { type: "null" }] } },
      required: ["a", "c"],
    };
    expect(strictSchemaOf(schema)).toEqual({
      ...schema,
      properties: {
        a: { type: "array", items: { ...inner, additionalProperties: false } },
        c: { anyOf: [text, { type: "null" }] },
      },
      additionalProperties: false,
    });
    expect(schema).not.toHaveProperty("additionalProperties");
  });

  test("takes a tool without arguments", () => {
    expect(strictSchemaOf({ type: "object", properties: {} })).toEqual({
      type: "object",
      properties: {},
      required: [],
      additionalProperties: false,
    });
  });

  test.each<[string, JsonObject]>([
    ["an optional property", { type: "object", properties: { a: text, b: text }, required: ["a"] }],
    ["a free-form object", { type: "object", properties: { a: { type: "object" } }, required: ["a"] }],
    ["further properties", { type: "object", properties: {}, additionalProperties: true }],
    ["an array of anything", { type: "object", properties: { a: { type: "array" } }, required: ["a"] }],
    ["a refused keyword", { type: "object", properties: { a: { oneOf: [text] } }, required: ["a"] }],
  ])("leaves %s as it is", (_, schema) => {
    expect(strictSchemaOf(schema)).toBeUndefined();
  });

  test("gives up on schemas without end", () => {
    let schema: JsonObject = text;
    for (let i = 0; i < 20; i++) schema = { type: "object", properties: { a: schema }, required: ["a"] };
    expect(strictSchemaOf(schema)).toBeUndefined();
  });
});
