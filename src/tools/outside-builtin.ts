import type { OutsideAnswer, OutsideCall, ToolRuntime } from "./runtime.ts";

/** How one built-in tool does its work outside. */
export interface OutsideWork {
  readonly name: string;
  /** As {@link ToolRuntime.call}; what it throws is a bug, and the outcome unknown. */
  call(call: OutsideCall): Promise<OutsideAnswer>;
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
