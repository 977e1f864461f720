import { Failure } from "../../core/failure.ts";
import type { Fetch } from "../../core/world.ts";

/**
 * A fetch whose answers are never longer than `bytesMax`: what comes beyond breaks the body off. A stream that goes on for
 * ever is bounded by who reads it, and here by its length.
 */
export function boundedFetch(fetch: Fetch, bytesMax: number): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (response.body === null) return response;
    let left = bytesMax;
    const counting = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        left -= chunk.length;
        if (left < 0) controller.error(new Failure("too_large", `An answer is longer than ${bytesMax} bytes`));
        else controller.enqueue(chunk);
      },
    });
    const { status, statusText, headers } = response;
    return new Response(response.body.pipeThrough(counting), { status, statusText, headers });
  };
}
