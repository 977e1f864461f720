import { expect, test } from "bun:test";
import { converseEvent } from "./_test-amazon-frame.ts";
import { amazonFrames } from "./amazon-frames.ts";

const TEXT = "x".repeat(300_000);

/** The frames of these bytes, given in pieces, and how many bytes were copied from one array into another meanwhile. */
function read(bytes: Uint8Array, pieceBytes: number) {
  const arrays: { set: Uint8Array["set"] } = Object.getPrototypeOf(Uint8Array.prototype);
  const { set } = arrays;
  let copied = 0;
  arrays.set = function (this: Uint8Array, source, offset) {
    copied += source.length;
    return set.call(this, source, offset);
  };
  try {
    const framing = amazonFrames();
    const events = [];
    for (let at = 0; at < bytes.length; at += pieceBytes)
      for (const frame of framing.take(bytes.subarray(at, at + pieceBytes))) events.push(frame.event);
    return { events, copied };
  } finally {
    arrays.set = set;
  }
}

test.each([1, 7, 37, 1_024, 100_000, 1_000_000])(
  "amazonFrames() reads frames in pieces of %d bytes, and copies each piece a few times",
  (pieceBytes) => {
    const said = ["a", TEXT, "b"].map((text) => ({ contentBlockDelta: { text } }));
    const bytes = Buffer.concat(
      said.map(({ contentBlockDelta }) => converseEvent("contentBlockDelta", contentBlockDelta)),
    );
    const { events, copied } = read(bytes, pieceBytes);
    expect(events).toEqual(said);
    expect(copied).toBeLessThan(3 * bytes.length);
  },
);
