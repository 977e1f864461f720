import type { OutsideAnswer, OutsideCall, OutsideLimits, ToolRuntime } from "../../tools/runtime.ts";
import type { Turn } from "../step/turn-state.ts";

/** How long one call may take, where its tool does not say. */
const TIMEOUT_MS = 180_000;
/** How long an answer is waited for once its call was told to end. */
const GRACE_MS = 5_000;
/** Characters of an answer, and of what a tool printed, that are kept until they are cut to the tool's own limit. */
const OUTPUT_CHARS_MAX = 1_000_000;

const CANCELLED = "the request was cancelled";
const late = (timeoutMs: number) => `it had not answered after ${timeoutMs / 1000} seconds`;
const BROKEN = "the place where it runs failed";

/** The limits of a call; null is as long as any. */
export function limitsOf(timeoutMs: number | null): OutsideLimits {
  return { timeoutMs: timeoutMs ?? TIMEOUT_MS, outputCharsMax: OUTPUT_CHARS_MAX };
}

/** Makes a call, tells it when nobody waits any more, and does not wait for one that does not listen. */
export async function callPatiently(
  { clock, signal }: Pick<Turn, "clock" | "signal">,
  runtime: ToolRuntime,
  made: Omit<OutsideCall, "signal">,
): Promise<OutsideAnswer> {
  const [ending, answered] = [new AbortController(), new AbortController()];
  const running = async (): Promise<OutsideAnswer> => {
    try {
      return await runtime.call({ ...made, signal: ending.signal });
    } catch {
      return { status: "unknown", reason: BROKEN };
    }
  };
  const givingUp = async (): Promise<OutsideAnswer> => {
    await clock.sleep(made.limits.timeoutMs, AbortSignal.any([signal, answered.signal]));
    if (!answered.signal.aborted) ending.abort();
    await clock.sleep(GRACE_MS, answered.signal);
    return { status: "unknown", reason: signal.aborted ? CANCELLED : late(made.limits.timeoutMs) };
  };
  const answer = await Promise.race([running(), givingUp()]);
  answered.abort();
  return answer;
}
