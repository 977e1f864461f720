import { MCP_TRANSPORTS } from "../../../agent/mcp/mcp-server.ts";
import type { SandboxType } from "../../../agent/ports/secrets.ts";
import { SANDBOX_TYPES } from "../../../agent/ports/secrets.ts";
import { isRecord } from "../../../core/json.ts";
import { BUILTIN_TOOLS } from "../../../tools/catalog.ts";
import { isWrapper, RETURN_CHARS_DEFAULT, TOOL_TYPES, type Tool } from "../../../tools/tool.ts";
import { UnusableRow } from "../unusable-row.ts";
import { eachRow, type V1Import } from "./each-row.ts";
import type { Row } from "./row.ts";

/** No hash of what a server says of a tool: the first look at it counts as a change. */
const NEVER_SEEN = "";

/** Stores tools, MCP servers with which tools are theirs, and settings of sandboxes with their variables. */
export async function importTools(work: V1Import): Promise<void> {
  await eachRow(work, "tools", async ({ tools, agents }, row) => {
    const id = row.needId("tool", "id");
    const name = row.string("name");
    const [existing] = await tools.findByNames([name]);
    if (existing?.id === id) {
      work.toolIds.set(id, id);
      return "known";
    }
    if (existing !== undefined && BUILTIN_TOOLS.has(name) && (await agents.count({ showHidden: true })) === 0) {
      // Nobody uses it yet, so that it can have the id by which clients know it.
      await tools.remove(existing.id);
      await tools.upsert({ ...existing, id });
      work.toolIds.set(id, id);
      work.report.changed("tools", "built in here, and described in this server's words");
      return "taken";
    }
    if (existing !== undefined) {
      // An agent names a tool by its name: the one that is here does what that one did, or is what somebody put in its place.
      work.toolIds.set(id, existing.id);
      work.report.changed("tools", "the one of its name that is here is kept, with its own id");
      return "known";
    }
    if (BUILTIN_TOOLS.has(name)) throw new UnusableRow("the built-in tool of its name is not here");
    if (row.string("tool_type").startsWith("letta_"))
      throw new UnusableRow(`${name} was built into V1 and is not into this server`);
    await tools.upsert(toolOf(row));
    work.toolIds.set(id, id);
    return "taken";
  });
  await importMcpServers(work);
  await importSandboxes(work);
}

function toolOf(row: Row): Tool {
  const told = TOOL_TYPES.find((one) => one === row.text("tool_type")) ?? "custom";
  const type = isWrapper(told) ? "custom" : told;
  return {
    id: row.needId("tool", "id"),
    name: row.string("name"),
    toolType: type,
    description: row.text("description"),
    sourceType: row.text("source_type"),
    sourceCode: row.text("source_code"),
    jsonSchema: row.object("json_schema"),
    argsJsonSchema: row.object("args_json_schema"),
    tags: row.texts("tags"),
    returnCharLimit: row.number("return_char_limit") ?? RETURN_CHARS_DEFAULT,
    pipRequirements: packagesOf(row, "pip_requirements"),
    npmRequirements: packagesOf(row, "npm_requirements"),
    defaultRequiresApproval: row.flag("default_requires_approval"),
    enableParallelExecution: row.flag("enable_parallel_execution") ?? false,
    metadata: row.object("metadata_") ?? {},
    projectId: row.text("project_id"),
    ...row.authorship(),
  };
}

function packagesOf(row: Row, column: string): Tool["pipRequirements"] {
  const value = row.json(column);
  return Array.isArray(value)
    ? value.flatMap((one) => (isRecord(one) ? [one as NonNullable<Tool["pipRequirements"]>[number]] : []))
    : null;
}

async function importMcpServers(work: V1Import): Promise<void> {
  await eachRow(work, "mcp_server", async ({ mcp }, row) => {
    const id = row.needId("mcp_server", "id");
    if ((await mcp.find(id)) !== undefined) return "known";
    const transport = MCP_TRANSPORTS.find((one) => one === row.text("server_type"));
    if (transport === undefined) throw new UnusableRow("it is reached in no way that is known here");
    if (transport === "stdio") throw new UnusableRow("it is a command, which whoever runs this machine adds");
    await mcp.insert({
      id,
      name: row.string("server_name"),
      transport,
      url: row.text("server_url"),
      command: null,
      args: null,
      ...row.authorship(),
    });
    if ((row.text("token_enc") ?? row.text("token") ?? row.text("custom_headers_enc")) !== null)
      work.report.changed("mcp_server", "comes without its token and headers; set them by PATCH /v1/mcp-servers/{id}");
    return "taken";
  });
  await eachRow(work, "mcp_tools", async ({ mcp, tools }, row) => {
    const serverId = row.needId("mcp_server", "mcp_server_id");
    const toolId = work.toolIds.get(row.string("tool_id"));
    const tool = toolId === undefined ? undefined : await tools.find(toolId);
    if (tool === undefined || (await mcp.find(serverId)) === undefined)
      throw new UnusableRow("its tool or server is not here");
    if ((await mcp.toolOf(tool.id)) !== undefined) return "known";
    await mcp.setTool({ toolId: tool.id, serverId, remoteName: tool.name, definitionHash: NEVER_SEEN });
    return "taken";
  });
}

async function importSandboxes(work: V1Import): Promise<void> {
  await eachRow(work, "sandbox_configs", async ({ sandboxes }, row) => {
    const id = row.needId("sandbox", "id");
    const type = typeOf(row);
    if ((await sandboxes.find(id)) !== undefined || (await sandboxes.ofType(type)) !== undefined) return "known";
    await sandboxes.insert({ id, type, config: row.object("config") ?? {}, ...row.authorship() });
    return "taken";
  });
  await eachRow(work, "sandbox_environment_variables", async ({ sandboxes, secrets }, row) => {
    const id = row.needId("sandbox-env", "id");
    const ownerId = row.needId("sandbox", "sandbox_config_id");
    if ((await sandboxes.find(ownerId)) === undefined) throw new UnusableRow("its sandbox is not here");
    if ((await secrets.find(id)) !== undefined) return "known";
    const value = secretOf(work, row);
    await secrets.put(
      { id, ownerId, name: row.string("key"), description: row.text("description"), ...row.authorship() },
      value,
    );
    return "taken";
  });
}

function typeOf(row: Row): SandboxType {
  const type = SANDBOX_TYPES.find((one) => one === row.string("type").toLowerCase());
  if (type === undefined) throw new UnusableRow("its type is not known here");
  return type;
}

/** What a variable holds. Throws an {@link UnusableRow} where the key that it was encrypted by is not given. */
export function secretOf({ open }: Pick<V1Import, "open">, row: Row): string {
  const encrypted = row.text("value_enc");
  if (encrypted === null || encrypted === "") return row.string("value");
  const value = open(encrypted);
  if (value === undefined) throw new UnusableRow("it is encrypted, and LETTA_ENCRYPTION_KEY does not open it");
  return value;
}
