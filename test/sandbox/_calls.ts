import { DEFAULT_ACTOR } from "../../src/core/id.ts";
import type { OutsideCall } from "../../src/tools/runtime.ts";
import type { Tool } from "../../src/tools/tool.ts";

/** A call by hand of a tool that is not stored, whose function is called `f`. */
export function callOf(
  source: string,
  extra: Partial<Pick<OutsideCall, "actor" | "signal" | "args" | "environment">> & { readonly timeoutMs?: number } = {},
): OutsideCall {
  const { timeoutMs = 30_000, ...rest } = extra;
  const tool: Partial<Tool> = { name: "f", toolType: "custom", sourceType: "python", sourceCode: source };
  return {
    actor: DEFAULT_ACTOR,
    runId: null,
    callId: "call",
    // What no runtime looks at is not made up.
    tool: { id: "tool-0", projectId: null, argsJsonSchema: null, metadata: {}, ...tool } as unknown as Tool,
    args: {},
    agent: null,
    environment: {},
    signal: new AbortController().signal,
    limits: { timeoutMs, outputCharsMax: 1_000_000 },
    ...rest,
  };
}
