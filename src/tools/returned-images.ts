import { type ImageBytes, imageBytes, readImage } from "../core/image.ts";

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
