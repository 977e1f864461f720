import { expect, test } from "bun:test";
import { fittingImages } from "./returned-images.ts";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const IMAGE = { mediaType: "image/png", data: PNG };

test("fittingImages() leaves out what is no image of a kind that models take, and all beyond twenty", () => {
  const text = { mediaType: "image/png", data: "aGVsbG8=" };
  const svg = { mediaType: "image/svg+xml", data: PNG };
  expect(fittingImages([text, IMAGE, svg])).toEqual({ fitting: [IMAGE], leftOut: 2 });
  expect(fittingImages(Array.from({ length: 30 }, () => IMAGE))).toMatchObject({ leftOut: 10 });
});
