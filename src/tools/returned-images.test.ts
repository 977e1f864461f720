import { expect, test } from "bun:test";
import { fittingImages, returnedParts } from "./returned-images.ts";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const IMAGE = { mediaType: "image/png", data: PNG };

test("fittingImages() leaves out what is no image of a kind that models take, and all beyond twenty", () => {
  const text = { mediaType: "image/png", data: "aGVsbG8=" };
  const svg = { mediaType: "image/svg+xml", data: PNG };
  expect(fittingImages([text, IMAGE, svg])).toEqual({ fitting: [IMAGE], leftOut: 2 });
  expect(fittingImages(Array.from({ length: 30 }, () => IMAGE))).toMatchObject({ leftOut: 10 });
});

test("returnedParts() reads the parts of Letta, OpenAI and MCP", () => {
  const url = `data:image/png;base64,${PNG}`;
  const parts = [
    { type: "text", text: "a" },
    { type: "image", source: { type: "base64", media_type: "image/png", data: PNG } },
    { type: "image_url", image_url: { url } },
    { type: "image", data: PNG, mimeType: "image/png" },
    { type: "text", text: "b" },
  ];
  const { text, images = [] } = returnedParts(parts) ?? {};
  expect(text).toBe("a\nb");
  expect(fittingImages(images)).toEqual({ fitting: [IMAGE, IMAGE, IMAGE], leftOut: 0 });
  expect(returnedParts(parts[2])?.images).toHaveLength(1);
});

test("returnedParts() takes any other value for an answer like any", () => {
  const mixed = [{ type: "image", data: PNG, mimeType: "image/png" }, { other: 1 }];
  const afar = { type: "image_url", image_url: { url: "https://example.com/a.png" } };
  for (const value of [null, 1, "text", [], {}, [{ type: "text", text: "a" }], mixed, afar])
    expect(returnedParts(value)).toBeUndefined();
});
