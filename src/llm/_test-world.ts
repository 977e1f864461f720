import { type Clock, instantOf } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { Fetch, World } from "../core/world.ts";
import { CALL_LIMITS, type CallLimits } from "./call/limits.ts";
import type { LanguageModel, ModelDelta, ModelReply, ModelRequest } from "./model.ts";

/** The real clock and network, for tests that talk to a real server, with ids that count up. */
export function realWorld(fetch: Fetch = (input, init) => globalThis.fetch(input, init)): World {
  const clock: Clock = {
    now: () => instantOf(performance.timeOrigin + performance.now()),
    elapsedMs: () => performance.now(),
    async sleep(durationMs, signal) {
      if (signal?.aborted === true) return;
      const woken = Promise.withResolvers<void>();
      const wake = (): void => woken.resolve();
      signal?.addEventListener("abort", wake, { once: true });
      const timer = Bun.sleep(Math.min(durationMs, 2 ** 30));
      await Promise.race([timer, woken.promise]);
      signal?.removeEventListener("abort", wake);
    },
  };
  return { clock, random: countingRandom(), fetch };
}

/** Ids that count up, and always the same fraction. */
export function countingRandom(fraction = 0.5): Random {
  let count = 0;
  return {
    uuid: () => `${(++count).toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`,
    fraction: () => fraction,
  };
}

/** A clock that moves only when told, and remembers how long it was asked to sleep. */
export interface ManualClock extends Clock {
  readonly sleeps: readonly number[];
  /** Moves the clock and wakes whoever is due, letting the woken run first. */
  advance(durationMs: number): Promise<void>;
}

/** A {@link ManualClock}; with `jumps` a sleep moves the clock itself and returns at once. */
export function manualClock(options: { readonly jumps: boolean } = { jumps: false }): ManualClock {
  let nowMs = 0;
  const sleeps: number[] = [];
  const sleepers = new Map<() => void, number>();
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  return {
    sleeps,
    now: () => instantOf(nowMs),
    elapsedMs: () => nowMs,
    async sleep(durationMs, signal) {
      sleeps.push(durationMs);
      if (signal?.aborted === true) return;
      if (options.jumps) {
        nowMs += durationMs;
        return;
      }
      const woken = Promise.withResolvers<void>();
      const wake = (): void => woken.resolve();
      sleepers.set(wake, nowMs + durationMs);
      signal?.addEventListener("abort", wake, { once: true });
      await woken.promise;
      sleepers.delete(wake);
    },
    async advance(durationMs) {
      nowMs += durationMs;
      await settle();
      for (const [wake, dueMs] of sleepers) if (dueMs <= nowMs) wake();
      await settle();
    },
  };
}

/** Short limits, so that tests of what hangs end soon. */
export function testLimits(limits: Partial<CallLimits> = {}): CallLimits {
  return { ...CALL_LIMITS, retriesMax: 0, ...limits };
}

/** A plain request. */
export function request(fields: Partial<ModelRequest> = {}): ModelRequest {
  return {
    system: "Be brief.",
    messages: [{ role: "user", parts: [{ type: "text", text: "hello there" }] }],
    tools: [],
    toolChoice: "auto",
    parallelToolCalls: false,
    stream: false,
    ...fields,
  };
}

/** What a call says, all of it. */
export async function heard(
  model: LanguageModel,
  asked: ModelRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<{ readonly events: readonly ModelDelta[]; readonly reply: ModelReply }> {
  const events: ModelDelta[] = [];
  const { reply } = await model.call(asked, signal, (delta) => events.push(delta));
  return { events, reply };
}

/** The texts of a kind of delta, joined. */
export function joinedDeltas(
  events: readonly ModelDelta[],
  type: "text_delta" | "reasoning_delta" | "tool_call_delta",
): string {
  return events.map((event) => (event.type === type ? event.text : "")).join("");
}
