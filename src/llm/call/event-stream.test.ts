import { expect, test } from "bun:test";
import { createEventStream } from "./event-stream.ts";

const TEXT = ": hello\n\nevent: x\nid: 1\ndata: Grüße 👋\n\ndata:a\r\ndata: b\r\n\r\ndata: c\r\rdata\n\ndata: cut";

test("take() gives the data of each event, wherever the bytes are cut", () => {
  const bytes = new TextEncoder().encode(TEXT);
  for (let first = 0; first <= bytes.length; first++) {
    for (const second of [first, first + 1, first + 3, bytes.length]) {
      const stream = createEventStream();
      const pieces = [bytes.slice(0, first), bytes.slice(first, second), bytes.slice(second)];
      expect(pieces.flatMap((piece) => stream.take(piece))).toEqual(["Grüße 👋", "a\nb", "c"]);
    }
  }
});

test("end() gives the event that nothing but the end of the bytes completes", () => {
  for (const [text, last] of [
    ["data: a\n\ndata: b", ["b"]],
    ["data: a\n\ndata: b\ndata: c\n", ["b\nc"]],
    ["data: a\n\n", []],
    ["data: a\n\n: bye", []],
    ["\ufeffdata: a\r\n\r\ndata: b\r\n", ["b"]],
  ] as const) {
    const stream = createEventStream();
    expect(stream.take(new TextEncoder().encode(text))).toEqual(["a"]);
    expect([...stream.end()]).toEqual([...last]);
  }
});

test("take() reads a long line in the time of its length", () => {
  const stream = createEventStream();
  const piece = new TextEncoder().encode("x".repeat(1_000));
  const start = performance.now();
  stream.take(new TextEncoder().encode("data: "));
  for (let i = 0; i < 20_000; i++) stream.take(piece);
  const [event] = stream.take(new TextEncoder().encode("\n\n"));
  expect(event?.length).toBe(20_000_000);
  expect(performance.now() - start).toBeLessThan(5_000);
});
