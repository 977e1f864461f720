/** What a stream says, piece by piece. */
export interface TextSource {
  /** The next piece; undefined when there will be no more. It is asked for when there is room for it. */
  next(): Promise<string | undefined>;
  /** Ends what makes the pieces, when nobody listens any more. */
  leave(): void | Promise<void>;
}

/** A stream that somebody may have to end who did not begin it. */
export interface OpenStream {
  /** Ends the stream where it stands. Twice is once. */
  end(): void;
  /** Resolves when it is over, whoever has ended it. */
  readonly isOver: Promise<void>;
}

/** By their bodies: whoever adds headers to an answer makes another one of the same body. */
const OPEN = new WeakMap<ReadableStream, OpenStream>();

/** The stream that an answer is; undefined when it was not made by {@link eventStream}. */
export function openStreamOf(response: Response): OpenStream | undefined {
  return response.body === null ? undefined : OPEN.get(response.body);
}

/** Server-sent events: the one way in which anything is streamed, so that every stream can be ended. */
export function eventStream({ next, leave }: TextSource): Response {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const { promise: isOver, resolve } = Promise.withResolvers<void>();
  let hasEnded = false;

  function over(): void {
    hasEnded = true;
    resolve();
  }

  async function stop(): Promise<void> {
    over();
    await leave();
  }

  function pass(text: string | undefined): void {
    // It was ended while the text was made.
    if (hasEnded) return;
    if (text !== undefined) {
      controller?.enqueue(encoder.encode(text));
      return;
    }
    over();
    controller?.close();
  }

  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    // One piece is read ahead at most: a slow client slows its own reading, and nothing piles up here.
    pull: () =>
      next().then(pass, async (error: unknown) => {
        // Nobody cancels a stream that breaks off, and what makes its events would go on for ever.
        await stop();
        throw error;
      }),
    cancel: stop,
  });
  const response = new Response(body, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      "x-accel-buffering": "no",
    },
  });
  OPEN.set(body, {
    isOver,
    end() {
      if (hasEnded) return;
      controller?.close();
      void stop();
    },
  });
  return response;
}
