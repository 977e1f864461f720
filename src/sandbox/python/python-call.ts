import { z } from "zod";
import type { JsonObject } from "../../core/json.ts";
import { cut } from "../../core/text.ts";
import { returnedParts } from "../../tools/returned-images.ts";
import type { OutsideAnswer } from "../../tools/runtime.ts";
import type { Worker, WorkerAnswer } from "../jail.ts";

/** How much longer than its call a worker may take before it is ended itself. */
const WORKER_GRACE_MS = 2_000;

/** What a worker is asked to run. */
export interface PythonRequest {
  readonly source: string;
  /** The function of the source; its last one where there is none of this name. */
  readonly name: string;
  readonly args: JsonObject;
  /** JSON schema of the arguments, by which objects among them get their class; null without one. */
  readonly schema: JsonObject | null;
  readonly agent: JsonObject | null;
  readonly environment: Readonly<Record<string, string>>;
  /** Whether to answer with the value, too. */
  readonly typed: boolean;
  readonly timeoutMs: number;
  /** Why it reaches no network, for whoever looks for one; absent where it has one. */
  readonly noNetwork?: string;
  /** Characters of the answer. */
  readonly charsMax: number;
  readonly signal: AbortSignal;
}

const Done = z.object({
  ok: z.boolean(),
  text: z.string(),
  parts: z.unknown(),
  value: z.json().optional(),
  blocks: z.record(z.string(), z.string()),
  stdout: z.string(),
  stderr: z.string(),
});
const Lost = z.object({ lost: z.enum(["died", "late", "cancelled"]), reason: z.string() });

/** Runs a tool in a worker. Never rejects. */
export async function callPython(worker: Worker, request: PythonRequest): Promise<OutsideAnswer> {
  const { source, environment, timeoutMs, charsMax, signal, noNetwork = null, ...rest } = request;
  const message = { ...rest, src: source, env: environment, ms: timeoutMs, chars: charsMax, noNetwork };
  return answerOf(await worker.call({ message, timeoutMs: timeoutMs + WORKER_GRACE_MS, signal }), charsMax);
}

function answerOf(answer: WorkerAnswer, charsMax: number): OutsideAnswer {
  if (answer.kind === "lost") return { status: "unknown", reason: answer.reason };
  const lost = Lost.safeParse(answer.line);
  if (lost.success) return { status: "unknown", reason: lost.data.reason };
  const done = Done.safeParse(answer.line);
  if (!done.success) return { status: "unknown", reason: "its worker answered something else" };
  const { ok, value, blocks, stdout, stderr } = done.data;
  const { text, images } = returnedParts(done.data.parts) ?? { text: done.data.text, images: [] };
  return {
    status: ok ? "success" : "error",
    text: cut(text, charsMax),
    images,
    ...(value === undefined ? {} : { value }),
    blocks,
    stdout: printed(stdout),
    stderr: printed(stderr),
  };
}

/** As Letta has it: one text, or none. */
function printed(text: string): readonly string[] {
  return text === "" ? [] : [text];
}
