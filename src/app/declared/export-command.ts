import { stringify } from "yaml";
import { Failure } from "../../core/failure.ts";
import type { Settings } from "../command/settings.ts";
import { type Connection, connect } from "../terminal/connection.ts";
import { requireAgent } from "../terminal/listings.ts";
import { withoutMark } from "./mark.ts";
import { declaredSchedule } from "./plan-schedules.ts";
import {
  type AgentView,
  allAgents,
  type BlockView,
  type FolderView,
  filesOf,
  schedulesOf,
  type ToolView,
} from "./views.ts";

/** Agents that one file may name. */
const AGENTS_MAX = 1_000;
/** Fields that stand in a file as the API shows them. */
const FIELDS = [
  "description",
  "agent_type",
  "model",
  "embedding",
  "system",
  "timezone",
  "hidden",
  "enable_sleeptime",
  "memory_settings",
];

/** `selkie export --as yaml [AGENT...]`: writes a file by which `selkie apply` makes these agents, or all. */
export async function exportCommand(
  settings: Settings,
  names: readonly string[],
  format: string | undefined,
): Promise<number> {
  if (format !== "yaml")
    throw new Failure("refused", "--as says in what to write, and only yaml is known: selkie export --as yaml");
  const connection = await connect(settings, { recovers: false });
  try {
    const all = await allAgents(connection);
    const wanted = new Set<string>();
    for (const name of names) wanted.add((await requireAgent(connection, name)).id);
    const agents = all.filter(({ id }) => names.length === 0 || wanted.has(id));
    requireNames(agents);
    const written = await writtenOf(connection, agents);
    process.stdout.write(stringify(written.file, { lineWidth: 0 }));
    for (const note of written.notes) process.stderr.write(`${note}\n`);
    return 0;
  } finally {
    await connection.close();
  }
}

function requireNames(agents: readonly AgentView[]): void {
  if (agents.length > AGENTS_MAX)
    throw new Failure("refused", `A file names ${AGENTS_MAX} agents at most; these are ${agents.length}`);
  const twice = agents.find(({ name }, at) => agents.findIndex((one) => one.name === name) !== at);
  if (twice !== undefined)
    throw new Failure(
      "refused",
      `Several agents are called '${twice.name}', and a file tells them apart by their names. Rename one, or name those to export`,
    );
}

async function writtenOf(connection: Connection, agents: readonly AgentView[]) {
  const notes: string[] = [];
  const blocks = sharedBlocks(agents);
  const tools = new Map(
    agents
      .flatMap((agent) => agent.tools)
      .filter(isCustom)
      .map((tool) => [tool.name, writtenTool(tool)]),
  );
  const folders = new Map<string, object>();
  for (const folder of agents.flatMap((agent) => agent.sources))
    if (!folders.has(folder.name)) folders.set(folder.name, await writtenFolder(connection, folder, notes));
  const written = new Map<string, object>();
  for (const agent of agents) written.set(agent.name, await writtenAgent(connection, agent, blocks));
  const shared = new Map(
    [...blocks.values()].map(({ name, block }) => [
      name,
      { ...(name === block.label ? {} : { label: block.label }), ...writtenBlock(block) },
    ]),
  );
  const file = {
    ...someOf("blocks", shared),
    ...someOf("tools", tools),
    ...someOf("folders", folders),
    agents: Object.fromEntries(written),
  };
  return { file, notes };
}

function someOf(key: string, things: ReadonlyMap<string, object>): object {
  return things.size === 0 ? {} : { [key]: Object.fromEntries(things) };
}

/** Blocks that several of the agents have, by their ids, each under a name of its own. */
function sharedBlocks(
  agents: readonly AgentView[],
): ReadonlyMap<string, { readonly name: string; readonly block: BlockView }> {
  const counts = Map.groupBy(
    agents.flatMap((agent) => agent.blocks),
    ({ id }) => id,
  );
  const shared = new Map<string, { readonly name: string; readonly block: BlockView }>();
  const names = new Set<string>();
  for (const [id, [block, ...others]] of counts) {
    if (block === undefined || others.length === 0) continue;
    let name = block.label;
    for (let n = 2; names.has(name); n++) name = `${block.label}-${n}`;
    names.add(name);
    shared.set(id, { name, block });
  }
  return shared;
}

function isCustom(tool: ToolView): boolean {
  return tool.tool_type === "custom" && typeof tool.source_code === "string";
}

function writtenTool({ source_code, source_type }: ToolView): object {
  return { source_code, ...(source_type === "typescript" ? { source_type } : {}) };
}

function writtenBlock({ value, limit, description, read_only }: BlockView): object {
  return { value, ...given({ limit, description }), ...(read_only === true ? { read_only } : {}) };
}

async function writtenFolder(
  connection: Connection,
  { id, name, description, instructions }: FolderView,
  notes: string[],
): Promise<object> {
  const files: object[] = [];
  for (const file of await filesOf(connection, id, true)) {
    const fileName = file.original_file_name ?? file.file_name;
    const isSame = typeof file.content === "string" && Buffer.byteLength(file.content) === file.file_size;
    if (isSame) files.push({ name: fileName, content: file.content });
    else notes.push(`The file ${fileName} of the folder ${name} is no plain text, and is not in the export`);
  }
  return { ...given({ description, instructions }), ...(files.length === 0 ? {} : { files }) };
}

async function writtenAgent(
  connection: Connection,
  agent: AgentView,
  shared: ReadonlyMap<string, { readonly name: string }>,
): Promise<object> {
  const fields = Object.fromEntries(FIELDS.map((key) => [key, agent[key]]));
  const context_window_limit = agent.llm_config?.context_window;
  const metadata = withoutMark(agent.metadata ?? {});
  const schedules = (await schedulesOf(connection, agent.id)).flatMap((one) => declaredSchedule(one) ?? []);
  const blocks = agent.blocks.map(
    (block) => shared.get(block.id)?.name ?? { label: block.label, ...writtenBlock(block) },
  );
  const list = (key: string, values: readonly unknown[]) => (values.length === 0 ? {} : { [key]: values });
  return {
    ...given({ ...fields, context_window_limit }),
    ...list("tags", agent.tags),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    ...list("blocks", blocks),
    include_base_tools: false,
    ...list(
      "tools",
      agent.tools.map(({ name }) => name),
    ),
    ...list(
      "folders",
      agent.sources.map(({ name }) => name),
    ),
    ...(agent.secrets.length === 0
      ? {}
      : { secrets: Object.fromEntries(agent.secrets.map(({ key }) => [key, `$${key.replaceAll(/\W/g, "_")}`])) }),
    ...list("schedules", schedules),
  };
}

function given(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}
