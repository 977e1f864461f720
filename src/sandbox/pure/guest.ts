import { isRecord, parseJson } from "../../core/json.ts";
import { openGuestLines } from "../guest-lines.ts";
import { type Interpreter, loadInterpreter, MEMORY_BYTES, type PureCall, type PureResult } from "./interpreter.ts";
import { explainedError } from "./missing.ts";

/** Characters of an error that are told. */
const ERROR_CHARS_MAX = 1_000;
/** Characters of a trace: a recursion without an end has a line for each call. */
const TRACE_CHARS_MAX = 16_384;
/** How long a call may take that does not say. */
const CALL_MS_MAX = 600_000;

/** A call for practice. */
const REHEARSAL = {
  code: "export const f = async (a: number) => { console.log({ a: [a] }); return { a }; }",
  name: "f",
  args: [[1]],
  environment: {},
  printedMax: 1_000,
  textMax: 1_000,
};

const NEVER = "it waits for something that never comes: there are no timers here, and nothing to hear of from outside";

/** Becomes the process of one call of a tool, which comes as a line. */
export async function servePureCall(): Promise<void> {
  const { heard, say } = openGuestLines();
  let interpreter: Interpreter | undefined;
  for await (const line of heard()) {
    const request = parseJson(line);
    if (!isRecord(request)) return;
    if (interpreter === undefined) {
      interpreter = await loadInterpreter(Number(request["memoryBytes"] ?? MEMORY_BYTES));
      // What a first call would wait for otherwise, as the runtime gets its parts when they are used.
      answer(interpreter, REHEARSAL);
      await say({ ready: true });
    } else await say({ id: request["id"], ...answer(interpreter, request) });
  }
}

function answer(interpreter: Interpreter, request: Record<string, unknown>): object {
  let code: string;
  try {
    code = javascriptOf(String(request["code"]), request["name"]);
  } catch (error) {
    return { error: mistakeOf(error), stdout: "", stderr: "" };
  }
  try {
    return told(interpreter(callOf(request, code)), Number(request["printedMax"]));
  } catch (error) {
    // It has run over its own stack or memory, and is not to be used again.
    const reason = error instanceof Error ? error.message : String(error);
    return { error: `Error: the interpreter broke off (${reason})`.slice(0, ERROR_CHARS_MAX), stdout: "", stderr: "" };
  }
}

/** The source without its types, and with what is called exported. What calls nothing imports a library, which is refused by name. */
function javascriptOf(source: string, name: unknown): string {
  const whole = typeof name === "string" ? `${source}\n;export { ${name} as selkie_called };\n` : source;
  return new Bun.Transpiler({ loader: "ts", target: "browser" }).transformSync(whole);
}

/** Of a source that does not parse, the first mistake says more than that there are some. */
function mistakeOf(error: unknown): string {
  const first = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  return String(first instanceof Error ? `${first.name}: ${first.message}` : first).slice(0, ERROR_CHARS_MAX);
}

function callOf(request: Record<string, unknown>, code: string): PureCall {
  return {
    code,
    args: request["args"],
    environment: request["environment"],
    endsAt: Date.now() + Number(request["timeoutMs"] ?? CALL_MS_MAX),
    printedMax: Number(request["printedMax"]),
    textMax: Number(request["textMax"]),
    typed: request["typed"] === true,
  };
}

function told({ outcome, isLate, stdout, stderr }: PureResult, printedMax: number): object {
  if (isLate) return { isLate, stdout, stderr };
  const said = outcome === null ? { error: `Error: ${NEVER}` } : parseJson(outcome);
  if (!isRecord(said) || typeof said["error"] !== "string") return { ...(isRecord(said) ? said : {}), stdout, stderr };
  const error = explainedError(said["error"]).slice(0, ERROR_CHARS_MAX);
  return { error, stdout, stderr: (stderr + traceOf(said["trace"])).slice(0, printedMax) };
}

/** A trace without the lines that are ours. */
function traceOf(trace: unknown): string {
  const lines = String(trace ?? "").split("\n");
  const own = lines.filter((line) => !line.includes("(prelude:")).join("\n");
  return own === "" ? "" : `${own.slice(0, TRACE_CHARS_MAX)}\n`;
}
