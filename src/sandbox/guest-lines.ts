import { createReadStream, createWriteStream } from "node:fs";

const REQUESTS = 3;
const REPLIES = 4;

/** The end of a conversation in lines that a process of this program has which the server started. */
export interface GuestLines {
  /** What the server says, line by line, until it is gone. The first line tells how its jail was made. */
  heard(): AsyncGenerator<string>;
  /** Says a line, and resolves when it is on its way. */
  say(line: object): Promise<void>;
}

/** Opens the descriptors that `worker.ts` gives to what it starts. */
export function openGuestLines(): GuestLines {
  const replies = createWriteStream("", { fd: REPLIES });
  return {
    heard: () => linesOf(REQUESTS),
    say: (line) => new Promise((resolve) => replies.write(`${JSON.stringify(line)}\n`, () => resolve())),
  };
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
