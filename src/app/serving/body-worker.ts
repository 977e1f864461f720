import { parseBody } from "../../api/http/body-json.ts";
import { Failure, type FailureKind } from "../../core/failure.ts";

declare const self: Worker;

/** What this thread answers to the bytes of a body. */
export type BodyAnswer =
  | { readonly value: unknown }
  | { readonly refusal: { readonly kind: FailureKind; readonly message: string } };

// Parses long bodies, away from the thread that serves requests. One message in, the bytes; one message out.
self.onmessage = (event: MessageEvent<ArrayBuffer>) => {
  self.postMessage(answerTo(new Uint8Array(event.data)));
};

function answerTo(bytes: Uint8Array): BodyAnswer {
  try {
    return { value: parseBody(bytes) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { refusal: { kind: error.kind, message: error.message } };
  }
}
