import type { OutsideCall, ToolRuntime } from "../runtime.ts";
import type { Tool } from "../tool.ts";

/** An agent's tool, as code that it runs may call it. */
interface CodeTool {
  readonly tool: Tool;
  /** Whether a person approves each call of it. */
  readonly needsApproval: boolean;
}

/** The tools of the agent that a call is for; none where it is for no agent. */
export type CodeTools = (call: Pick<OutsideCall, "actor" | "agent">) => Promise<readonly CodeTool[]>;

/** Letta's names of sources that are Python. Those without one are old. */
const PYTHON_SOURCES: readonly (string | null)[] = ["python", "json", null];

/** What code in Python is given of a tool: the source that holds it, or why it cannot be called there. */
interface GivenTool {
  readonly name: string;
  readonly source: string | null;
  readonly why: string | null;
}

/** The tools as code in Python is given them, and the packages that they need. What runs the code is left out. */
export function givenTools(
  runtime: Pick<ToolRuntime, "runs">,
  all: readonly CodeTool[],
  self: string,
): { readonly tools: readonly GivenTool[]; readonly pipRequirements: Tool["pipRequirements"] } {
  const others = all.filter(({ tool }) => tool.name !== self && /^[A-Za-z_]\w*$/.test(tool.name));
  const tools = others.map((each): GivenTool => {
    const why = whyNot(runtime, each);
    return { name: each.tool.name, source: why === null ? each.tool.sourceCode : null, why };
  });
  const callable = others.filter((each) => whyNot(runtime, each) === null);
  return { tools, pipRequirements: callable.flatMap(({ tool }) => tool.pipRequirements ?? []) };
}

function whyNot(runtime: Pick<ToolRuntime, "runs">, { tool, needsApproval }: CodeTool): string | null {
  const isCode = tool.toolType === "custom" && tool.sourceCode !== null && PYTHON_SOURCES.includes(tool.sourceType);
  if (!isCode || !runtime.runs(tool)) return "it is no code in Python; call it as a tool, outside of your code";
  return needsApproval ? "a person approves each of its calls; call it as a tool, outside of your code" : null;
}
