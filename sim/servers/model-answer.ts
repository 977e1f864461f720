import { fills, type SimOptions } from "../plan/options.ts";
import type { PlannedReply } from "../plan/plan.ts";
import type { SeededRandom } from "../world/random.ts";
import type { Scheduler } from "../world/scheduler.ts";
import type { Incarnation } from "../world/world.ts";
import type { ChatReply, ProviderWire, Refusal } from "./chat-wire.ts";
import { SECRET } from "./providers.ts";

/** What a provider can do wrong. `too_long` happens where contexts fill, `refused` where something is said that it never reads. */
export const MODEL_FAULTS = [
  "rate_limit",
  "server_error",
  "bad_key",
  "reset",
  "stall",
  "stall_midway",
  "half_json",
  "early_end",
  "error_midway",
  "web_page",
] as const;

/** One of {@link MODEL_FAULTS}. */
export type ModelFault = (typeof MODEL_FAULTS)[number] | "too_long" | "refused";
/** Tokens that no context holds. */
const FULL_TOKENS = 1_000_000;
const REFUSALS: ReadonlySet<ModelFault> = new Set<ModelFault>([
  "rate_limit",
  "server_error",
  "bad_key",
  "too_long",
  "refused",
]);

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
  readonly wire: ProviderWire;
  readonly isStreamed: boolean;
  readonly reply: PlannedReply;
  readonly thought: string;
  /** The size of the prompt; told where windows matter, or it must be. */
  readonly promptTokens: number;
  readonly isExact?: boolean;
  /** A number that no other reply is billed with. */
  readonly completionTokens: number;
  readonly fault: ModelFault | undefined;
  readonly incarnation: Incarnation;
  readonly signal: AbortSignal | null;
  /** Told when nothing more comes. */
  readonly end: () => void;
}

/** Whether nothing of a reply is said with this fault. */
export function isSilent(fault: ModelFault): boolean {
  return REFUSALS.has(fault) || fault === "reset" || fault === "web_page" || fault === "stall";
}

/** The answer in the provider's own bytes, or what a fault makes of it. */
export async function writeAnswer(world: AnswerWorld, answer: ModelAnswer): Promise<Response> {
  const { fault, wire, isStreamed } = answer;
  if (fault === "stall") await new Promise(() => {});
  if (fault !== undefined && isSilent(fault)) {
    answer.end();
    return refused(wire, fault);
  }
  const reply = replyOf(world, answer);
  const bytes = new TextEncoder().encode(isStreamed ? wire.stream(reply, world.random) : wire.whole(reply));
  const cutAt = fault === undefined ? bytes.length : world.random.int(bytes.length);
  const type = isStreamed ? "text/event-stream" : "application/json";
  const sent = fault === "error_midway" ? withError(wire, bytes, cutAt) : bytes.subarray(0, cutAt);
  return new Response(piecesOf(world, sent, answer), { headers: { "content-type": type } });
}

/** The events before a place, and an error after them. */
function withError(wire: ProviderWire, bytes: Uint8Array, cutAt: number): Uint8Array {
  const text = new TextDecoder().decode(bytes.subarray(0, cutAt));
  const whole = text.slice(0, text.lastIndexOf("\n\n") + 2);
  return new TextEncoder().encode(`${text.includes("\n\n") ? whole : ""}${wire.streamError()}`);
}

function replyOf({ options, random }: AnswerWorld, answer: ModelAnswer): ChatReply {
  const { text, calls } = answer.reply;
  const named = calls.map((planned, index) => ({
    name: planned.name,
    // After a compaction the plan may begin again: then what it writes is told apart by the reply.
    arguments: fills(options) ? planned.arguments.replaceAll(TOKEN_END, `;-${random.int(1e9)};`) : planned.arguments,
    id: options.repeatsCallIds ? `functions.${planned.name}:${index}` : `call_${random.uuid().slice(0, 8)}`,
  }));
  const fullTokens = random.chance(options.fillRate) ? FULL_TOKENS : undefined;
  const anyTokens = options.windowTokens === null ? 20 + random.int(100) : answer.promptTokens;
  const promptTokens = answer.isExact === true ? answer.promptTokens : (fullTokens ?? anyTokens);
  const { thought, completionTokens } = answer;
  return { text, thought, calls: named, promptTokens, completionTokens };
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

function refused(wire: ProviderWire, fault: ModelFault): Response {
  if (fault === "reset") throw new TypeError("The socket connection was closed unexpectedly");
  if (fault === "web_page") return new Response("<html>", { headers: { "content-type": "text/html" } });
  return wire.refusal(fault as Refusal, SECRET);
}
