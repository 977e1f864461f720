import { Failure } from "../../core/failure.ts";

/** Something that cannot become anything here; the message says why, and the report counts it under that. */
export class UnusableRow extends Error {
  override readonly name = "UnusableRow";
}

/** Why something was left, where it is that which is to blame; any other error is thrown again. */
export function reasonOf(error: unknown): string {
  if (error instanceof UnusableRow) return error.message;
  if (error instanceof Failure && (error.kind === "conflict" || error.kind === "refused" || error.kind === "invalid"))
    return error.message;
  throw error;
}
