import { expect, test } from "bun:test";
import fc from "fast-check";
import { instantOf } from "../core/clock.ts";
import { wellFormed } from "../core/text.ts";
import { createTimeFormat } from "../core/time-format.ts";
import { errorLine, limitMessage, packAnswer, unpackAnswer } from "./tool-answer.ts";

const at = instantOf(Date.parse("2026-11-22T20:06:54.982Z"));
const zone = "Europe/London";

test("packAnswer() writes what models were given all along", () => {
  expect(packAnswer({ ok: true, message: "d:6", at, zone })).toBe(
    '{\n  "status": "OK",\n  "message": "d:6",\n  "time": "2026-11-22 08:06:54 PM GMT+0000"\n}',
  );
  const message = { message: "Showing 1 results:", results: [{ role: "user", content: "é😀" }] };
  expect(packAnswer({ ok: false, message, at, zone }, createTimeFormat())).toBe(`{
  "status": "Failed",
  "message": {
    "message": "Showing 1 results:",
    "results": [
      {
        "role": "user",
        "content": "é😀"
      }
    ]
  },
  "time": "2026-11-22 08:06:54 PM GMT+0000"
}`);
});

test("unpackAnswer() gives back what was packed, as storable text", () => {
  const format = createTimeFormat();
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("\ud83d", "a\0b", "\u202eשלום", '{"status":"OK"}'),
  );
  fc.assert(
    fc.property(fc.boolean(), text, (ok, message) => {
      const packed = packAnswer({ ok, message, at, zone }, format);
      expect(unpackAnswer(packed)).toEqual({ status: ok ? "success" : "error", text: wellFormed(message) });
    }),
  );
  const large = "😀".repeat(500_000);
  expect(unpackAnswer(packAnswer({ ok: true, message: large, at, zone }, format)).text).toBe(large);
});

test("unpackAnswer() shows objects as Python does, without what cannot be stored", () => {
  const message = { message: "No results found.", results: [], note: "a\ud83d\0b" };
  expect(unpackAnswer(packAnswer({ ok: true, message, at, zone }))).toEqual({
    status: "success",
    text: "{'message': 'No results found.', 'results': [], 'note': 'ab'}",
  });
});

test("unpackAnswer() bears any text", () => {
  for (const text of ["", "plain", "{", "[1]", "null", "7", '{"a":1}'])
    expect(unpackAnswer(text)).toEqual({ status: null, text });
  expect(unpackAnswer('{"status":"Odd","message":"m"}')).toEqual({ status: null, text: "m" });
  expect(unpackAnswer('{"status":"OK","message":null}')).toEqual({ status: "success", text: "None" });
  expect(unpackAnswer('{"message":[1,"a"]}')).toEqual({ status: null, text: "[1, 'a']" });
  fc.assert(fc.property(fc.json(), (text) => expect(typeof unpackAnswer(text).text).toBe("string")));
});

test("limitMessage() cuts what is too long and says so", () => {
  expect(limitMessage("abc", 3)).toBe("abc");
  expect(limitMessage("abcd", 3)).toBe("abc... [NOTE: cut here, 3 of 4 characters shown]");
  expect(limitMessage("😀😀", 2)).toBe("😀😀");
  expect(limitMessage("😀😀😀", 2)).toBe("😀😀... [NOTE: cut here, 2 of 3 characters shown]");
  const object = { a: "bcd" };
  expect(limitMessage(object, 12)).toBe(object);
  expect(limitMessage(object, 4)).toBe("{'a'... [NOTE: cut here, 4 of 12 characters shown]");
});

test("errorLine() names the tool and stays short", () => {
  expect(errorLine("memory_replace", "No")).toBe("Error executing function memory_replace: ValueError: No");
  expect(errorLine("x", "y".repeat(5000))).toHaveLength(1000);
});
