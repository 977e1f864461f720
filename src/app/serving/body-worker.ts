import { parseBody } from "../../api/http/body-json.ts";
import { Failure, type FailureKind } from "../../core/failure.ts";
import { answerAll } from "./numbered-worker.ts";

declare const self: Worker;

/** What this thread answers to the bytes of a body. */
export type BodyAnswer =
  | { readonly value: unknown }
  | { readonly refusal: { readonly kind: FailureKind; readonly message: string } };

// Parses long bodies, away from the thread that serves requests.
answerAll(self, (bytes: ArrayBuffer): BodyAnswer => {
  try {
    return { value: parseBody(new Uint8Array(bytes)) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { refusal: { kind: error.kind, message: error.message } };
  }
});
