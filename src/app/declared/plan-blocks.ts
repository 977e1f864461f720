import { ask } from "../terminal/connection.ts";
import { hashOf, type Mark, markOf, withMark } from "./mark.ts";
import { type Change, differences, type Fleet } from "./plan.ts";
import { removal } from "./removal.ts";
import type { DeclaredBlock } from "./shape.ts";
import { type AgentView, allBlocks, BlockView } from "./views.ts";

/** A block that is wanted, and who is to have it. */
export interface WantedBlock {
  /** What it is called in the file: an agent's own block by the agent too. */
  readonly name: string;
  readonly label: string;
  readonly block: DeclaredBlock;
}

/** The blocks of a file: those that are shared, and agents' own. Throws where an agent names one that there is not. */
export function wantedBlocks({ file }: Pick<Fleet, "file">): readonly WantedBlock[] {
  const { blocks, agents } = file.declaration;
  const shared = Object.entries(blocks).map(([name, block]) => ({ name, label: block.label ?? name, block }));
  const own = Object.entries(agents).flatMap(([agent, { blocks: listed }]) =>
    listed.flatMap((block, at) => {
      if (typeof block !== "string") return [{ name: `${agent}/${block.label}`, label: block.label, block }];
      if (Object.hasOwn(blocks, block)) return [];
      throw file.wrong(["agents", agent, "blocks", at], `names the block '${block}', which is not in the file`);
    }),
  );
  return [...shared, ...own];
}

/** Names of the blocks that an agent of the file has, by their labels. */
export function blocksOf({ file }: Pick<Fleet, "file">, agent: string): ReadonlyMap<string, string> {
  const { blocks, agents } = file.declaration;
  return new Map(
    (agents[agent]?.blocks ?? []).map((block) =>
      typeof block === "string" ? [blocks[block]?.label ?? block, block] : [block.label, `${agent}/${block.label}`],
    ),
  );
}

/** Compares blocks with those that are there: one that was made for the file, else one that an agent has by this label. */
export async function planBlocks(fleet: Fleet, agents: ReadonlyMap<string, AgentView>): Promise<readonly Change[]> {
  const wanted = wantedBlocks(fleet);
  const marked = new Map<string, BlockView>();
  const all = wanted.length > 0 || fleet.prunes ? await allBlocks(fleet.connection) : [];
  for (const block of all) {
    const { fleet: made, name } = markOf(block.metadata);
    if (made === fleet.file.fleet && name !== undefined) marked.set(name, block);
  }
  const changes = wanted.flatMap((one) => planBlock(fleet, one, marked.get(one.name) ?? held(fleet, one, agents)));
  const names = new Set(wanted.map(({ name }) => name));
  const gone = fleet.prunes ? [...marked].filter(([name]) => !names.has(name)) : [];
  return [...changes, ...gone.map(([name, { id }]) => removal(fleet.connection, `block ${name}`, `/v1/blocks/${id}`))];
}

/** The block of this label that an agent has for which the file names the wanted one. */
function held(
  fleet: Fleet,
  { name, label }: WantedBlock,
  agents: ReadonlyMap<string, AgentView>,
): BlockView | undefined {
  for (const [agent, view] of agents)
    if (blocksOf(fleet, agent).get(label) === name) {
      const block = view.blocks.find((one) => one.label === label);
      if (block !== undefined) return block;
    }
  return undefined;
}

function planBlock(
  { connection, file, ids }: Fleet,
  { name, label, block }: WantedBlock,
  before: BlockView | undefined,
): readonly Change[] {
  const { value, limit, description, read_only } = block;
  const fields = { label, limit, description, read_only };
  if (before === undefined) {
    const mark: Mark = { fleet: file.fleet, name, set: { value: hashOf(value) }, given: {} };
    const make = async () => {
      const body = { ...fields, value, metadata: withMark({}, mark) };
      const made = await ask(connection, { path: "/v1/blocks/", method: "POST", body, shape: BlockView });
      ids.set(`block ${name}`, made.id);
    };
    return [{ sign: "+", what: `block ${name}`, details: [], make }];
  }
  ids.set(`block ${name}`, before.id);
  const mark = markOf(before.metadata);
  const wanted = { ...fields, ...(mayHaveChanged(mark, block) ? {} : { value }) };
  const changed = differences(before, wanted);
  if (changed.details.length === 0) return [];
  const isNew = "value" in changed.fields;
  const marked = isNew
    ? { metadata: withMark(before.metadata, { ...mark, set: { ...mark.set, value: hashOf(value) } }) }
    : {};
  const make = async () => {
    const body = { ...changed.fields, ...marked };
    await ask(connection, { path: `/v1/blocks/${before.id}`, method: "PATCH", body, shape: BlockView });
  };
  return [{ sign: "~", what: `block ${name}`, details: changed.details, make }];
}

/** Whether what the block holds is the agents' business: the file says the same as when it was set last, and they may write. */
function mayHaveChanged(mark: Mark, { value, read_only }: DeclaredBlock): boolean {
  return read_only !== true && mark.set["value"] === hashOf(value);
}
