import { expect, test } from "bun:test";
import { isLinearizable, type RegisterOperation } from "./register.ts";

const write = (value: string, start: number, end: number): RegisterOperation => ({ kind: "write", value, start, end });
const read = (value: string, start: number, end: number): RegisterOperation => ({ kind: "read", value, start, end });
const NEVER = Number.POSITIVE_INFINITY;

test("isLinearizable() takes reads that overlap a write as before or after it, but in one order", () => {
  expect(isLinearizable([write("a", 0, 10), read("", 1, 2), read("a", 3, 4)], "")).toBe(true);
  expect(isLinearizable([write("a", 0, 10), read("a", 1, 2), read("", 3, 4)], "")).toBe(false);
});

test("isLinearizable() refuses a lost update and a stale read", () => {
  expect(isLinearizable([write("a", 0, 1), write("b", 2, 3), read("a", 4, 5)], "")).toBe(false);
  expect(isLinearizable([write("a", 0, 4), write("b", 2, 3), read("a", 5, 6)], "")).toBe(true);
  expect(isLinearizable([write("a", 0, 1), read("", 2, 3)], "")).toBe(false);
});

test("isLinearizable() lets a write without an answer happen late or never, but not twice", () => {
  expect(isLinearizable([write("a", 0, NEVER), read("", 5, 6), read("a", 7, 8)], "")).toBe(true);
  expect(isLinearizable([write("a", 0, NEVER), read("", 5, 6)], "")).toBe(true);
  expect(isLinearizable([write("a", 0, NEVER), read("a", 1, 2), write("b", 3, 4), read("a", 5, 6)], "")).toBe(false);
});
