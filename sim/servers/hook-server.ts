import type { HookFate } from "../judge/books.ts";
import type { Oracle } from "../judge/oracle.ts";
import type { SimOptions } from "../plan/options.ts";
import type { Faults } from "../world/faults.ts";
import type { SeededRandom } from "../world/random.ts";
import type { Scheduler } from "../world/scheduler.ts";
import type { Incarnation } from "../world/world.ts";

/** The address of the host that clients want to be called back at. */
export const HOOK_ADDRESS = "203.0.114.7";
/** Where a turn's callback goes, its mark at the end. */
export const HOOK_URL = "https://hooks.sim/";

/** How a receiver of callbacks can fail. After the last two nobody tries again. */
export const HOOK_FAULTS = ["reset", "reset_after", "server_error", "stall", "not_found", "moved"] as const;
/** Longer than a callback is waited for. */
const STALL_MS = 600_000;

/** What receives callbacks. */
export interface HookServer {
  take(url: string, init: RequestInit, incarnation: Incarnation): Promise<Response>;
}

/** What it is made of. */
interface HookServerOptions {
  readonly options: SimOptions;
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly faults: Faults;
  readonly oracle: Oracle;
}

/** What each fault comes to for the one who waits for the callback. */
const FATES: Readonly<Record<(typeof HOOK_FAULTS)[number], HookFate>> = {
  reset: "failed",
  reset_after: "heard",
  server_error: "failed",
  stall: "failed",
  not_found: "final",
  moved: "final",
};

/** The receiver of callbacks: it is slow, fails in six ways, and tells the oracle of all that arrives. */
export function createHookServer({ options, scheduler, random, faults, oracle }: HookServerOptions): HookServer {
  return {
    async take(url, init, incarnation) {
      const mark = decodeURIComponent(new URL(url).pathname.slice(1));
      await scheduler.wait("callback arrives", random.between(0, options.networkMs), incarnation);
      const fault = faults.chance(random, options.callbackFaultRate) ? random.pick(HOOK_FAULTS) : undefined;
      if (fault !== undefined) faults.applied(`callback ${fault}`);
      oracle.callbacks.arrived(mark, String(init.body), fault === undefined ? "heard" : FATES[fault]);
      const waitMs = fault === "stall" ? STALL_MS : random.between(0, options.thinkMs);
      await scheduler.wait("callback is answered", waitMs, incarnation, init.signal ?? undefined);
      return answerWith(fault);
    },
  };
}

function answerWith(fault: (typeof HOOK_FAULTS)[number] | undefined): Response {
  switch (fault) {
    case "reset":
    case "reset_after":
      throw new TypeError("The connection was reset");
    case "not_found":
      return new Response("gone", { status: 404 });
    case "moved":
      return new Response(null, { status: 302, headers: { location: "https://127.0.0.1/" } });
    case "server_error":
      return new Response("sorry", { status: 500 });
    default:
      return new Response("");
  }
}
