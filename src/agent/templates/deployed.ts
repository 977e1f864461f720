import { type Caller, mayEverywhere } from "../../access/may.ts";
import { PAGE_ITEMS_MAX } from "../../core/page.ts";
import type { Block } from "../../umi/core/block.ts";
import { type BlockDraft, newBlock } from "../../umi/core/new-block.ts";
import type { Agent } from "../agent.ts";
import type { Group } from "../group.ts";
import type { AgentWorkshop } from "../life/create-agent.ts";
import type { Readers, Store } from "../ports/ports.ts";

/** Everything that was made of a template at one time, as far as it is still there; up to a thousand of each kind. */
export interface DeployedThings {
  readonly blocks: readonly Block[];
  readonly agents: readonly Agent[];
  readonly groups: readonly Group[];
}

const WHOLE = { limit: PAGE_ITEMS_MAX, order: "asc" } as const;

/** Finds what says that it was made under this id, whoever made it say so. */
export async function deployedThings(
  { blocks, agents, groups }: Pick<Readers, "blocks" | "agents" | "groups">,
  deploymentId: string,
): Promise<DeployedThings> {
  const filter = { deploymentId, showHidden: true };
  return {
    blocks: await blocks.list(filter, WHOLE),
    agents: await agents.list(filter, { ...WHOLE, orderBy: "created_at" }),
    groups: await groups.list(filter, WHOLE),
  };
}

/** The same for whoever asks. */
export function listDeployed(
  store: Pick<Store, "reader">,
  caller: Caller,
  deploymentId: string,
): Promise<DeployedThings> {
  return deployedThings(store.reader(mayEverywhere(caller, "agents:read")), deploymentId);
}

/** Makes several blocks that no agent has yet: all of them, or none. */
export async function createBlocks(
  workshop: AgentWorkshop,
  caller: Caller,
  drafts: readonly BlockDraft[],
): Promise<readonly Block[]> {
  const actor = mayEverywhere(caller, "memory:write");
  const made = drafts.map((draft) => newBlock(workshop, actor, draft));
  await workshop.store.write(actor, async ({ blocks }) => {
    for (const block of made) await blocks.insert(block);
  });
  return made;
}
