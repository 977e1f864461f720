import { Failure } from "../../core/failure.ts";
import { parseId } from "../../core/id.ts";
import { cut } from "../../core/text.ts";
import { required } from "../find.ts";
import type { Readers } from "../ports/ports.ts";
import { DEFAULT_PROJECT } from "./project.ts";
import { type Template, type WholeVersion, WORKING } from "./template.ts";

/** A template as a path names it. */
export interface NamedTemplate {
  /** The id or the slug of a project; null where none is named. */
  readonly project: string | null;
  /** Its name, with or without a version: `support` or `support:2`. */
  readonly name: string;
}

type Kept = Pick<Readers, "projects" | "templates">;

/** Words for the version that is worked on. */
const WORKING_WORDS = ["current", "dev"];
const LATEST = "latest";
const NAME_CHARS_SHOWN = 100;
/** Templates of one name that are looked at where no project is named. */
const SAME_NAME_MAX = 100;

/** The id of the project of that id or slug, or a `not_found` Failure; null is the one of those that nobody put elsewhere. */
export async function mustFindProject({ projects }: Pick<Readers, "projects">, named: string | null): Promise<string> {
  if (named === null || named === DEFAULT_PROJECT) return DEFAULT_PROJECT;
  const id = parseId("project", named);
  const found = id === undefined ? await projects.findBySlug(named) : await projects.find(id);
  return required(
    found,
    `Project not found with id='${cut(named, NAME_CHARS_SHOWN)}'; POST /v1/projects makes one, and '${DEFAULT_PROJECT}' is always there`,
  ).id;
}

/** The template of that name, whatever version is named with it, or a `not_found` Failure. */
export async function mustFindTemplate(kept: Kept, { project, name: named }: NamedTemplate): Promise<Template> {
  const { name } = splitVersion(named);
  const projectId = project === null ? undefined : await mustFindProject(kept, project);
  const filter = { name, ...(projectId === undefined ? {} : { projectId }) };
  const found = await kept.templates.list(filter, { offset: 0, limit: SAME_NAME_MAX, orderBy: "created_at" });
  const [only] = found.length > 1 ? found.filter((one) => one.projectId === DEFAULT_PROJECT) : found;
  if (only === undefined && found.length > 1)
    throw new Failure("refused", `Several projects have a template '${name}'; name the project in the path`);
  return required(only, `No template is called '${cut(named, NAME_CHARS_SHOWN)}'`);
}

/** The version that stands behind the name, the one that was saved last where none does, or a `not_found` Failure. */
export async function mustFindVersion(
  { templates }: Pick<Readers, "templates">,
  template: Template,
  word: string | null,
): Promise<WholeVersion> {
  const number = numberOf(template, word);
  const found = number === undefined ? undefined : await templates.version(template.id, number);
  return required(
    found,
    `The template '${template.name}' has no version '${cut(word ?? "", NAME_CHARS_SHOWN)}'; it has 1 to ${template.latestNumber}, '${LATEST}' and 'current'`,
  );
}

/** The name of a template and the word for its version: `support:2`. */
export function splitVersion(named: string): { readonly name: string; readonly version: string | null } {
  const at = named.lastIndexOf(":");
  return at < 0 ? { name: named, version: null } : { name: named.slice(0, at), version: named.slice(at + 1) };
}

/** Whether the word means the version that is worked on. */
export function isWorking(word: string): boolean {
  return WORKING_WORDS.includes(word);
}

function numberOf({ latestNumber }: Template, word: string | null): number | undefined {
  if (word === null || word === "" || word === LATEST) return latestNumber;
  if (isWorking(word)) return WORKING;
  return /^[1-9]\d{0,8}$/.test(word) ? Number(word) : undefined;
}
