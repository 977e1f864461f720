import { type ImageBytes, imageBytes, readImage } from "../core/image.ts";
import { isRecord } from "../core/json.ts";

/** Images of one answer that are kept, and bytes of all of them together. */
const IMAGES_MAX = 20;
const BYTES_MAX = 40 * 1024 * 1024;

/** The images of an answer that a model may be shown, and how many are none or too many. */
export function fittingImages(images: readonly ImageBytes[]): {
  readonly fitting: readonly ImageBytes[];
  readonly leftOut: number;
} {
  const fitting: ImageBytes[] = [];
  let bytes = 0;
  for (const { mediaType, data } of images.slice(0, IMAGES_MAX)) {
    const read = readImage(mediaType, data);
    if ("wrong" in read || bytes + imageBytes(read.data) > BYTES_MAX) continue;
    bytes += imageBytes(read.data);
    fitting.push({ mediaType: read.mediaType, data: read.data });
  }
  return { fitting, leftOut: images.length - fitting.length };
}

/** Words and images that a tool returned as a list of parts. */
export interface ReturnedParts {
  readonly text: string;
  readonly images: readonly ImageBytes[];
}

/**
 * Reads a value that a tool returned as parts, where it is a part or a list of them and one is an image: Letta's `text` and
 * `image` with a base64 source, OpenAI's `image_url` with a data URL, MCP's `image` with `data` and `mimeType`. Undefined
 * for any other value, which is an answer like any. No address is fetched.
 */
export function returnedParts(value: unknown): ReturnedParts | undefined {
  const parts = (Array.isArray(value) ? value : [value]).map(partOf);
  const images = parts.flatMap((part) => (part === undefined || typeof part === "string" ? [] : [part]));
  if (images.length === 0 || parts.includes(undefined)) return undefined;
  return { text: parts.filter((part) => typeof part === "string").join("\n"), images };
}

/** The text of a part, or its image; undefined for what is neither. */
function partOf(value: unknown): string | ImageBytes | undefined {
  if (!isRecord(value)) return undefined;
  const { type, text, source, data, image_url: address } = value;
  if (type === "text" && typeof text === "string") return text;
  if (type === "image_url") return imageOf("", isRecord(address) ? address["url"] : address);
  if (type !== "image") return undefined;
  if (!isRecord(source)) return imageOf(value["mimeType"], data);
  return source["type"] === "url" ? imageOf("", source["url"]) : imageOf(source["media_type"], source["data"]);
}

function imageOf(mediaType: unknown, data: unknown): ImageBytes | undefined {
  if (typeof data !== "string") return undefined;
  const given = typeof mediaType === "string" ? mediaType : "";
  return given === "" && !data.startsWith("data:") ? undefined : { mediaType: given, data };
}
