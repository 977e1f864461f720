import type { Clock } from "../core/clock.ts";
import { ANSWER_BYTES_MAX } from "./call/guarded-fetch.ts";

/** Reads a body that may be longer than its answer. */
export interface AnswerBody {
  /**
   * The next bytes; undefined after the last. With `isFinished` what comes now can only add to the answer, so a
   * connection that breaks, or stays open for long, is an end too.
   */
  next(isFinished: boolean): Promise<Uint8Array | undefined>;
  cancel(): void;
}

/** How long one waits, once an answer has said why it ended, for its usage and the mark at its end. */
const TAIL_MS = 2_000;

/** A reader of this body. It throws when the body is longer than any answer. */
export function answerBody(body: ReadableStream<Uint8Array> | null, clock: Clock): AnswerBody {
  const reader = body?.getReader();
  let bytesLeft = ANSWER_BYTES_MAX;
  let tailEndsAt: number | undefined;

  async function tail(): Promise<Uint8Array | undefined> {
    tailEndsAt ??= clock.elapsedMs() + TAIL_MS;
    const came = new AbortController();
    const late = clock.sleep(Math.max(0, tailEndsAt - clock.elapsedMs()), came.signal);
    const reading = reader?.read().then(({ value }) => value);
    const value = await Promise.race([reading, late.then(() => undefined)]).catch(() => undefined);
    came.abort();
    return value;
  }

  return {
    async next(isFinished) {
      const value = isFinished ? await tail() : (await reader?.read())?.value;
      bytesLeft -= value?.length ?? 0;
      if (bytesLeft < 0) throw new Error(`The answer is longer than ${ANSWER_BYTES_MAX} bytes`);
      return value;
    },
    cancel: () => void reader?.cancel().catch(() => undefined),
  };
}
