import { z } from "zod";
import { isDataUrl, readImage } from "../../core/image.ts";

const Bytes = { media_type: z.string(), data: z.string() };

/** The source of an image whose bytes were read, or an issue that names the field to mend. */
function checked({ media_type, data }: z.infer<z.ZodObject<typeof Bytes>>, ctx: z.RefinementCtx) {
  const read = readImage(media_type, data);
  if (!("wrong" in read)) return { type: "base64" as const, media_type: read.mediaType, data: read.data };
  ctx.addIssue({ code: "custom", path: [read.wrong], message: read.message });
  return z.NEVER;
}

/** Where the bytes of an image are, checked where they came along. That of a file must bring them. */
export const ImageSource = z.union([
  z.object({ type: z.literal("base64"), ...Bytes }).transform(checked),
  z.object({ type: z.literal("url"), url: z.string() }).transform((source, ctx) => {
    if (!isDataUrl(source.url)) return source;
    const read = readImage("", source.url);
    if (!("wrong" in read)) return { type: "base64" as const, media_type: read.mediaType, data: read.data };
    ctx.addIssue({ code: "custom", path: ["url"], message: `its ${read.wrong} ${read.message}` });
    return z.NEVER;
  }),
  z.object({ type: z.literal("letta"), file_id: z.string(), ...Bytes }).transform(checked),
]);
