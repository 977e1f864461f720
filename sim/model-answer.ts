import { streamBody, wholeBody } from "./chat-wire.ts";
import type { SimOptions } from "./options.ts";
import type { PlannedReply } from "./plan.ts";
import type { SeededRandom } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Incarnation } from "./world.ts";

/** What a provider can do wrong. `too_long` happens where contexts fill. */
export const MODEL_FAULTS = [
  "rate_limit",
  "server_error",
  "reset",
  "stall",
  "stall_midway",
  "half_json",
  "early_end",
  "web_page",
] as const;

/** One of {@link MODEL_FAULTS}. */
type ModelFault = (typeof MODEL_FAULTS)[number] | "too_long";
/** Tokens that no context holds. */
const FULL_TOKENS = 1_000_000;

const TOKEN_END = /;-\d+;/g;
/** Bytes of an answer that leave the provider together, at most. */
const PIECE_BYTES_MAX = 400;

/** What an answer is written with. */
interface AnswerWorld {
  readonly options: SimOptions;
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
}

/** What is to be answered, and to whom. */
interface ModelAnswer {
  readonly isStreamed: boolean;
  readonly reply: PlannedReply;
  readonly fault: ModelFault | undefined;
  readonly incarnation: Incarnation;
  readonly signal: AbortSignal | null;
  /** Told when nothing more comes. */
  readonly end: () => void;
}

/** The answer in the provider's own bytes, or what a fault makes of it. */
export async function writeAnswer(world: AnswerWorld, answer: ModelAnswer): Promise<Response> {
  const { fault, reply, isStreamed } = answer;
  if (fault === "stall") await new Promise(() => {});
  if (
    fault === "too_long" ||
    fault === "reset" ||
    fault === "rate_limit" ||
    fault === "server_error" ||
    fault === "web_page"
  ) {
    answer.end();
    return failed(fault);
  }
  const named = withIds(world, reply);
  const bytes = new TextEncoder().encode(isStreamed ? streamBody(named, world.random) : wholeBody(named));
  const cutAt = fault === undefined ? bytes.length : world.random.int(bytes.length);
  const type = isStreamed ? "text/event-stream" : "application/json";
  return new Response(piecesOf(world, bytes.subarray(0, cutAt), answer), { headers: { "content-type": type } });
}

function withIds({ options, random }: AnswerWorld, { text, calls }: PlannedReply) {
  const named = calls.map((planned, index) => ({
    name: planned.name,
    // After a compaction the plan may begin again: then what it writes is told apart by the reply.
    arguments:
      options.fillRate > 0 ? planned.arguments.replaceAll(TOKEN_END, `;-${random.int(1e9)};`) : planned.arguments,
    id: options.repeatsCallIds ? `call_${index}` : `call_${random.uuid().slice(0, 8)}`,
  }));
  const isFull = random.chance(options.fillRate);
  return { text, calls: named, totalTokens: isFull ? FULL_TOKENS : 20 + random.int(100) };
}

/** The bytes as they come over the network, cut anywhere. */
function piecesOf(
  { options, scheduler, random }: AnswerWorld,
  bytes: Uint8Array,
  { signal, incarnation, fault, end }: ModelAnswer,
): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      signal?.addEventListener("abort", () => controller.error(signal.reason), { once: true });
    },
    async pull(controller) {
      if (at >= bytes.length) {
        if (fault === "stall_midway") await new Promise(() => {});
        end();
        controller.close();
        return;
      }
      const length = 1 + random.int(PIECE_BYTES_MAX);
      await scheduler.wait("model piece", random.between(0, options.pieceMs), incarnation, signal ?? undefined);
      if (signal?.aborted === true) return;
      controller.enqueue(bytes.slice(at, at + length));
      at += length;
    },
  });
}

function failed(fault: ModelFault): Response {
  if (fault === "reset") throw new TypeError("The socket connection was closed unexpectedly");
  if (fault === "web_page") return new Response("<html>", { headers: { "content-type": "text/html" } });
  if (fault === "too_long")
    return Response.json({ error: { message: "Too long", code: "context_length_exceeded" } }, { status: 400 });
  const isLimit = fault === "rate_limit";
  const error = { message: "simulated", type: isLimit ? "rate_limit_exceeded" : "server_error" };
  const headers: Record<string, string> = isLimit ? { "retry-after": "1" } : {};
  return Response.json({ error }, { status: isLimit ? 429 : 500, headers });
}
