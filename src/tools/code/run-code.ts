import { z } from "zod";
import { NO_CODE } from "../builtin/unavailable.ts";
import { type OutsideBuiltin, objectSchema } from "../builtin.ts";
import { type OutsideWork, outsideWork } from "../outside-builtin.ts";
import { type OutsideAnswer, type OutsideCall, saying, type ToolRuntime } from "../runtime.ts";
import type { Tool } from "../tool.ts";
import { MARKS, PYTHON_SOURCE, SCRIPT_SOURCE } from "./sources.ts";

const LANGUAGES = ["python", "js", "ts", "r", "java"] as const;
const Arguments = z.object({ code: z.string(), language: z.enum(LANGUAGES) });

/** Runs a program that the model writes, where tools of somebody's own run. */
export const runCode: OutsideBuiltin = {
  name: "run_code",
  toolType: "letta_builtin",
  enableParallelExecution: true,
  isIdempotent: false,
  why: NO_CODE,
  description:
    "Run a program in a sandbox and read what it prints. Good for arithmetic, data and checking an idea.\n\nEach call begins anew: no variable, file or process is left of the one before.\n\nReturns JSON: `results` has the value of the last line if that is an expression, `logs` what was printed, and `error` what went wrong, if anything did.",
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

/** How `run_code` does its work: as a tool that is given the code. What goes wrong in the code is told in the answer. */
export function runCodeWork(runtime: ToolRuntime): OutsideWork {
  return outsideWork(runCode, Arguments, async ({ code, language }, call) => {
    const tool = toolFor(call, language);
    if (tool === undefined)
      return told({ error: `This server cannot run ${language}; write it in python, js or ts instead` });
    if (!runtime.runs(tool)) return told({ error: `There is no place on this server to run ${language}` });
    return readAnswer(await runtime.call({ ...call, tool, args: { code } }));
  });
}

/** A tool of that language which runs code; what the built-in one is granted and given holds for it too. */
function toolFor({ tool }: OutsideCall, language: (typeof LANGUAGES)[number]): Tool | undefined {
  if (language === "r" || language === "java") return undefined;
  return language === "python"
    ? { ...tool, toolType: "custom", sourceType: "python", sourceCode: PYTHON_SOURCE }
    : { ...tool, toolType: "custom", sourceType: "typescript", sourceCode: SCRIPT_SOURCE };
}

/** What could not be run at all, and what nobody knows the end of, is told as of any tool. */
function readAnswer(answer: OutsideAnswer): OutsideAnswer {
  if (answer.status !== "success") return answer;
  const { stdout, stderr, text } = answer;
  const rest = text.slice(1);
  if (text.startsWith(MARKS.error)) return told({ stdout, stderr, error: rest });
  return told({ stdout, stderr, results: text.startsWith(MARKS.value) ? [rest] : [] });
}

interface Told {
  readonly results?: readonly string[];
  readonly stdout?: readonly string[];
  readonly stderr?: readonly string[];
  readonly error?: string;
}

function told({ results = [], stdout = [], stderr = [], error }: Told): OutsideAnswer {
  return saying(JSON.stringify({ results, logs: { stdout, stderr }, ...(error === undefined ? {} : { error }) }));
}
