import type { LentKeys } from "../../agent/people/lent-keys.ts";
import { OWN_HOST, wantsOwnServer } from "../../sandbox/net/grant.ts";
import type { ToolRuntime } from "../../tools/runtime.ts";

/** The variables by which Letta's client knows where to go, and with which key. */
const KEY = "LETTA_API_KEY";
const ADDRESS = "LETTA_BASE_URL";

/**
 * Gives tools that were granted it a key of their agent's for as long as their call lasts, in the variables that Letta's
 * client reads. A key that a person put there stands.
 */
export function lendingRuntime(runtime: ToolRuntime, keys: LentKeys): ToolRuntime {
  return {
    runs: (tool) => runtime.runs(tool),
    async call(call) {
      const { tool, agent, actor, environment } = call;
      if (agent === null || !wantsOwnServer(tool) || KEY in environment) return runtime.call(call);
      const key = keys.lend(actor, agent.id);
      const lent = { [KEY]: key.text, [ADDRESS]: `http://${OWN_HOST}` };
      try {
        return await runtime.call({ ...call, environment: { ...environment, ...lent } });
      } finally {
        key.giveBack();
      }
    },
  };
}
