import { createReadStream, createWriteStream } from "node:fs";
import { type DocumentFormat, readText } from "./texts.ts";

const REQUESTS = 3;
const REPLIES = 4;
/** Characters of what is said to be wrong. */
const REASON_CHARS_MAX = 300;

interface Request {
  readonly id: number;
  readonly format: DocumentFormat;
  /** In base64. */
  readonly data: string;
}

/** Reads documents that come as lines on one descriptor, and answers each with a line on the other, until there are no more. */
export async function serveDocuments(): Promise<void> {
  const replies = createWriteStream("", { fd: REPLIES });
  const say = (line: object) => new Promise((resolve) => replies.write(`${JSON.stringify(line)}\n`, resolve));
  await say({ ready: true });
  let isFirst = true;
  for await (const line of linesOf(REQUESTS)) {
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

async function* linesOf(descriptor: number): AsyncGenerator<string> {
  let pieces: Buffer[] = [];
  for await (const piece of createReadStream("", { fd: descriptor })) {
    let bytes: Buffer = piece;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10)) {
      yield Buffer.concat([...pieces, bytes.subarray(0, end)]).toString();
      pieces = [];
      bytes = bytes.subarray(end + 1);
    }
    pieces.push(bytes);
  }
}
