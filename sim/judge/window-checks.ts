import type { ChatRequest } from "../servers/chat-wire.ts";

/** An estimate of our own, which shares nothing with the server's: texts and tool schemas have about so many to a token. */
const BYTES_PER_TOKEN = 4;
/**
 * How much larger than its window a prompt may be. The server compacts by what a provider counted of the call before; the
 * reply to that and the answers to its calls come on top, and are small in this workload.
 */
const MARGIN = 0.05;

/** Tokens of a prompt, instructions, tools and all. */
export function promptTokensOf(body: string): number {
  return Math.ceil(Buffer.byteLength(body) / BYTES_PER_TOKEN);
}

/**
 * What is wrong with the size of a prompt, given the window that its agent's model has. A prompt that is too large without
 * any history, by its instructions, its tools and what was said last, no compaction can make smaller.
 */
export function windowProblem(body: string, { messages }: ChatRequest, windowTokens: number): string | undefined {
  const tokens = promptTokensOf(body);
  // What no provider has counted yet comes on top, too: a companion reads all that waits for it at once, which is long.
  const saidLast = messages.slice(messages.findLastIndex(({ role }) => role !== "user") + 1);
  if (tokens - promptTokensOf(JSON.stringify(saidLast)) <= windowTokens * (1 + MARGIN)) return undefined;
  const lastUser = messages.findLastIndex(({ role }) => role === "user");
  const history = messages.slice(1, Math.max(1, lastUser));
  if (tokens - promptTokensOf(JSON.stringify(history)) > windowTokens) return undefined;
  return `A prompt of some ${tokens} tokens, ${history.length} messages of history among them, was sent to a model whose window holds ${windowTokens}`;
}
