import { type Caller, mayEverywhere } from "../../access/may.ts";
import { changedBy } from "../../core/authorship.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, type BlockId, type FolderId, parseId, type ToolId } from "../../core/id.ts";
import { PAGE_ITEMS_MAX } from "../../core/page.ts";
import { cut } from "../../core/text.ts";
import type { Block } from "../../umi/core/block.ts";
import { changedBlock, newBlock } from "../../umi/core/new-block.ts";
import type { Agent } from "../agent.ts";
import { replaceFolders } from "../files/attached-folders.ts";
import { required } from "../find.ts";
import { draftedAgent } from "../life/create-agent.ts";
import { replaceTools } from "../life/update-agent.ts";
import type { Repositories } from "../ports/ports.ts";
import { agentsShowing, recompileAgents } from "../prompt/recompile.ts";
import { replaceAgentSecrets } from "../secrets/owned-secrets.ts";
import type { AgentBundle, BundledAgent, BundleKey } from "../transfer/bundle.ts";
import type { KnownThings } from "../transfer/import-session.ts";
import { marked, withoutKnown } from "./deploy.ts";
import { defaultsOf, filled, type Variables, valuesFor } from "./gaps.ts";
import { mustFindTemplate, mustFindVersion, type NamedTemplate } from "./named.ts";
import type { Deployment, Template, WholeVersion } from "./template.ts";
import type { TemplateWorkshop } from "./templates.ts";

/** What stays as it is when agents are brought to another version. */
export interface MigrationWish {
  readonly variables: Variables;
  /** What blocks of the version hold by now. */
  readonly keepsBlocks: boolean;
  /** Blocks of the template that the version does not have any more. */
  readonly keepsOtherBlocks: boolean;
  readonly keepsSecrets: boolean;
  readonly keepsFolders: boolean;
}

/** What was made of a template that one save brings to the new version. */
const DEPLOYMENTS_MAX = 1_000;
const ID_CHARS_SHOWN = 100;

/** Brings the agents that were made of a template at one time to a version of it, and tells what it could not do. */
export async function migrateDeployment(
  workshop: TemplateWorkshop,
  caller: Caller,
  {
    which,
    deploymentId,
    version: word,
    wish,
  }: {
    readonly which: NamedTemplate;
    readonly deploymentId: string;
    readonly version: string;
    readonly wish: MigrationWish;
  },
): Promise<readonly string[]> {
  const readers = workshop.store.reader(mayEverywhere(caller, "agents:write"));
  const template = await mustFindTemplate(readers, which);
  const version = await mustFindVersion(readers, template, word);
  const id = parseId("deployment", deploymentId);
  const found = id === undefined ? undefined : await readers.deployments.find(id);
  const isIts = found?.templateId === template.id;
  const deployment = required(
    isIts ? found : undefined,
    `Nothing was made of the template '${template.name}' under the deployment '${cut(deploymentId, ID_CHARS_SHOWN)}'`,
  );
  return migrate(workshop, caller, { template, version, deployment, wish });
}

/**
 * Brings all that was ever made of a template to the version that was saved last, each by itself: what is done stays done
 * where one cannot be brought along, and asking again goes on.
 */
export async function migrateAll(
  workshop: TemplateWorkshop,
  caller: Caller,
  { template, wish }: { readonly template: Template; readonly wish: MigrationWish },
): Promise<void> {
  const readers = workshop.store.reader(mayEverywhere(caller, "agents:write"));
  const version = await mustFindVersion(readers, template, null);
  const deployments = await readers.deployments.listOf(template.id, DEPLOYMENTS_MAX + 1);
  if (deployments.length > DEPLOYMENTS_MAX)
    throw new Failure(
      "refused",
      `Version ${version.number} of '${template.name}' is saved, but more than ${DEPLOYMENTS_MAX} deployments are too many to migrate at once; migrate them one by one`,
    );
  for (const deployment of deployments) {
    if (deployment.versionId === version.id) continue;
    try {
      await migrate(workshop, caller, { template, version, deployment, wish });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const words = `Version ${version.number} of '${template.name}' is saved, but ${deployment.id} stays as it was: ${error.message}`;
      throw new Failure(error.kind, words, { cause: error });
    }
  }
}

interface Migration {
  readonly template: Template;
  readonly version: WholeVersion;
  readonly deployment: Deployment;
  readonly wish: MigrationWish;
}

/** An agent of the version, and what it would be if it were made now. */
interface Prepared {
  readonly source: BundledAgent;
  readonly fresh: Agent;
}

/** A migration at work, inside its transaction. */
interface Session extends Migration {
  readonly workshop: TemplateWorkshop;
  readonly actor: Actor;
  readonly repositories: Repositories;
  readonly bundle: AgentBundle;
  readonly known: KnownThings;
  /** Blocks that are done, by their keys: agents may share them. */
  readonly blocks: Map<BundleKey, Block>;
}

