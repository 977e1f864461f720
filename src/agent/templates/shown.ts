import { type Caller, mayEverywhere } from "../../access/may.ts";
import { parseId } from "../../core/id.ts";
import type { Readers, Store } from "../ports/ports.ts";
import type { AgentBundle } from "../transfer/bundle.ts";
import type { KnownThings } from "../transfer/import-session.ts";
import { withoutKnown } from "./deploy.ts";
import type { TemplateFormat } from "./format.ts";
import { mustFindProject, mustFindTemplate, mustFindVersion, type NamedTemplate, splitVersion } from "./named.ts";
import type { Project } from "./project.ts";
import type { OffsetPage, Template, TemplateFilter, TemplateVersion, WholeVersion } from "./template.ts";

/** A template, and how its project stands in addresses. */
export interface ShownTemplate {
  readonly template: Template;
  readonly slug: string;
}

/** A part of a list, and whether there is more behind it. */
export interface Listed<T> {
  readonly items: readonly T[];
  readonly hasNext: boolean;
}

/** A page of templates; `project` is the id or the slug of the one that they are in. */
export async function listTemplates(
  store: Pick<Store, "reader">,
  caller: Caller,
  {
    project,
    filter,
    page,
  }: {
    readonly project: string | null;
    readonly filter: TemplateFilter;
    readonly page: OffsetPage & { readonly orderBy: "created_at" | "updated_at" };
  },
): Promise<Listed<ShownTemplate>> {
  const readers = store.reader(mayEverywhere(caller, "agents:read"));
  const within = project === null ? {} : { projectId: await mustFindProject(readers, project) };
  const found = await readers.templates.list({ ...filter, ...within }, oneMore(page));
  const { items, hasNext } = cutTo(found, page);
  const shown: ShownTemplate[] = [];
  for (const template of items) shown.push({ template, slug: await slugOf(readers, template) });
  return { items: shown, hasNext };
}

/** A template with the slug of its project, as it is shown to whoever made or changed it. */
export async function shownTemplate(
  store: Pick<Store, "reader">,
  caller: Caller,
  template: Template,
): Promise<ShownTemplate> {
  const readers = store.reader(mayEverywhere(caller, "agents:write"));
  return { template, slug: await slugOf(readers, template) };
}

/** A page of the saved versions of a template, the newest first, and how many there are. */
export async function listTemplateVersions(
  store: Pick<Store, "reader">,
  caller: Caller,
  { which, page }: { readonly which: NamedTemplate; readonly page: OffsetPage },
): Promise<Listed<TemplateVersion> & { readonly template: Template; readonly total: number }> {
  const readers = store.reader(mayEverywhere(caller, "agents:read"));
  const template = await mustFindTemplate(readers, which);
  const found = await readers.templates.versions(template.id, oneMore(page));
  return { template, total: await readers.templates.countVersions(template.id), ...cutTo(found, page) };
}

/** A version of a template as it stands in its file, with the tools and folders that the organisation has of it. */
export async function readVersion(
  { store, format }: { readonly store: Pick<Store, "reader">; readonly format: TemplateFormat },
  caller: Caller,
  which: NamedTemplate,
): Promise<{ readonly version: WholeVersion; readonly bundle: AgentBundle; readonly known: KnownThings }> {
  const readers = store.reader(mayEverywhere(caller, "agents:read"));
  const template = await mustFindTemplate(readers, which);
  const version = await mustFindVersion(readers, template, splitVersion(which.name).version);
  const bundle = format.read(version.file);
  return { version, bundle, known: (await withoutKnown(readers, bundle)).known };
}

/** A page of projects, the newest first. */
export async function listProjects(
  store: Pick<Store, "reader">,
  caller: Caller,
  { name, page }: { readonly name: string | undefined; readonly page: OffsetPage },
): Promise<Listed<Project>> {
  const { projects } = store.reader(mayEverywhere(caller, "agents:read"));
  return cutTo(await projects.list(name, oneMore(page)), page);
}

/** A project that is gone, or never was one, goes by the label that is left. */
async function slugOf({ projects }: Pick<Readers, "projects">, { projectId }: Template): Promise<string> {
  const id = parseId("project", projectId);
  return (id === undefined ? undefined : await projects.find(id))?.slug ?? projectId;
}

function oneMore<P extends OffsetPage>(page: P): P {
  return { ...page, limit: page.limit + 1 };
}

function cutTo<T>(found: readonly T[], { limit }: OffsetPage): Listed<T> {
  return { items: found.slice(0, limit), hasNext: found.length > limit };
}
