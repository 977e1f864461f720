import { type Caller, mayEverywhere } from "../../access/may.ts";
import { changedBy, madeBy } from "../../core/authorship.ts";
import { Failure } from "../../core/failure.ts";
import { type Actor, type AgentId, newId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import { cut } from "../../core/text.ts";
import type { AgentWorkshop } from "../life/create-agent.ts";
import { friendlyName } from "../life/friendly-name.ts";
import type { Readers, Repositories } from "../ports/ports.ts";
import { exportAgents } from "../transfer/export-agents.ts";
import { importAgents } from "../transfer/import-agents.ts";
import type { TemplateFormat } from "./format.ts";
import {
  isWorking,
  mustFindProject,
  mustFindTemplate,
  mustFindVersion,
  type NamedTemplate,
  splitVersion,
} from "./named.ts";
import { FILE_CHARS_MAX, type Template, VERSIONS_MAX, type WholeVersion, WORKING } from "./template.ts";

/** What making and changing templates needs. */
export interface TemplateWorkshop extends AgentWorkshop {
  readonly format: TemplateFormat;
}

/** A file of agents that somebody sends. */
export interface SentFile {
  readonly file: JsonObject;
  /** Whether custom tools of the organisation are replaced by those of the file that have their names. */
  readonly replacesTools: boolean;
}

/** A new template as somebody asks for it. */
export interface TemplateDraft {
  readonly project: string | null;
  readonly name?: string;
  readonly source: { readonly agentId: AgentId } | SentFile;
}

const NAME_PATTERN = /^[a-zA-Z0-9_-]{1,100}$/;
/** Parts of paths that stand where names do. */
const RESERVED = ["agents", "rollback", "save"];
const NAME_CHARS_SHOWN = 100;
/** Names that are tried for a fork that nobody named. */
const FORKS_TRIED_MAX = 1_000;

/** Makes a template of an agent, with those that work with it, or of a file; what it is of is its first version, too. */
export async function createTemplate(
  workshop: TemplateWorkshop,
  caller: Caller,
  { project, name, source }: TemplateDraft,
): Promise<Template> {
  const actor = mayEverywhere(caller, "agents:write");
  const projectId = await mustFindProject(workshop.store.reader(actor), project);
  const given = name ?? friendlyName(workshop.random);
  requireTemplateName(given);
  const file =
    "agentId" in source
      ? workshop.format.write(
          await exportAgents(workshop.store, caller, { agentId: source.agentId, scrubsMessages: true }),
        )
      : await takenIn(workshop, caller, source);
  return workshop.store.write(actor, (repositories) =>
    insertTemplate(workshop, repositories, { actor, projectId, name: given, file }),
  );
}

/** Keeps what is worked on as a new version. */
export async function saveTemplate(
  workshop: TemplateWorkshop,
  caller: Caller,
  { which, message }: { readonly which: NamedTemplate; readonly message: string | null },
): Promise<Template> {
  const actor = mayEverywhere(caller, "agents:write");
  return workshop.store.write(actor, async (repositories) => {
    const template = await mustFindTemplate(repositories, which);
    return saved(workshop, repositories, { actor, template, message });
  });
}

/** Puts a file in the place of what is worked on, which is kept as a version before where that is wanted. */
export async function replaceWorking(
  workshop: TemplateWorkshop,
  caller: Caller,
  {
    which,
    sent,
    keepsBefore,
  }: { readonly which: NamedTemplate; readonly sent: SentFile; readonly keepsBefore: boolean },
): Promise<void> {
  const actor = mayEverywhere(caller, "agents:write");
  await mustFindTemplate(workshop.store.reader(actor), which);
  const file = await takenIn(workshop, caller, sent);
  await workshop.store.write(actor, async (repositories) => {
    const found = await mustFindTemplate(repositories, which);
    const message = "Kept before a file took its place";
    const template = keepsBefore ? await saved(workshop, repositories, { actor, template: found, message }) : found;
    await putWorking(workshop, repositories, { actor, template, file });
  });
}

/** Brings a saved version back to be worked on. What was worked on is kept as a version where none holds it. */
export async function rollBack(
  workshop: TemplateWorkshop,
  caller: Caller,
  { which, version }: { readonly which: NamedTemplate; readonly version: string },
): Promise<{ readonly savedBefore: number | null; readonly number: number }> {
  const actor = mayEverywhere(caller, "agents:write");
  if (isWorking(version))
    throw new Failure("refused", `version: '${version}' is what is worked on already; name a saved version`);
  return workshop.store.write(actor, async (repositories) => {
    const found = await mustFindTemplate(repositories, which);
    const target = await mustFindVersion(repositories, found, version);
    const isKept = await holdsLatest(repositories, found);
    const message = `Kept before going back to version ${target.number}`;
    const template = isKept ? found : await saved(workshop, repositories, { actor, template: found, message });
    await putWorking(workshop, repositories, { actor, template, file: target.file });
    return { savedBefore: isKept ? null : template.latestNumber, number: target.number };
  });
}

/** Gives a template another name or another description. */
export async function changeTemplate(
  { store, clock }: TemplateWorkshop,
  caller: Caller,
  {
    which,
    change,
  }: { readonly which: NamedTemplate; readonly change: Partial<Pick<Template, "name" | "description">> },
): Promise<void> {
  const actor = mayEverywhere(caller, "agents:write");
  if (change.name !== undefined) requireTemplateName(change.name);
  await store.write(actor, async (repositories) => {
    const template = await mustFindTemplate(repositories, which);
    await repositories.templates.save({ ...template, ...change, ...changedBy(actor, clock.now()) });
  });
}

/** Makes a template of a version of another, in the same project. */
export async function forkTemplate(
  workshop: TemplateWorkshop,
  caller: Caller,
  { which, name }: { readonly which: NamedTemplate; readonly name?: string },
): Promise<Template> {
  const actor = mayEverywhere(caller, "agents:write");
  if (name !== undefined) requireTemplateName(name);
  return workshop.store.write(actor, async (repositories) => {
    const template = await mustFindTemplate(repositories, which);
    const { file } = await mustFindVersion(repositories, template, splitVersion(which.name).version);
    const given = name ?? (await forkName(repositories, template));
    return insertTemplate(workshop, repositories, { actor, projectId: template.projectId, name: given, file });
  });
}

/** Removes a template with all its versions. What was made of it stays, and is what it was. */
export async function deleteTemplate({ store }: TemplateWorkshop, caller: Caller, which: NamedTemplate): Promise<void> {
  const actor = mayEverywhere(caller, "agents:write");
  await store.write(actor, async (repositories) => {
    await repositories.templates.remove((await mustFindTemplate(repositories, which)).id);
  });
}

interface NewTemplate {
  readonly actor: Actor;
  readonly projectId: string;
  readonly name: string;
  readonly file: JsonObject;
}

async function insertTemplate(
  workshop: TemplateWorkshop,
  { templates }: Repositories,
  { actor, projectId, name, file }: NewTemplate,
): Promise<Template> {
  requireFitting(file);
  const id = newId("template", workshop.random);
  const made = madeBy(actor, workshop.clock.now());
  const template: Template = { id, projectId, name, description: null, latestNumber: 1, ...made };
  await templates.insert(template);
  for (const number of [WORKING, template.latestNumber])
    await templates.putVersion(versionOf(workshop, { actor, template, number, file, message: null }));
  return template;
}

/** What is worked on, as the next version. */
async function saved(
  workshop: TemplateWorkshop,
  { templates }: Repositories,
  { actor, template, message }: { readonly actor: Actor; readonly template: Template; readonly message: string | null },
): Promise<Template> {
  if (template.latestNumber >= VERSIONS_MAX)
    throw new Failure("refused", `The template '${template.name}' has ${VERSIONS_MAX} versions; fork it to go on`);
  const { file } = await mustFindVersion({ templates }, template, "current");
  const number = template.latestNumber + 1;
  const next = { ...template, latestNumber: number, ...changedBy(actor, workshop.clock.now()) };
  await templates.putVersion(versionOf(workshop, { actor, template, number, file, message }));
  await templates.save(next);
  return next;
}

async function putWorking(
  workshop: TemplateWorkshop,
  { templates }: Repositories,
  { actor, template, file }: { readonly actor: Actor; readonly template: Template; readonly file: JsonObject },
): Promise<void> {
  requireFitting(file);
  // Agents that were made of what is worked on go on naming it.
  const { id } = await mustFindVersion({ templates }, template, "current");
  await templates.putVersion({ ...versionOf(workshop, { actor, template, number: WORKING, file, message: null }), id });
  await templates.save({ ...template, ...changedBy(actor, workshop.clock.now()) });
}

async function holdsLatest({ templates }: Pick<Readers, "templates">, template: Template): Promise<boolean> {
  const working = await mustFindVersion({ templates }, template, "current");
  const latest = await mustFindVersion({ templates }, template, "latest");
  return JSON.stringify(working.file) === JSON.stringify(latest.file);
}

function versionOf(
  { clock, random }: TemplateWorkshop,
  {
    actor,
    template,
    ...version
  }: { readonly actor: Actor; readonly template: Template } & Pick<WholeVersion, "number" | "file" | "message">,
): WholeVersion {
  const id = newId("template_version", random);
  return { id, templateId: template.id, createdById: actor.userId, createdAt: clock.now(), ...version };
}

/**
 * What a file that was sent becomes. Its custom tools are the organisation's from now on, as agents of templates have those
 * that the organisation has of their names; that takes the scope for tools where any is new or replaced.
 */
async function takenIn(
  workshop: TemplateWorkshop,
  caller: Caller,
  { file, replacesTools }: SentFile,
): Promise<JsonObject> {
  requireFitting(file);
  const actor = mayEverywhere(caller, "agents:write");
  const bundle = workshop.format.read(file);
  const custom = bundle.tools.filter(({ tool }) => tool.toolType === "custom");
  const names = custom.map(({ tool }) => tool.name);
  const known = names.length === 0 ? [] : await workshop.store.reader(actor).tools.findByNames(names);
  const tools = replacesTools ? custom : custom.filter(({ tool }) => !known.some(({ name }) => name === tool.name));
  const nothing = { agents: [], groups: [], blocks: [], folders: [], files: [], mcpServers: [], skills: [] };
  const wish = { marksCopies: false, replacesTools, stripsMessages: true, secrets: {} };
  if (tools.length > 0) await importAgents(workshop, caller, { bundle: { ...nothing, tools }, wish });
  return file;
}

async function forkName({ templates }: Pick<Readers, "templates">, { name, projectId }: Template): Promise<string> {
  for (let number = 1; number <= FORKS_TRIED_MAX; number++) {
    const free = number === 1 ? `${name}-fork` : `${name}-fork-${number}`;
    const [taken] = await templates.list({ projectId, name: free }, { offset: 0, limit: 1, orderBy: "created_at" });
    if (taken === undefined) return free;
  }
  throw new Failure("refused", `'${name}' was forked many times; name the new template`);
}

function requireTemplateName(name: string): void {
  if (!NAME_PATTERN.test(name) || RESERVED.includes(name))
    throw new Failure(
      "refused",
      `name: a template is called by up to 100 letters, digits, hyphens and underscores, and by none of ${RESERVED.join(", ")}; got '${cut(name, NAME_CHARS_SHOWN)}'`,
    );
}

function requireFitting(file: JsonObject): void {
  const { length } = JSON.stringify(file);
  if (length > FILE_CHARS_MAX)
    throw new Failure("too_large", `A template has up to ${FILE_CHARS_MAX} characters, and this has ${length}`);
}
