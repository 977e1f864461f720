import { join } from "node:path";
import { parseJson } from "../../src/core/json.ts";
import type { OutsideAnswer, OutsideCall, ToolRuntime } from "../../src/tools/runtime.ts";

const SCRIPT = join(import.meta.dir, "outside-tool.ts");

/** Where one call stands: before its process begins, and once that is over. */
export type Moment = "before" | "after";

/** Runs every custom tool as a child process, which does what the call's arguments say; see `outside-tool.ts`. */
export function processRuntime(at: (moment: Moment, call: OutsideCall) => Promise<void> = async () => {}): ToolRuntime {
  return {
    runs: (tool) => tool.toolType === "custom",
    async call(call) {
      await at("before", call);
      const answer = await run(call);
      await at("after", call);
      return answer;
    },
  };
}

async function run(call: OutsideCall): Promise<OutsideAnswer> {
  const { callId, args, agent, environment, signal, limits } = call;
  const child = Bun.spawn([process.execPath, SCRIPT], {
    env: environment,
    stdin: new Blob([JSON.stringify({ callId, args, blocks: agent?.blocks })]),
    stdout: "pipe",
    stderr: "pipe",
    signal,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr, code] = await Promise.all([
    kept(child.stdout, limits.outputCharsMax),
    kept(child.stderr, limits.outputCharsMax),
    child.exited,
  ]);
  if (signal.aborted) return { status: "unknown", reason: "its process was ended" };
  if (code !== 0) return { status: "unknown", reason: "its process died" };
  const lines = stdout.trimEnd().split("\n");
  // biome-ignore lint/suspicious/noExplicitAny: the script writes what a runtime answers
  const told: any = parseJson(lines.at(-1) ?? "");
  if (told === undefined) return { status: "success", text: stdout, stdout: [], stderr: [], blocks: {} };
  return { ...told, stdout: linesOf(lines.slice(0, -1)), stderr: linesOf(stderr.split("\n")) };
}

function linesOf(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line !== "");
}

/** The first characters that a process writes; the rest is read and dropped, so that it is not kept waiting. */
async function kept(output: ReadableStream<Uint8Array>, charsMax: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of output) if (text.length < charsMax) text += decoder.decode(bytes, { stream: true });
  return text.slice(0, charsMax);
}
