import type { z } from "zod";
import { checkedArguments, heardOf, type OutsideBuiltin } from "./builtin.ts";
import { type OutsideAnswer, type OutsideCall, saying, type ToolRuntime } from "./runtime.ts";

/** How one built-in tool does its work outside. */
export interface OutsideWork {
  readonly name: string;
  /** As {@link ToolRuntime.call}; what it throws is a bug, and the outcome unknown. */
  call(call: OutsideCall): Promise<OutsideAnswer>;
}

/** The work of a tool: its arguments are checked first, and a `Failure` that it throws is an answer that the model hears. */
export function outsideWork<A>(
  { name }: OutsideBuiltin,
  schema: z.ZodType<A>,
  run: (args: A, call: OutsideCall) => Promise<string | OutsideAnswer>,
): OutsideWork {
  return {
    name,
    async call(call) {
      try {
        const answer = await run(checkedArguments(name, schema, call.args), call);
        return typeof answer === "string" ? saying(answer) : answer;
      } catch (error) {
        return saying(heardOf(error), "error");
      }
    },
  };
}

/** The runtime of built-in tools that reach outside. A tool of somebody's own that has such a name is not one of them. */
export function builtinRuntime(works: readonly OutsideWork[]): ToolRuntime {
  const byName = new Map(works.map((work) => [work.name, work]));
  return {
    runs: (tool) => tool.toolType !== "custom" && byName.has(tool.name),
    async call(call) {
      const work = byName.get(call.tool.name);
      return work === undefined ? { status: "unknown", reason: "nothing here runs it" } : work.call(call);
    },
  };
}
