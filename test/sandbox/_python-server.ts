import { bwrapJail } from "../../src/sandbox/bwrap.ts";
import type { Jail } from "../../src/sandbox/jail.ts";
import type { PoolLimits } from "../../src/sandbox/python/python-pool.ts";
import { createPythonRuntime, type PythonRuntime } from "../../src/sandbox/python/python-runtime.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";
import { BWRAP, testPython } from "./_jail.ts";

/** Python tools in a jail, without network and packages. */
export function pythonRuntime(jail: Jail = bwrapJail(BWRAP), limits: PoolLimits = {}): PythonRuntime {
  return createPythonRuntime({
    place: async () => ({ found: { jail, python: await testPython() }, refusal: undefined, passedOver: [] }),
    network: {
      grantOf: () => null,
      refusalOf: () => "Nothing was granted",
      open: () => Promise.reject(new Error("Nothing was granted")),
    },
    packages: { python: async () => null },
    limits,
  });
}

/** A server whose agents run Python tools. */
export interface PythonServer {
  readonly server: TestServer;
  /** Has an agent's model call a tool of this source, and returns what clients are shown of the answer. */
  call(source: string, args?: object, extra?: object): Promise<Answer>;
  close(): Promise<void>;
}

/** Starts a {@link PythonServer}. */
export async function startPythonServer(runtime: PythonRuntime = pythonRuntime()): Promise<PythonServer> {
  const server = await startTestServer({ toolRuntime: runtime });
  return {
    server,
    async call(source, args = {}, extra = {}) {
      const name = /^(?:async )?def (\w+)/m.exec(source)?.[1] ?? "";
      const tool = await server.ok("POST", "/v1/tools/", { source_code: source, ...extra });
      const agent = await server.agent({ tool_ids: [tool.id], include_base_tools: false });
      server.model.say({ calls: [{ name, arguments: args }] }, { text: "Ended." });
      const { messages } = await server.ok("POST", `/v1/agents/${agent}/messages`, { input: "go" });
      const shown = messages.find(({ message_type }: Answer) => message_type === "tool_return_message");
      return { ...shown, agent };
    },
    async close() {
      await server.close();
      await runtime.close();
    },
  };
}
