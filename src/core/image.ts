/** Bytes of one image, whichever way it comes. */
export const IMAGE_BYTES_MAX = 20 * 1024 * 1024;
/** Characters of base64 that tell what an image is: 18 bytes. */
const HEAD_CHARS = 24;

/** The types of image that models take, and how their bytes begin. */
const TYPES: readonly (readonly [mediaType: string, head: RegExp])[] = [
  ["image/png", /^\x89PNG\r\n/],
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/gif", /^GIF8[79]a/],
  ["image/webp", /^RIFF.{4}WEBP/s],
];
/** The types in words. */
export const IMAGE_TYPES = TYPES.map(([name]) => name).join(", ");
const DATA_URL = /^data:([^;,]*)(?:;[^;,]*)*;base64,/i;

/** An image with its bytes in base64. */
export interface ImageBytes {
  readonly mediaType: string;
  readonly data: string;
}

/** Whether an address holds the bytes themselves. */
export function isDataUrl(url: string): boolean {
  return DATA_URL.test(url);
}

/** The type of an image by its first bytes, given as base64; undefined for what no model takes. */
export function imageTypeOf(base64: string): string | undefined {
  const head = atob(base64.slice(0, HEAD_CHARS));
  return TYPES.find(([, pattern]) => pattern.test(head))?.[0];
}

/** An image with its bytes, or what is wrong with which field. */
type Read = ImageBytes | { readonly wrong: "media_type" | "data"; readonly message: string };

/**
 * Reads the bytes of an image, in base64 or as a data URL: clients put either where the other belongs. A type that the
 * first bytes contradict is refused, as providers would refuse it.
 */
export function readImage(givenType: string, givenData: string): Read {
  const url = DATA_URL.exec(givenData);
  const data = (url === null ? givenData : givenData.slice(url[0].length)).replace(/\s+/g, "");
  const mediaType = (url?.[1] || givenType).toLowerCase().replace("image/jpg", "image/jpeg");
  if (!TYPES.some(([name]) => name === mediaType))
    return { wrong: "media_type", message: `must be one of ${IMAGE_TYPES}` };
  const isBase64 = data.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(data);
  if (!isBase64) return { wrong: "data", message: "must be the bytes of an image in base64" };
  if (imageBytes(data) > IMAGE_BYTES_MAX)
    return { wrong: "data", message: `must hold at most ${IMAGE_BYTES_MAX} bytes` };
  const found = imageTypeOf(data);
  if (found === undefined) return { wrong: "data", message: `must be an image of type ${IMAGE_TYPES}` };
  return found === mediaType
    ? { mediaType, data }
    : { wrong: "media_type", message: `must be ${found}, as the data is` };
}

/** Bytes of an image, at least, by its base64. */
export function imageBytes(base64: string): number {
  return (base64.length / 4) * 3 - 2;
}
