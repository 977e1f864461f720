import { z } from "zod";
import { NO_CODE } from "../builtin/unavailable.ts";
import { type OutsideBuiltin, objectSchema } from "../builtin.ts";
import { type OutsideWork, outsideWork } from "../outside-builtin.ts";
import { type OutsideAnswer, type OutsideCall, saying, type ToolRuntime } from "../runtime.ts";
import { type Tool, withPackages } from "../tool.ts";
import { type CodeTools, givenTools } from "./code-tools.ts";
import { MARKS, PYTHON_SOURCE, SCRIPT_SOURCE } from "./sources.ts";

const LANGUAGES = ["python", "js", "ts", "r", "java"] as const;
type Language = (typeof LANGUAGES)[number];

const Arguments = z.object({ code: z.string(), language: z.enum(LANGUAGES) });

/** Runs a program that the model writes, where tools of somebody's own run. */
export const runCode: OutsideBuiltin = {
  name: "run_code",
  toolType: "letta_builtin",
  enableParallelExecution: true,
  isIdempotent: false,
  why: NO_CODE,
  description:
    "Run a program in a sandbox and read what it prints. Good for arithmetic, data and checking an idea. In Python your tools whose code is in Python are there as functions.\n\nEach call begins anew: no variable, file or process is left of the one before.\n\nReturns JSON: `results` has the value of the last line if that is an expression, `logs` what was printed, and `error` what went wrong, if anything did.",
  parameters: objectSchema(
    {
      code: { type: "string", description: "The program." },
      language: {
        type: "string",
        enum: [...LANGUAGES],
        description: "What it is written in. Only python, js and ts can run on this server.",
      },
    },
    ["code", "language"],
  ),
};

/** Runs a program in Python that calls the agent's other tools as functions. */
export const runCodeWithTools: OutsideBuiltin = {
  name: "run_code_with_tools",
  toolType: "letta_builtin",
  enableParallelExecution: false,
  isIdempotent: false,
  why: NO_CODE,
  description:
    "Run a Python program in a sandbox that calls your other tools as functions, by their names. Those whose code is in Python can be called so.\n\nEach call begins anew: no variable, file or process is left of the one before.\n\nReturns JSON: `status`, `func_return` with the value of the last line if that is an expression, and what was printed, in `stdout` and `stderr`.",
  parameters: objectSchema({ code: { type: "string", description: "The program, in Python." } }, ["code"]),
};

/**
 * How code runs: by a tool that is given the code, and where it is Python the agent's tools beside it. What goes wrong in
 * the code is told in the answer.
 */
export function codeWorks(runtime: ToolRuntime, toolsOf: CodeTools): readonly OutsideWork[] {
  const run = async (call: OutsideCall, language: Language, code: string): Promise<Told | OutsideAnswer> => {
    const tool = toolFor(call, language);
    if (tool === undefined)
      return { error: `This server cannot run ${language}; write it in python, js or ts instead` };
    if (!runtime.runs(tool)) return { error: `There is no place on this server to run ${language}` };
    if (language !== "python") return readAnswer(await runtime.call({ ...call, tool, args: { code } }));
    const { tools, pipRequirements } = givenTools(runtime, await toolsOf(call), call.tool.name);
    const whole = withPackages(tool, { pipRequirements: pipRequirements ?? [] });
    return readAnswer(await runtime.call({ ...call, tool: whole, args: { code, tools } }));
  };
  return [
    outsideWork(runCode, Arguments, async ({ code, language }, call) => {
      const came = await run(call, language, code);
      if ("status" in came) return came;
      const { results = [], stdout = [], stderr = [], error } = came;
      return saying(JSON.stringify({ results, logs: { stdout, stderr }, ...(error === undefined ? {} : { error }) }));
    }),
    outsideWork(runCodeWithTools, z.object({ code: z.string() }), async ({ code }, call) => {
      const came = await run(call, "python", code);
      if ("status" in came) return came;
      const { results = [], stdout = [], stderr = [], error } = came;
      const status = error === undefined ? "success" : "error";
      return saying(JSON.stringify({ status, func_return: error ?? results[0] ?? null, stdout, stderr }));
    }),
  ];
}

/** A tool of that language which runs code; what the built-in one is granted and given holds for it too. */
function toolFor({ tool }: OutsideCall, language: Language): Tool | undefined {
  if (language === "r" || language === "java") return undefined;
  return language === "python"
    ? { ...tool, toolType: "custom", sourceType: "python", sourceCode: PYTHON_SOURCE }
    : { ...tool, toolType: "custom", sourceType: "typescript", sourceCode: SCRIPT_SOURCE };
}

/** What came of code. */
interface Told {
  readonly results?: readonly string[];
  readonly stdout?: readonly string[];
  readonly stderr?: readonly string[];
  readonly error?: string;
}

/** What could not be run at all, and what nobody knows the end of, is told as of any tool. */
function readAnswer(answer: OutsideAnswer): Told | OutsideAnswer {
  if (answer.status !== "success") return answer;
  const { stdout, stderr, text } = answer;
  const rest = text.slice(1);
  if (text.startsWith(MARKS.error)) return { stdout, stderr, error: rest };
  return { stdout, stderr, results: text.startsWith(MARKS.value) ? [rest] : [] };
}
