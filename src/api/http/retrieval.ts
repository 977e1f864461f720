import type { Context } from "hono";

/**
 * Says in a header how a search found what it found: `lexical` is by words alone. Letta's bodies have no place for it,
 * and its clients pass over a header that they do not know.
 */
export function tellRetrieval(c: Context, retrieval: "lexical" | "hybrid" = "lexical"): void {
  c.header("x-selkie-retrieval", retrieval);
}