async function migrate(workshop: TemplateWorkshop, caller: Caller, migration: Migration): Promise<readonly string[]> {
  const { template, version, deployment, wish } = migration;
  const actor = mayEverywhere(caller, "agents:write");
  const whole = workshop.format.read(version.file);
  const given = { ...defaultsOf(version.file), ...deployment.variables, ...wish.variables };
  const variables = valuesFor(whole, template.name, given);
  const { bundle: bare, known } = await withoutKnown(workshop.store.reader(actor), filled(whole, variables));
  const bundle = marked(bare, { template, version, deployment });
  const prepared: Prepared[] = [];
  for (const source of bundle.agents) {
    const draft = { ...source.draft, blockIds: [], toolIds: [], initialMessages: [] };
    prepared.push({ source, fresh: await draftedAgent(workshop, caller, draft) });
  }
  return workshop.store.write(actor, async (repositories) => {
    const session: Session = { ...migration, workshop, actor, repositories, bundle, known, blocks: new Map() };
    const page = { limit: PAGE_ITEMS_MAX, order: "asc", orderBy: "created_at" } as const;
    const agents = await repositories.agents.list({ deploymentId: deployment.id, showHidden: true }, page);
    const notes = missingThings(bundle);
    for (const one of prepared) {
      const agent = agents.find(({ entityId }) => entityId === one.source.key);
      if (agent === undefined) notes.push(`The deployment has no agent '${one.source.key}', and got none`);
      else await migrateAgent(session, agent, one);
    }
    const showing = await agentsShowing(repositories, { blockIds: [...session.blocks.values()].map(({ id }) => id) });
    await recompileAgents(repositories, [...new Set([...agents.map(({ id }) => id), ...showing])], workshop);
    await repositories.deployments.save({ ...deployment, versionId: version.id, variables });
    return notes;
  });
}

/** What the organisation does not have by now, and which a migration brings to nobody. */
function missingThings({ tools, folders }: AgentBundle): string[] {
  return [
    ...tools.map(({ tool }) => `There is no tool '${tool.name}' here, and no agent got it`),
    ...folders.map(({ draft }) => `There is no folder '${draft.name}' here, and no agent got it`),
  ];
}

async function migrateAgent(session: Session, before: Agent, { source, fresh }: Prepared): Promise<void> {
  const { workshop, actor, repositories, known, wish } = session;
  // Its name, its memory's model and what came of its runs are its own.
  const agent: Agent = {
    ...before,
    agentType: fresh.agentType,
    system: fresh.system,
    description: fresh.description,
    toolRules: source.draft.toolRules,
    llmConfig: fresh.llmConfig,
    fallbackModels: fresh.fallbackModels,
    compactionSettings: fresh.compactionSettings,
    memorySettings: fresh.memorySettings,
    responseFormat: fresh.responseFormat,
    messageBufferAutoclear: fresh.messageBufferAutoclear,
    maxFilesOpen: fresh.maxFilesOpen,
    perFileViewWindowCharLimit: fresh.perFileViewWindowCharLimit,
    templateId: fresh.templateId,
    ...changedBy(actor, workshop.clock.now()),
  };
  await repositories.agents.save(agent);
  const tags = (await repositories.agents.tagsOf([agent.id])).get(agent.id) ?? [];
  await repositories.agents.setTags(agent.id, [...tags, ...source.draft.tags]);
  await replaceTools(repositories, agent.id, idsIn<ToolId>(known.tools, source.toolKeys));
  await migrateBlocks(session, agent, source);
  if (!wish.keepsFolders) {
    const ids = idsIn<FolderId>(known.folders, source.folderKeys);
    await replaceFolders(repositories, { agent, ids }, workshop);
  }
  if (!wish.keepsSecrets)
    await replaceAgentSecrets(workshop, repositories, { actor, agentId: agent.id, values: source.draft.secrets ?? {} });
}

/** Gives the agent the blocks of the version; those that it has besides, of nobody's template, stay. */
async function migrateBlocks(session: Session, agent: Agent, { blockKeys }: BundledAgent): Promise<void> {
  const { repositories, deployment, wish } = session;
  const attached = await repositories.blocks.listForAgent(agent.id);
  const wanted = new Set<BlockId>();
  for (const key of blockKeys) {
    const block = await migrateBlock(session, key, attached);
    if (block === undefined) continue;
    wanted.add(block.id);
    await repositories.blocks.attach(agent.id, block);
  }
  if (wish.keepsOtherBlocks) return;
  for (const block of attached) {
    if (block.deploymentId !== deployment.id || wanted.has(block.id)) continue;
    await repositories.blocks.detach(agent.id, block.id);
    if ((await repositories.blocks.agentsOf(block.id)).length === 0) await repositories.blocks.remove(block.id);
  }
}

async function migrateBlock(
  { workshop, actor, repositories, bundle, blocks, wish }: Session,
  key: BundleKey,
  attached: readonly Block[],
): Promise<Block | undefined> {
  const done = blocks.get(key);
  const draft = bundle.blocks.find((one) => one.key === key)?.draft;
  if (done !== undefined || draft === undefined) return done;
  const before = attached.find(({ label }) => label === draft.label);
  const keepsValue = wish.keepsBlocks || before?.preserveOnMigration === true || draft.preserveOnMigration === true;
  const { value, ...rest } = draft;
  const change = keepsValue || value === undefined ? rest : { ...rest, value };
  const block =
    before === undefined
      ? newBlock(workshop, actor, draft)
      : changedBlock(before, change, { actor, clock: workshop.clock });
  if (before === undefined) await repositories.blocks.insert(block);
  else await repositories.blocks.save(block);
  blocks.set(key, block);
  return block;
}

function idsIn<I>(known: ReadonlyMap<BundleKey, I>, keys: readonly BundleKey[]): readonly I[] {
  return keys.flatMap((key) => known.get(key) ?? []);
}
