import { callsOf, returnsOf, type WireMessage } from "../clients/wire.ts";
import { CLIENT_TOOL } from "../plan/plan.ts";
import type { Oracle } from "./oracle.ts";

const COUNTED = "memory_insert";
const COUNT_MAX = 1;
/** What a tool answers when it has done its work, which tool comes after that, and which after anything else. */
const LEADING = "archival_memory_insert";
const OUTPUT = "None";
const AFTER_OUTPUT = "memory_rethink";
const AFTER_ERROR = "memory_insert";

/** Rules that say which tools may be called after which, and how often. */
export const TOOL_RULES = [
  { type: "max_count_per_step", tool_name: COUNTED, max_count_limit: COUNT_MAX },
  {
    type: "conditional",
    tool_name: LEADING,
    child_output_mapping: { [OUTPUT]: AFTER_OUTPUT },
    default_child: AFTER_ERROR,
  },
];

/** No tool ran that the rules forbid at its place in the run, wherever the run was cut off and continued. */
export function checkRules(oracle: Oracle, agent: number, messages: readonly WireMessage[]): void {
  const names = new Map(messages.flatMap(callsOf).map((call) => [call.tool_call_id, call.name]));
  const answers = messages.filter(({ message_type }) => message_type === "tool_return_message");
  for (const [run, told] of Map.groupBy(answers, ({ run_id }) => run_id)) {
    const ran = told.flatMap(returnsOf).map(({ tool_call_id, status }) => ({
      name: names.get(tool_call_id) ?? "",
      isDone: status === "success",
    }));
    oracle.checked(ran.length);
    const problem = problemOf(ran);
    if (problem !== undefined) oracle.fail("S4 tool rules", `${run} of agent ${agent} ${problem}`);
  }
}

/** A tool that was called, and whether it did its work. */
interface Ran {
  readonly name: string;
  readonly isDone: boolean;
}

function problemOf(ran: readonly Ran[]): string | undefined {
  const times = ran.filter(({ name, isDone }) => isDone && name === COUNTED).length;
  if (times > COUNT_MAX) return `ran ${COUNTED} ${times} times`;
  for (const [index, { name, isDone }] of ran.entries()) {
    const before = ran[index - 1];
    // What a client's own tool printed is taken as it comes.
    if (!isDone || name === CLIENT_TOOL || before?.name !== LEADING) continue;
    const only = before.isDone ? AFTER_OUTPUT : AFTER_ERROR;
    if (name !== only) return `ran ${name} after ${LEADING}, where only ${only} may run`;
  }
  return undefined;
}
