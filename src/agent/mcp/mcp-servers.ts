import { type Caller, mayEverywhere } from "../../access/may.ts";
import { changedBy, madeBy } from "../../core/authorship.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, type AgentId, newId, parseId, type ToolId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { cut } from "../../core/text.ts";
import type { Tool } from "../../tools/tool.ts";
import { mustFind, required } from "../find.ts";
import type { AgentWorkshop } from "../life/create-agent.ts";
import { mayRunServer } from "../people/people.ts";
import type { Readers } from "../ports/ports.ts";
import { keepSecrets, secretsOf, secretsOfEach, signInAt, targetOf } from "./config.ts";
import type { McpAnswer, McpConnections, McpToolDefinition } from "./connections.ts";
import { type McpSecrets, type McpServer, type McpServerId, type McpTransport, NO_MCP_SECRETS } from "./mcp-server.ts";
import { type SyncReport, syncTools } from "./sync-tools.ts";
import { targetFor } from "./target.ts";
import { outputSchemaOf } from "./tool-row.ts";

/** Servers that an organisation may have. */
const SERVERS_MAX = 200;
const ID_CHARS_SHOWN = 100;

/** What MCP servers are kept and asked with. */
export interface McpWorkshop extends AgentWorkshop {
  readonly mcp: McpConnections;
  /** Throws a `refused` Failure for an address that must not be called. */
  readonly checkOutsideUrl: (url: string) => void;
}

/** A server as somebody brings it. */
export interface McpDraft {
  readonly name: string;
  readonly transport: McpTransport;
  readonly url: string | null;
  readonly command: string | null;
  readonly args: readonly string[] | null;
  readonly secrets: McpSecrets;
}

/** What somebody changes of a server; what is absent stays. */
export type McpChange = Partial<Omit<McpDraft, "secrets">> & { readonly secrets?: Partial<McpSecrets> };

/** A server with what it is sent in secret. */
export interface OpenedServer {
  readonly server: McpServer;
  readonly secrets: McpSecrets;
}

/** How routes name a server: by its id, or as older ones do by its name. */
export type ServerNaming = { readonly id: string } | { readonly name: string };

/** Servers of the organisation, by creation, with what they are sent. */
export async function listMcpServers({ store }: McpWorkshop, caller: Caller): Promise<readonly OpenedServer[]> {
  const reader = store.reader(mayEverywhere(caller, "agents:read"));
  const servers = await reader.mcp.list();
  const secrets = await secretsOfEach(reader, servers);
  return servers.map((server) => ({ server, secrets: secrets.get(server.id) ?? NO_MCP_SECRETS }));
}

/** One of them. */
export async function findMcpServer(
  { store }: McpWorkshop,
  caller: Caller,
  naming: ServerNaming,
): Promise<OpenedServer> {
  const reader = store.reader(mayEverywhere(caller, "agents:read"));
  const server = await named(reader, naming);
  return { server, secrets: await secretsOf(reader, server) };
}

/**
 * Adds a server, and its tools where it answers: one that does not is kept, and can be asked again. A command needs a
 * caller who runs this machine, and must be one that the machine's owner listed. Throws a `conflict` Failure where there is
 * a server of that name, unless `replaces` says to change that one.
 */
export async function createMcpServer(
  workshop: McpWorkshop,
  caller: Caller,
  { draft, replaces = false }: { readonly draft: McpDraft; readonly replaces?: boolean },
): Promise<OpenedServer> {
  const actor = mayEverywhere(caller, "tools:write");
  const known = replaces ? await workshop.store.reader(actor).mcp.findByName(draft.name) : undefined;
  if (known !== undefined) return changeMcpServer(workshop, caller, { naming: { id: known.id }, change: draft });
  checkReachable(workshop, caller, draft);
  const { secrets, ...fields } = draft;
  const id = newId("mcp_server", workshop.random);
  const server: McpServer = { id, ...fields, ...madeBy(actor, workshop.clock.now()) };
  await workshop.store.write(actor, async (repositories) => {
    const all = await repositories.mcp.list();
    if (all.length >= SERVERS_MAX)
      throw new Failure("conflict", `An organisation has ${SERVERS_MAX} MCP servers at most; delete one`);
    await repositories.mcp.insert(server);
    await keepSecrets(repositories, { ...workshop, actor, id }, secrets);
  });
  await tryToSync(workshop, actor, server);
  return { server, secrets };
}

