import type { SimOptions } from "../plan/options.ts";
import type { Faults } from "../world/faults.ts";
import type { SeededRandom } from "../world/random.ts";
import type { Scheduler } from "../world/scheduler.ts";
import type { Incarnation } from "../world/world.ts";

/** The embedding model of the agents, where a seed gives them one. */
export const EMBEDDING_CONFIG = {
  embedding_endpoint_type: "openai",
  embedding_endpoint: null,
  embedding_model: "sim-embed",
  embedding_dim: 8,
  embedding_chunk_size: 300,
  handle: "openai/sim-embed",
  batch_size: 4,
};

const FAULTS = ["rate_limit", "server_error", "stall", "half_json", "wrong_size"] as const;
/** How much more often embeddings fail than replies: each of them is a small part of a seed. */
const FAULTS_MORE = 3;

/** The vector that the simulated model gives a text, at unit length. */
export function embeddingOf(text: string): readonly number[] {
  const numbers = new Array<number>(EMBEDDING_CONFIG.embedding_dim).fill(0.1);
  for (const [i, character] of [...text].entries()) {
    const at = (i + (character.codePointAt(0) ?? 0)) % numbers.length;
    numbers[at] = (numbers[at] ?? 0) + (((character.codePointAt(0) ?? 0) * 7 + i) % 13);
  }
  const length = Math.hypot(...numbers);
  return numbers.map((number) => number / length);
}

/** What answers requests for vectors. */
export interface EmbeddingServerOptions {
  readonly options: SimOptions;
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly faults: Faults;
}

/** Answers one request of OpenAI's `/embeddings`, or fails in one of its ways. */
export async function answerEmbeddings(
  { options, scheduler, random, faults }: EmbeddingServerOptions,
  body: string,
  incarnation: Incarnation,
  signal: AbortSignal | null,
): Promise<Response> {
  await scheduler.wait("model embeds", random.between(1, options.thinkMs), incarnation, signal ?? undefined);
  signal?.throwIfAborted();
  const isOut = faults.areOn && options.embedding === "out of order";
  const isFaulty = isOut || faults.chance(random, FAULTS_MORE * options.modelFaultRate);
  const fault = isFaulty ? random.pick(FAULTS) : undefined;
  if (fault !== undefined) faults.applied(`embedding ${fault}`);
  const { input } = JSON.parse(body) as { readonly input: readonly string[] };
  const vectors = input.map((text) => (fault === "wrong_size" ? [1, 2, 3] : embeddingOf(text)));
  const text = JSON.stringify({ data: vectors.map((embedding, index) => ({ index, embedding })) });
  if (fault === "stall") await new Promise(() => {});
  if (fault === "rate_limit") return Response.json({ error: { message: "slow down" } }, { status: 429 });
  if (fault === "server_error") return Response.json({ error: { message: "oh no" } }, { status: 500 });
  return new Response(fault === "half_json" ? text.slice(0, text.length / 2) : text, {
    headers: { "content-type": "application/json" },
  });
}
