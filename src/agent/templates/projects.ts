import { type Caller, mayEverywhere } from "../../access/may.ts";
import { madeBy } from "../../core/authorship.ts";
import { Failure } from "../../core/failure.ts";
import { newId } from "../../core/id.ts";
import { mustFindNamed } from "../find.ts";
import type { AgentWorkshop } from "../life/create-agent.ts";
import type { Readers } from "../ports/ports.ts";
import { DEFAULT_PROJECT, PROJECTS_MAX, type Project } from "./project.ts";

/** Projects whose names come to the same slug. */
const SAME_SLUG_MAX = PROJECTS_MAX;
const TEMPLATES_LISTED_MAX = 5;

/** Makes a project, whose slug is its name as it may stand in addresses. */
export async function createProject(workshop: AgentWorkshop, caller: Caller, name: string): Promise<Project> {
  const actor = mayEverywhere(caller, "agents:write");
  return workshop.store.write(actor, async ({ projects }) => {
    const count = await projects.count();
    if (count >= PROJECTS_MAX) throw new Failure("refused", `There are ${count} projects, as many as there may be`);
    const slug = await freeSlug({ projects }, name);
    const id = newId("project", workshop.random);
    const project: Project = { id, name, slug, ...madeBy(actor, workshop.clock.now()) };
    await projects.insert(project);
    return project;
  });
}

/** Removes a project that no template is in any more. What else names it keeps the name. */
export async function deleteProject({ store }: AgentWorkshop, caller: Caller, named: string): Promise<void> {
  const actor = mayEverywhere(caller, "agents:write");
  await store.write(actor, async ({ projects, templates }) => {
    const { id } = await mustFindNamed(projects, { kind: "project", text: named });
    const page = { offset: 0, limit: TEMPLATES_LISTED_MAX, orderBy: "created_at" } as const;
    const within = await templates.list({ projectId: id }, page);
    if (within.length > 0)
      throw new Failure(
        "conflict",
        `Templates are in this project, and would be out of reach without it; delete them first: ${within.map(({ name }) => name).join(", ")}`,
      );
    await projects.remove(id);
  });
}

async function freeSlug({ projects }: Pick<Readers, "projects">, name: string): Promise<string> {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  const slug = plain === "" ? "project" : plain;
  for (let number = 1; number <= SAME_SLUG_MAX; number++) {
    const free = number === 1 ? slug : `${slug}-${number}`;
    if (free !== DEFAULT_PROJECT && (await projects.findBySlug(free)) === undefined) return free;
  }
  throw new Failure("conflict", `Too many projects are called '${name}'`);
}