/** Changes a server. What is open to it as it was is closed, and its tools are asked for again. */
export async function changeMcpServer(
  workshop: McpWorkshop,
  caller: Caller,
  { naming, change }: { readonly naming: ServerNaming; readonly change: McpChange },
): Promise<OpenedServer> {
  const actor = mayEverywhere(caller, "tools:write");
  const { secrets: fresh = {}, ...fields } = change;
  const changed = await workshop.store.write(actor, async (repositories) => {
    const before = await named(repositories, naming);
    const server: McpServer = { ...before, ...fields, ...changedBy(actor, workshop.clock.now()) };
    const secrets = { ...(await secretsOf(repositories, before)), ...fresh };
    checkReachable(workshop, caller, { ...server, secrets });
    await repositories.mcp.save(server);
    await keepSecrets(repositories, { ...workshop, actor, id: server.id }, secrets);
    return { server, secrets };
  });
  workshop.mcp.forget(actor.organizationId, changed.server.id);
  await tryToSync(workshop, actor, changed.server);
  return changed;
}

/** Removes a server with its tools and sign-in, and closes what is open to it. */
export async function removeMcpServer(workshop: McpWorkshop, caller: Caller, naming: ServerNaming): Promise<void> {
  const actor = mayEverywhere(caller, "tools:write");
  const id = await workshop.store.write(actor, async (repositories) => {
    const { mcp, tools, secrets } = repositories;
    const server = await named(repositories, naming);
    for (const { toolId } of await mcp.toolsOf(server.id)) await tools.remove(toolId);
    await mcp.remove(server.id);
    await secrets.removeOf(server.id);
    const isLeft = (await mcp.list()).some(({ url }) => url === server.url);
    const signIn = server.url === null || isLeft ? undefined : await mcp.signInAt(server.url);
    if (signIn !== undefined) {
      await mcp.removeSignIn(signIn.id);
      await secrets.removeOf(signIn.id);
    }
    return server.id;
  });
  workshop.mcp.forget(actor.organizationId, id);
}

/** The tools that an organisation has of a server. */
export async function toolsOfServer(
  { store }: McpWorkshop,
  caller: Caller,
  naming: ServerNaming,
): Promise<readonly Tool[]> {
  const reader = store.reader(mayEverywhere(caller, "agents:read"));
  const links = await reader.mcp.toolsOf((await named(reader, naming)).id);
  const tools: Tool[] = [];
  for (const { toolId } of links) {
    const tool = await reader.tools.find(toolId);
    if (tool !== undefined) tools.push(tool);
  }
  return tools;
}

/** One of them; throws a `not_found` Failure where it is not that server's. */
export async function toolOfServer(
  { store }: McpWorkshop,
  caller: Caller,
  { naming, toolId }: { readonly naming: ServerNaming; readonly toolId: ToolId },
): Promise<Tool> {
  const reader = store.reader(mayEverywhere(caller, "agents:read"));
  const server = await named(reader, naming);
  const link = await reader.mcp.toolOf(toolId);
  return mustFind(reader.tools, required(link?.serverId === server.id ? toolId : undefined, noTool(toolId)));
}

/** What a server says of its tools now, whether or not they are kept. */
export async function askForTools(
  workshop: McpWorkshop,
  caller: Caller,
  naming: ServerNaming,
): Promise<readonly McpToolDefinition[]> {
  const actor = mayEverywhere(caller, "tools:write");
  const server = await named(workshop.store.reader(actor), naming);
  return workshop.mcp.tools(await targetOf(workshop, { actor, server, agentId: null }));
}

/** What a server that is not kept says of its tools. */
export async function tryMcpServer(
  workshop: McpWorkshop,
  caller: Caller,
  draft: McpDraft,
): Promise<readonly McpToolDefinition[]> {
  const actor = mayEverywhere(caller, "tools:write");
  const { organizationId } = actor;
  checkReachable(workshop, caller, draft);
  const { secrets, ...fields } = draft;
  const server = { ...fields, id: newId("mcp_server", workshop.random) };
  const signIn = await signInAt(workshop, actor, draft.url);
  try {
    return await workshop.mcp.tools(
      targetFor({ server, secrets }, { organizationId, agentId: null, variables: {}, signIn }),
    );
  } finally {
    workshop.mcp.forget(organizationId, server.id);
  }
}

