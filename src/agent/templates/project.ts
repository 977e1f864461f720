import type { Authorship } from "../../core/authorship.ts";
import type { Id } from "../../core/id.ts";
import type { OffsetPage } from "./template.ts";

/** Names a project. */
export type ProjectId = Id<"project">;

/** Projects of one organisation. */
export const PROJECTS_MAX = 1_000;

/** Where templates are that nobody put into a project. No row stands for it, and it cannot be deleted. */
export const DEFAULT_PROJECT = "default-project";

/**
 * A name by which things are sorted. Agents, blocks and the like name one by its id in their `projectId`, which is a mere
 * label to them: any text may stand there.
 */
export interface Project extends Authorship {
  readonly id: ProjectId;
  readonly name: string;
  /** The name as it stands in addresses; one of a kind in the organisation. */
  readonly slug: string;
}

/** Where the projects of one organisation live. */
export interface ProjectStore {
  find(id: ProjectId): Promise<Project | undefined>;
  findBySlug(slug: string): Promise<Project | undefined>;
  /** Projects by their creation, the newest first; those whose name holds this text, whatever its case. */
  list(name: string | undefined, page: OffsetPage): Promise<readonly Project[]>;
  count(): Promise<number>;
  /** Throws a `conflict` Failure when the id or the slug is taken. */
  insert(project: Project): Promise<void>;
  /** Removes the name; what it sorted stays. Throws a `not_found` Failure when there is none. */
  remove(id: ProjectId): Promise<void>;
}

/** The part of a {@link ProjectStore} that only reads. */
export type ProjectReader = Pick<ProjectStore, "find" | "findBySlug" | "list" | "count">;
