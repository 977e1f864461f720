import type { Authorship } from "../../core/authorship.ts";
import type { Id, OrganizationId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Page } from "../../core/page.ts";

/** Names a secret; which of the kinds depends on what it belongs to. */
export type SecretId = Id<"agent-env"> | Id<"sandbox-env"> | Id<"secret">;

/** Something that only tools and connections are given: what it holds is kept sealed, and is no part of this. */
export interface Secret extends Authorship {
  readonly id: SecretId;
  /** The id of what it belongs to: an agent, the settings of a sandbox, a server that is connected to, a webhook. */
  readonly ownerId: string;
  /** What it is called; an owner has one of a name. */
  readonly name: string;
  readonly description: string | null;
}

/** What secrets hold, by their names. */
export interface OpenedSecrets {
  readonly values: Readonly<Record<string, string>>;
  /** Names of those that cannot be opened: their key is not there, or they were changed. */
  readonly unreadable: readonly string[];
}

/** The secrets of one organisation. */
export interface SecretStore {
  find(id: SecretId): Promise<Secret | undefined>;
  /** Those of one owner. */
  list(ownerId: string, page: Page): Promise<readonly Secret[]>;
  /** Those of each owner, by name. Owners without any are left out. */
  listForOwners(ownerIds: readonly string[]): Promise<ReadonlyMap<string, readonly Secret[]>>;
  /** What those of some owners hold. Where two have one name, that of the later owner counts. */
  open(ownerIds: readonly string[]): Promise<OpenedSecrets>;
  /** What those of each owner hold. Owners without any are left out. */
  openEach(ownerIds: readonly string[]): Promise<ReadonlyMap<string, OpenedSecrets>>;
  /**
   * Stores a secret with what it holds, in place of the one of its id, or of its owner and name: that keeps its id and
   * when it was made. Throws a `conflict` Failure where another one of the owner has its new name.
   */
  put(secret: Secret, value: string): Promise<void>;
  /** Removes it; throws a `not_found` Failure when there is none. */
  remove(id: SecretId): Promise<void>;
  /** Removes all of an owner, which goes or gets others. */
  removeOf(ownerId: string): Promise<void>;
}

/** The part of a {@link SecretStore} that only reads. */
export type SecretReader = Pick<SecretStore, "find" | "list" | "listForOwners" | "open" | "openEach">;

/** Where a sandbox runs that settings are for. */
export const SANDBOX_TYPES = ["e2b", "local", "modal"] as const;

/** One of {@link SANDBOX_TYPES}. */
export type SandboxType = (typeof SANDBOX_TYPES)[number];

/** Names the settings of a sandbox. */
export type SandboxConfigId = Id<"sandbox">;

/** Settings of the place where an organisation's tools run; it has one of each type. Its variables are {@link Secret}s. */
export interface SandboxConfig extends Authorship {
  readonly id: SandboxConfigId;
  readonly type: SandboxType;
  readonly config: JsonObject;
}

/** The settings of one organisation's sandboxes. */
export interface SandboxStore {
  find(id: SandboxConfigId): Promise<SandboxConfig | undefined>;
  list(page: Page): Promise<readonly SandboxConfig[]>;
  /** The settings of this type, of which there is one at most. */
  ofType(type: SandboxType): Promise<SandboxConfig | undefined>;
  /** Also throws a `conflict` Failure where there are settings of that type. */
  insert(config: SandboxConfig): Promise<void>;
  save(config: SandboxConfig): Promise<void>;
  /** Removes the settings with their variables; throws a `not_found` Failure when there are none. */
  remove(id: SandboxConfigId): Promise<void>;
}

/** The part of a {@link SandboxStore} that only reads. */
export type SandboxReader = Pick<SandboxStore, "find" | "list" | "ofType">;

/** A secret that cannot be read, as its key is not known. */
export interface LostSecret {
  readonly organizationId: OrganizationId;
  readonly ownerId: string;
  readonly name: string;
}

/** What is sealed, and by which keys, in all organisations. */
export interface SealedSecrets {
  readonly total: number;
  /** How many are sealed by another key than the one that seals now, and can be opened. */
  readonly older: number;
  /** Some of those whose key is not known. */
  readonly lost: readonly LostSecret[];
}

/** How far sealing anew has come. */
export interface Resealed {
  /** How many were sealed anew. */
  readonly count: number;
  /** How many could not, as they were changed: they stay as they are. */
  readonly broken: number;
  /** The last one that was looked at; null when there are no more. */
  readonly last: string | null;
}