/** Makes the tools of a server what it says they are, on behalf of an agent where one is named. */
export async function refreshMcpServer(
  workshop: McpWorkshop,
  caller: Caller,
  { naming, agentId }: { readonly naming: ServerNaming; readonly agentId: AgentId | null },
): Promise<SyncReport> {
  const actor = mayEverywhere(caller, "tools:write");
  const reader = workshop.store.reader(actor);
  const server = await named(reader, naming);
  if (agentId !== null) await mustFind(reader.agents, agentId);
  const definitions = await workshop.mcp.tools(await targetOf(workshop, { actor, server, agentId }));
  return syncTools(workshop, actor, { server, definitions });
}

/** Calls a tool of a server, on nobody's behalf but the caller's. */
export async function runMcpTool(
  workshop: McpWorkshop,
  caller: Caller,
  wish: {
    readonly naming: ServerNaming;
    /** The tool's id, or what the server calls it. */
    readonly tool: { readonly id: string } | { readonly remoteName: string };
    readonly args: JsonObject;
    readonly signal: AbortSignal;
  },
): Promise<McpAnswer> {
  const { naming, tool, args, signal } = wish;
  const actor = mayEverywhere(caller, "tools:write");
  const reader = workshop.store.reader(actor);
  const server = await named(reader, naming);
  const links = await reader.mcp.toolsOf(server.id);
  const link = links.find(({ toolId, remoteName }) =>
    "id" in tool ? tool.id === toolId : tool.remoteName === remoteName,
  );
  // What is not kept of a server can be called by the name that the server has for it.
  const toolName = "remoteName" in tool ? tool.remoteName : required(link, noTool(tool.id)).remoteName;
  const kept = link === undefined ? undefined : await reader.tools.find(link.toolId);
  const outputSchema = kept && outputSchemaOf(kept);
  const target = await targetOf(workshop, { actor, server, agentId: null });
  return workshop.mcp.call(target, { toolName, args, outputSchema, signal });
}

/** The server; throws a `not_found` Failure, in V1's words, where there is none. */
async function named({ mcp }: Pick<Readers, "mcp">, naming: ServerNaming): Promise<McpServer> {
  if ("name" in naming)
    return required(await mcp.findByName(naming.name), `MCP server ${cut(naming.name, ID_CHARS_SHOWN)} not found`);
  const id: McpServerId | undefined = parseId("mcp_server", naming.id);
  const server = id === undefined ? undefined : await mcp.find(id);
  return required(server, `MCPServer not found with id='${cut(naming.id, ID_CHARS_SHOWN)}'`);
}

/** Throws a Failure for what must not be called, and for a command that this caller must not have run. */
function checkReachable(
  workshop: McpWorkshop,
  caller: Caller,
  draft: McpDraft | (McpServer & Pick<McpDraft, "secrets">),
) {
  const { name, transport, url, command, args, secrets } = draft;
  if (transport === "stdio") {
    mayRunServer(caller);
    if (command === null) throw new Failure("invalid", "body.config.command: Field required");
    workshop.mcp.checkCommand(command, args ?? []);
    return;
  }
  if (url === null) throw new Failure("invalid", "body.config.server_url: Field required");
  workshop.checkOutsideUrl(url);
  // What a header cannot hold is told now, and not at the first call.
  const server = { id: newId("mcp_server", workshop.random), name, transport, url, command, args };
  const { organizationId } = caller;
  targetFor({ server, secrets }, { organizationId, agentId: null, variables: {}, signIn: null });
}

async function tryToSync(workshop: McpWorkshop, actor: Actor, server: McpServer): Promise<void> {
  try {
    const definitions = await workshop.mcp.tools(await targetOf(workshop, { actor, server, agentId: null }));
    await syncTools(workshop, actor, { server, definitions });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    workshop.log(
      `The tools of the MCP server '${cut(server.name, ID_CHARS_SHOWN)}' are not known yet: ${error.message}`,
    );
  }
}

function noTool(id: string): string {
  return `Tool not found with id='${cut(id, ID_CHARS_SHOWN)}'`;
}
