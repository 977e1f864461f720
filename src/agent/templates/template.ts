import type { Authorship } from "../../core/authorship.ts";
import type { Instant } from "../../core/clock.ts";
import type { Id } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";

/** Names a template, whatever its version: what agents call their base template. */
export type TemplateId = Id<"template">;
/** Names one version of a template: what agents call their template. */
export type TemplateVersionId = Id<"template_version">;
/** Names what was made of a template at one time. */
export type DeploymentId = Id<"deployment">;

/** Saved versions of one template. */
export const VERSIONS_MAX = 1_000;
/** Characters of the file of one version. */
export const FILE_CHARS_MAX = 8_000_000;
/** The number of the version that is worked on; those that were saved count from 1. */
export const WORKING = 0;

/** Agents that are made again and again, under a name that is one of a kind in its project. */
export interface Template extends Authorship {
  readonly id: TemplateId;
  /** A project's id, or `DEFAULT_PROJECT`. */
  readonly projectId: string;
  readonly name: string;
  readonly description: string | null;
  /** The number of the version that was saved last. */
  readonly latestNumber: number;
}

/** A version of a template. What was saved is never changed; {@link WORKING} is. */
export interface TemplateVersion {
  readonly id: TemplateVersionId;
  readonly templateId: TemplateId;
  readonly number: number;
  /** What was said of it when it was saved. */
  readonly message: string | null;
  readonly createdById: string | null;
  readonly createdAt: Instant;
}

/** A version with its file of agents, in the format that is exported. */
export interface WholeVersion extends TemplateVersion {
  readonly file: JsonObject;
}

/** What was made of a template at one time: its agents, blocks and group say so by this id. */
export interface Deployment {
  readonly id: DeploymentId;
  /** The template, which may be gone. */
  readonly templateId: TemplateId;
  readonly versionId: TemplateVersionId;
  /** What the gaps of its blocks were filled with. */
  readonly variables: Readonly<Record<string, string>>;
  readonly createdAt: Instant;
}

/** A part of a list that is asked for by how many are before it. */
export interface OffsetPage {
  readonly offset: number;
  readonly limit: number;
}

/** What a list of templates is narrowed to. Absent means any. */
export interface TemplateFilter {
  readonly projectId?: string;
  readonly name?: string;
  /** Part of the name, whatever its case. */
  readonly nameHolds?: string;
  /** The id of the template or of a version of it. */
  readonly id?: string;
  /** Templates that have a saved version of this number. */
  readonly number?: number;
}

/** Where the templates of one organisation live. */
export interface TemplateStore {
  find(id: TemplateId): Promise<Template | undefined>;
  /** Newest first by `orderBy`. */
  list(
    filter: TemplateFilter,
    page: OffsetPage & { readonly orderBy: "created_at" | "updated_at" },
  ): Promise<readonly Template[]>;
  insert(template: Template): Promise<void>;
  /** Throws a `not_found` Failure when there is none of its id, and a `conflict` one when its name is taken. */
  save(template: Template): Promise<void>;
  /** Removes the template with its versions; what was made of it stays. */
  remove(id: TemplateId): Promise<void>;
  /** The version of that number. */
  version(id: TemplateId, number: number): Promise<WholeVersion | undefined>;
  /** Saved versions, the newest first. */
  versions(id: TemplateId, page: OffsetPage): Promise<readonly TemplateVersion[]>;
  countVersions(id: TemplateId): Promise<number>;
  /** Stores a version; {@link WORKING} takes the place of the one before. */
  putVersion(version: WholeVersion): Promise<void>;
}

/** The part of a {@link TemplateStore} that only reads. */
export type TemplateReader = Pick<TemplateStore, "find" | "list" | "version" | "versions" | "countVersions">;

/** Where it is kept what was made of templates. */
export interface DeploymentStore {
  find(id: DeploymentId): Promise<Deployment | undefined>;
  /** What was made of a template, oldest first. */
  listOf(id: TemplateId, limit: number): Promise<readonly Deployment[]>;
  insert(deployment: Deployment): Promise<void>;
  save(deployment: Deployment): Promise<void>;
  remove(id: DeploymentId): Promise<void>;
  /** Removes it where no agent says any more that it was made by it, those that the session may not see included. */
  removeUnused(id: DeploymentId): Promise<void>;
}

/** The part of a {@link DeploymentStore} that only reads. */
export type DeploymentReader = Pick<DeploymentStore, "find" | "listOf">;
