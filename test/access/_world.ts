import type { PluginHost } from "../../src/agent/plugins/plugin-host.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

/** The key of the server's settings. */
export const ROOT = "root-key-of-the-test";

/** Ids of things of one organisation, by the names that paths have for them. */
export type Things = Readonly<Record<string, string>>;

/** What one request was answered. */
export interface Told {
  readonly status: number;
  readonly text: string;
  readonly body: Answer;
}

/** A server with keys, and requests by any of them. */
export interface AccessWorld {
  readonly server: TestServer;
  /** Asks as whoever has this key; null has none. */
  ask(key: string | null, method: string, path: string, body?: unknown): Promise<Told>;
  /** As {@link ask}, the body of what must be answered well. */
  ok(key: string, method: string, path: string, body?: unknown): Promise<Answer>;
  /** Makes a key; `maker` is the key of who makes it. */
  key(draft: object, maker?: string): Promise<string>;
  /** Makes another organisation, and gives a key of its owner. */
  stranger(): Promise<string>;
  /** Everything that paths can name, made by this key. */
  things(key: string): Promise<Things>;
  close(): Promise<void>;
}

/** Starts an {@link AccessWorld}; `plugins` says what those do that are added. */
export async function startAccessWorld(plugins: Partial<PluginHost> = {}): Promise<AccessWorld> {
  const server = await startTestServer({
    apiKey: ROOT,
    resolveHost: () => Promise.reject(new Error("No such host")),
    pluginHost: { ...PLAIN_PLUGINS, ...plugins },
  });
  server.model.always(() => ({ text: "Noted." }));
  const ask: AccessWorld["ask"] = async (key, method, path, body) => {
    const response = await server.server.api.request(`http://localhost${path}`, {
      method,
      headers: {
        ...(body instanceof FormData ? {} : { "content-type": "application/json" }),
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      },
      ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, text, body: parsed(text) };
  };
  const ok: AccessWorld["ok"] = async (key, method, path, body) => {
    const told = await ask(key, method, path, body);
    if (told.status >= 300) throw new Error(`${method} ${path}: ${told.status} ${told.text}`);
    return told.body;
  };
  let made = 0;
  return {
    server,
    ask,
    ok,
    key: async (draft, maker = ROOT) => (await ok(maker, "POST", "/v1/keys", { name: `k${made++}`, ...draft })).key,
    async stranger() {
      const { id } = await ok(ROOT, "POST", "/v1/organizations", { name: `other ${made++}` });
      return (await ok(ROOT, "POST", "/v1/keys", { name: "stranger", role: "owner", organization_id: id })).key;
    },
    things: (key) => makeThings((method, path, body) => ok(key, method, path, body)),
    close: () => server.close(),
  };
}

/** A token for web pages that is asked for. */
export function clientToken(agentId: string | undefined): object {
  return { policy: [{ type: "agent", id: agentId, access: ["read_agent"] }], hostname: "https://shop.example" };
}

/** Takes as a plugin's code what it says of itself, and runs none. */
const PLAIN_PLUGINS: PluginHost = {
  examine: async ({ code }) => ({ code, manifest: JSON.parse(code) }),
  call: async () => ({ kind: "error", reason: "nothing runs here" }),
  embed: async ({ plugin, texts }) => texts.map(() => new Float32Array(plugin.manifest.dimensions ?? 0).fill(1)),
};

/** A plugin of this name that is taken in. */
export function plainPlugin(name: string): object {
  const manifest = { kind: "tool", name, description: "Zephyrine's", grants: [], network: [], events: [] };
  const code = JSON.stringify({ ...manifest, parameters: null, dimensions: null });
  return { language: "typescript", code };
}

type Ask = (method: string, path: string, body?: unknown) => Promise<Answer>;

const SOURCE =
  'def spell(word: str) -> str:\n    """Spells a word.\n\n    Args:\n        word: what to spell\n    """\n    return word\n';

async function makeThings(ask: Ask): Promise<Things> {
  const blocks = [{ label: "human", value: "A canary called Zephyrine" }];
  const agent = await ask("POST", "/v1/agents/", { model: "openai/gpt-4o-mini", memory_blocks: blocks, tags: ["t1"] });
  const at = `/v1/agents/${agent.id}`;
  const loose = await ask("POST", "/v1/blocks/", { label: "loose", value: "Zephyrine" });
  await ask("PATCH", `${at}/core-memory/blocks/attach/${loose.id}`);
  const tool = await ask("POST", "/v1/tools/", { source_code: SOURCE });
  await ask("PATCH", `${at}/tools/attach/${tool.id}`);
  const archive = await ask("POST", "/v1/archives/", { name: "Zephyrine's" });
  await ask("PATCH", `${at}/archives/attach/${archive.id}`);
  const passage = await ask("POST", `/v1/archives/${archive.id}/passages`, { text: "Zephyrine sings" });
  const folder = await ask("POST", "/v1/folders/", { name: `Papers of ${agent.id}`, description: "Zephyrine" });
  await ask("PATCH", `${at}/folders/attach/${folder.id}`);
  const form = new FormData();
  form.set("file", new File(["Zephyrine sings on paper"], "zephyrine.txt", { type: "text/plain" }));
  const file = await ask("POST", `/v1/folders/${folder.id}/upload`, form);
  for (let tries = 0; tries < 500; tries++) {
    const { files } = await ask("GET", `${at}/files`);
    if (files.length > 0) break;
    await Bun.sleep(10);
  }
  const identity = await ask("POST", "/v1/identities/", {
    identifier_key: `zephyrine of ${agent.id}`,
    name: "Z",
    identity_type: "user",
  });
  await ask("PATCH", `${at}/identities/attach/${identity.id}`);
  const group = await ask("POST", "/v1/groups/", { agent_ids: [agent.id], description: "Zephyrine's" });
  const conversation = await ask("POST", `/v1/conversations/?agent_id=${agent.id}`, { summary: "Zephyrine" });
  const input = { messages: [{ role: "user", content: "Zephyrine is here" }] };
  const reply = await ask("POST", `/v1/conversations/${conversation.id}/messages`, { ...input, streaming: false });
  const [run] = await ask("GET", `/v1/runs/?agent_id=${agent.id}`);
  const remembered = await ask("POST", `${at}/memory/remember`, { text: "I live in Bergen.", speaker: "Zephyrine" });
  const [entity] = await ask("GET", `${at}/memory/entities`);
  const draft = { kind: "runs", window: "day", amount: 1_000_000, subject_kind: "agent", subject_id: agent.id };
  const limit = await ask("POST", "/v1/limits", draft);
  const [step] = await ask("GET", `/v1/runs/${run.id}/steps`);
  const email = `${agent.id}@example.org`;
  const password = "correct horse battery";
  const user = await ask("POST", "/v1/users", { name: "Zephyrine", email, password });
  const session = await ask("POST", "/v1/sessions", { email, password });
  // An organisation has only a few of them.
  const [known] = await ask("GET", "/v1/webhooks");
  const webhook = known ?? (await ask("POST", "/v1/webhooks", { url: "https://example.com/hook", enabled: false }));
  const later = {
    messages: [{ role: "user", content: "Zephyrine" }],
    schedule: { scheduled_at: Date.now() + 86_400_000 },
  };
  const scheduled = await ask("POST", `${at}/schedule`, later);
  const request = { agent_id: agent.id, messages: [{ role: "user", content: "Zephyrine" }] };
  const batch = await ask("POST", "/v1/messages/batches", { requests: [request] });
  // Nothing of it is at work any more when others look what is written.
  await ask("PATCH", `/v1/messages/batches/${batch.id}/cancel`);
  for (let tries = 0; tries < 1_000; tries++) {
    if ((await ask("GET", `/v1/messages/batches/${batch.id}`)).metadata.unfinished === 0) break;
    await Bun.sleep(10);
  }
  const sandbox = await ask("POST", "/v1/sandbox-config/local/default");
  const variables = `/v1/sandbox-config/${sandbox.id}/environment-variable`;
  const variable = await ask("POST", variables, { key: "ZEPHYRINE", value: "z" });
  const mcpServer = await ask("POST", "/v1/mcp-servers/", {
    server_name: `mcp-${agent.id}`,
    config: { mcp_server_type: "streamable_http", server_url: "https://mcp.example.com/mcp", auth_token: "Zephyrine" },
  });
  // One that is not asked for its models.
  const provider = await ask("POST", "/v1/providers/", {
    name: `own ${crypto.randomUUID()}`,
    provider_type: "bedrock",
    api_key: "Zephyrine",
    access_key: "AKIAZ",
    region: "us-east-1",
  });
  const [added] = await ask("GET", "/v1/plugins");
  const plugin = added ?? (await ask("POST", "/v1/plugins", plainPlugin("zephyrine")));
  const project = await ask("POST", "/v1/projects", { name: "Zephyrine's" });
  const name = `zephyrine-${agent.id}`;
  await ask("POST", `/v1/templates/${project.id}`, { type: "agent", agent_id: agent.id, name });
  const deployed = await ask("POST", `/v1/templates/${project.id}/${name}:1/agents`, {});
  return {
    provider_id: provider.id,
    project_id: project.id,
    name,
    template_name: name,
    template_version: `${name}:dev`,
    deployment_id: deployed.deployment_id,
    plugin_id: plugin.id,
    sandbox_config_id: sandbox.id,
    variable_id: variable.id,
    mcp_server_id: mcpServer.id,
    mcp_server_name: mcpServer.server_name,
    mcp_tool_name: "spell",
    webhook_id: webhook.id,
    organization_id: user.organization_id,
    user_id: user.id,
    session_id: session.id,
    token: (await ask("POST", "/v1/client-side-access-tokens", clientToken(agent.id))).token,
    agent_id: agent.id,
    block_id: loose.id,
    key_id: (await ask("POST", "/v1/keys", { name: "another" })).id,
    block_label: "human",
    tool_id: tool.id,
    tool_name: "spell",
    archive_id: archive.id,
    passage_id: passage.id,
    memory_id: passage.id,
    identity_id: identity.id,
    folder_id: folder.id,
    source_id: folder.id,
    folder_name: folder.name,
    source_name: folder.name,
    file_id: file.id,
    group_id: group.id,
    conversation_id: conversation.id,
    message_id: reply.messages[0].id,
    run_id: run.id,
    job_id: run.id.replace("run-", "job-"),
    step_id: step.id,
    item_id: remembered.facts[0].id,
    entity_id: entity.id,
    limit_id: limit.id,
    scheduled_message_id: scheduled.id,
    batch_id: batch.id,
  };
}

function parsed(text: string): Answer {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
