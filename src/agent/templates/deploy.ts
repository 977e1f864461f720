import { type Caller, mayEverywhere } from "../../access/may.ts";
import { type FolderId, type IdentityId, newId, parseId, type ToolId } from "../../core/id.ts";
import { friendlyName } from "../life/friendly-name.ts";
import type { InputMessage } from "../new-message.ts";
import type { Readers } from "../ports/ports.ts";
import type { SecretValues } from "../secrets/owned-secrets.ts";
import type { AgentBundle, BundledAgent, BundleKey } from "../transfer/bundle.ts";
import { type Imported, importAgents } from "../transfer/import-agents.ts";
import type { KnownThings } from "../transfer/import-session.ts";
import { defaultsOf, filled, type Variables, valuesFor } from "./gaps.ts";
import { mustFindTemplate, mustFindVersion, type NamedTemplate, splitVersion } from "./named.ts";
import { DEFAULT_PROJECT } from "./project.ts";
import type { Deployment, DeploymentId, Template, TemplateVersion } from "./template.ts";
import type { TemplateWorkshop } from "./templates.ts";

/** What the agents of a template are to have besides what it says. */
export interface DeployWish {
  /** The name of the first agent. */
  readonly name?: string;
  readonly tags: readonly string[];
  readonly identityIds: readonly IdentityId[];
  /** What the first agent begins with; null lets its type decide. */
  readonly initialMessages: readonly InputMessage[] | null;
  readonly variables: Variables;
  /** Secrets of every agent, beside those that the template names. */
  readonly secrets: SecretValues;
}

/** What came of it. */
export interface Deployed extends Imported {
  readonly deploymentId: DeploymentId;
}

/** Makes the agents of a version of a template, with all that is theirs: all of it, or nothing. */
export async function deployTemplate(
  workshop: TemplateWorkshop,
  caller: Caller,
  { which, wish }: { readonly which: NamedTemplate; readonly wish: DeployWish },
): Promise<Deployed> {
  const actor = mayEverywhere(caller, "agents:write");
  const readers = workshop.store.reader(actor);
  const template = await mustFindTemplate(readers, which);
  const version = await mustFindVersion(readers, template, splitVersion(which.name).version);
  const whole = workshop.format.read(version.file);
  const given = { ...defaultsOf(version.file), ...wish.variables };
  const variables = valuesFor(whole, template.name, given);
  const deployment = newDeployment(workshop, { template, version, variables });
  const { bundle, known } = await withoutKnown(readers, filled(whole, variables));
  const imported = await importAgents(workshop, caller, {
    bundle: marked(named(bundle, wish, workshop), { template, version, deployment }),
    wish: {
      marksCopies: false,
      replacesTools: false,
      stripsMessages: true,
      secrets: {},
      identityIds: wish.identityIds,
      beginnings: new Map(whole.agents.map(({ key }, at) => [key, at === 0 ? wish.initialMessages : null])),
      known,
      besides: ({ deployments }) => deployments.insert(deployment),
      ...(template.projectId === DEFAULT_PROJECT ? {} : { projectId: template.projectId }),
    },
  });
  return { ...imported, deploymentId: deployment.id };
}

/** What the gaps of an agent's blocks were filled with when it was made; nothing where it was not made of a template. */
export async function variablesOf(
  { deployments }: Pick<Readers, "deployments">,
  { deploymentId }: { readonly deploymentId: string | null },
): Promise<Variables> {
  const id = deploymentId === null ? undefined : parseId("deployment", deploymentId);
  return id === undefined ? {} : ((await deployments.find(id))?.variables ?? {});
}

/**
 * The bundle without the tools and folders that the organisation has under their names, and which ones those are: agents of
 * templates share them, as their tools are changed and their files are added in one place.
 */
export async function withoutKnown(
  { tools, folders }: Pick<Readers, "tools" | "folders">,
  bundle: AgentBundle,
): Promise<{ readonly bundle: AgentBundle; readonly known: KnownThings }> {
  const names = bundle.tools.map(({ tool }) => tool.name);
  const found = names.length === 0 ? [] : await tools.findByNames(names);
  const knownTools = new Map<BundleKey, ToolId>();
  for (const { key, tool } of bundle.tools) {
    const same = found.find(({ name }) => name === tool.name);
    if (same !== undefined) knownTools.set(key, same.id);
  }
  const knownFolders = new Map<BundleKey, FolderId>();
  for (const { key, draft } of bundle.folders) {
    const [same] = await folders.list({ name: draft.name }, { limit: 1, order: "asc" });
    if (same !== undefined) knownFolders.set(key, same.id);
  }
  const rest = {
    ...bundle,
    tools: bundle.tools.filter(({ key }) => !knownTools.has(key)),
    folders: bundle.folders.filter(({ key }) => !knownFolders.has(key)),
    files: bundle.files.filter(({ folderKey }) => !knownFolders.has(folderKey)),
  };
  return { bundle: rest, known: { tools: knownTools, folders: knownFolders } };
}

interface Origin {
  readonly template: Template;
  readonly version: TemplateVersion;
  readonly deployment: Pick<Deployment, "id">;
}

/** The bundle, all of which says of what version it is, when it was made, and which part of it it is. */
export function marked(bundle: AgentBundle, { template, version, deployment }: Origin): AgentBundle {
  const origin = { templateId: version.id, baseTemplateId: template.id, deploymentId: deployment.id };
  const project = template.projectId === DEFAULT_PROJECT ? {} : { projectId: template.projectId };
  return {
    ...bundle,
    agents: bundle.agents.map((agent) => {
      return { ...agent, draft: { ...agent.draft, ...project, ...origin, entityId: agent.key } };
    }),
    blocks: bundle.blocks.map(({ key, draft }) => {
      return { key, draft: { ...draft, ...project, ...origin, entityId: key } };
    }),
    groups: bundle.groups.map((group) => ({ ...group, draft: { ...group.draft, ...project, ...origin } })),
  };
}

/** The bundle with the names, tags and secrets of this time. */
function named(
  bundle: AgentBundle,
  { name, tags, secrets }: DeployWish,
  { random }: Pick<TemplateWorkshop, "random">,
): AgentBundle {
  const dress = ({ draft, ...agent }: BundledAgent, at: number): BundledAgent => {
    const own = at === 0 ? { name: name ?? friendlyName(random) } : {};
    const all = { tags: [...draft.tags, ...tags], secrets: { ...draft.secrets, ...secrets } };
    return { ...agent, draft: { ...draft, ...own, ...all } };
  };
  return { ...bundle, agents: bundle.agents.map(dress) };
}

function newDeployment(
  { clock, random }: TemplateWorkshop,
  { template, version, variables }: Pick<Origin, "template" | "version"> & { readonly variables: Variables },
): Deployment {
  const id = newId("deployment", random);
  return { id, templateId: template.id, versionId: version.id, variables, createdAt: clock.now() };
}
