import { afterAll, beforeAll, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bwrapJail } from "../../src/sandbox/bwrap.ts";
import { readNetworkPolicy } from "../../src/sandbox/net/grant.ts";
import { openToolNetwork, type ToolNetwork } from "../../src/sandbox/net/tool-network.ts";
import { startRegistry, wheelOf } from "../../src/sandbox/packages/_test-archives.ts";
import { openToolPackages } from "../../src/sandbox/packages/tool-packages.ts";
import { createPythonRuntime, type PythonRuntime } from "../../src/sandbox/python/python-runtime.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";
import { BWRAP, describeWithPython, PYTHON, testPython } from "./_jail.ts";

/** What stands for Letta's client: it reads the same variables, and asks by a library that knows nothing of jails. */
const CLIENT = `
import json, urllib.error, urllib.request


class Letta:
    def __init__(self, api_key, base_url):
        self.key, self.url = api_key, base_url

    def ask(self, method, path, body=None):
        headers = {"Authorization": "Bearer " + self.key, "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers, method=method)) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
`;

const TOOL = `
def work(agent_state, other: str) -> str:
    """Do it.

    Args:
        other: An agent that is somebody else's.
    """
    import kelp

    own = "/v1/agents/" + agent_state.id
    asked = [
        client.ask("GET", own),
        client.ask("PATCH", own + "/core-memory/blocks/human", {"value": "Grace"}),
        client.ask("GET", "/v1/agents/" + other),
        client.ask("POST", "/v1/tools/", {"source_code": "def f(): pass"}),
    ]
    client.key = ""
    asked.append(client.ask("GET", own))
    return kelp.name + " " + " ".join(str(status) for status in asked)
`;

/** A folder that whoever jails run as can reach. */
const directory = join(tmpdir(), `selkie-test-packages-${process.pid}`);
const hasPip = Bun.spawnSync([PYTHON, "-I", "-m", "pip", "--version"]).success;

let registry: ReturnType<typeof startRegistry>;
let network: ToolNetwork;
let runtime: PythonRuntime;
let server: TestServer;
let listening: ReturnType<typeof Bun.serve>;

beforeAll(async () => {
  registry = startRegistry();
  registry.addWheel("kelp", "1.0", wheelOf("kelp", "1.0", [{ path: "kelp.py", text: "name = 'kelp'" }]));
  registry.addWheel("letta_client", "1.0", wheelOf("letta_client", "1.0", [{ path: "letta_client.py", text: CLIENT }]));
  network = openToolNetwork({
    policy: readNetworkPolicy("none"),
    check: { resolveHost: async () => ["127.0.0.1"], allowsPrivate: false },
    fetch,
    directoryPrefix: join(tmpdir(), `selkie-test-${process.pid}-own-`),
    ...(BWRAP.identity === null ? {} : { jailUser: BWRAP.identity }),
  });
  const environment = { PATH: process.env["PATH"] };
  runtime = createPythonRuntime({
    place: async () => ({
      found: { jail: bwrapJail(BWRAP), python: await testPython() },
      refusal: undefined,
      passedOver: [],
    }),
    network,
    packages: openToolPackages({
      directory,
      pipIndexUrl: `${registry.url}/simple`,
      npm: {
        executable: process.execPath,
        registryUrl: registry.url,
        environment,
        check: { resolveHost: async () => [] },
      },
    }),
  });
  server = await startTestServer({ toolRuntime: runtime });
  listening = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => server.server.api.fetch(request) });
  network.serve({
    host: "127.0.0.1",
    port: listening.port ?? 0,
    isLent: (key) => server.server.lentKeys.holderOf(key) !== undefined,
  });
});

afterAll(async () => {
  await server.close();
  await runtime.close();
  await network.close();
  await listening.stop(true);
  await registry.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** What an agent's tool answered that needs these packages. */
async function called(pip_requirements: readonly object[]): Promise<Answer> {
  const tool = await server.ok("POST", "/v1/tools/", { source_code: TOOL, pip_requirements });
  await server.ok("PATCH", `/v1/tools/${tool.id}`, { metadata_: { letta_client: true } });
  const [other, agentId] = [
    await server.agent(),
    await server.agent({ tool_ids: [tool.id], include_base_tools: false }),
  ];
  server.model.say({ calls: [{ name: "work", arguments: { other } }] }, { text: "Ended." });
  const { messages } = await server.ok("POST", `/v1/agents/${agentId}/messages`, { input: "go" });
  await server.ok("DELETE", `/v1/tools/${tool.id}`);
  return messages.find(({ message_type }: Answer) => message_type === "tool_return_message");
}

describeWithPython("packages of Python tools", () => {
  test.skipIf(!hasPip && process.env["SELKIE_CI_JAILS"] !== "required")(
    "a tool imports what it named, and its client reaches its own agent by a key that is lent, and nothing else",
    async () => {
      const answer = await called([{ name: "kelp", version: "1.0" }, { name: "letta-client" }]);
      expect([answer.status, answer.tool_return]).toEqual(["success", "kelp 200 200 404 403 403"]);
    },
  );

  test.skipIf(!hasPip && process.env["SELKIE_CI_JAILS"] !== "required")(
    "a tool imports what the settings of the sandbox name, unless it names that itself",
    async () => {
      const config = { pip_requirements: [{ name: "Kelp" }, { name: "no-such-thing" }, { name: "letta_client" }] };
      await server.ok("POST", "/v1/sandbox-config/local", config);
      expect((await called([])).tool_return).toContain(
        "The packages kelp, letta-client, no-such-thing cannot be installed",
      );
      await server.ok("POST", "/v1/sandbox-config/local", {
        pip_requirements: config.pip_requirements.toSpliced(1, 1),
      });
      expect((await called([])).tool_return).toBe("kelp 200 200 404 403 403");
      expect((await called([{ name: "kelp", version: "9.9" }])).tool_return).toContain("kelp==9.9");
      const source_code = 'def f() -> str:\n    """Do it."""\n    import kelp\n    return kelp.name\n';
      const ran = await server.ok("POST", "/v1/tools/run", { source_code, args: {} });
      expect([ran.status, ran.tool_return]).toEqual(["success", "kelp"]);
      await server.ok("POST", "/v1/sandbox-config/local", { pip_requirements: [] });
    },
  );

  test.skipIf(!hasPip && process.env["SELKIE_CI_JAILS"] !== "required")(
    "a package that is not there is told to the model by name",
    async () => {
      const answer = await called([{ name: "no-such-thing" }]);
      expect(answer.status).toBe("error");
      expect(answer.tool_return).toContain("The packages no-such-thing cannot be installed");
    },
  );
});
