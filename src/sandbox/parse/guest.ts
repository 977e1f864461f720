import { openGuestLines } from "../guest-lines.ts";
import { type DocumentFormat, readText } from "./texts.ts";

/** Characters of what is said to be wrong. */
const REASON_CHARS_MAX = 300;

interface Request {
  readonly id: number;
  readonly format: DocumentFormat;
  /** In base64. */
  readonly data: string;
}

/** Reads documents that come as lines, and answers each with a line, until there are no more. */
export async function serveDocuments(): Promise<void> {
  const { heard, say } = openGuestLines();
  await say({ ready: true });
  let isFirst = true;
  for await (const line of heard()) {
    // What it is told first is how its jail was made.
    if (!isFirst) await say(await answer(JSON.parse(line)));
    isFirst = false;
  }
}

async function answer({ id, format, data }: Request): Promise<object> {
  try {
    return { id, text: await readText(format, Buffer.from(data, "base64")) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { id, refusal: reason.slice(0, REASON_CHARS_MAX) };
  }
}
