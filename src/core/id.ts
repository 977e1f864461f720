import { Failure } from "./failure.ts";
import type { Random } from "./random.ts";
import { cut } from "./text.ts";

declare const kind: unique symbol;

/** A string that names one entity of kind `K`, written `<kind>-<uuid4>` as Letta's wire format does. */
export type Id<K extends string> = string & { readonly [kind]: K };

/** The ids of the things that the API names. */
export type AgentId = Id<"agent">;
export type AgentFileId = Id<"file_agent">;
export type ArchiveId = Id<"archive">;
export type BlockId = Id<"block">;
export type ConversationId = Id<"conv">;
export type FileId = Id<"file">;
/** Folders were called sources before. */
export type FolderId = Id<"source">;
export type GroupId = Id<"group">;
export type IdentityId = Id<"identity">;
export type KeyId = Id<"key">;
export type MessageId = Id<"message">;
export type OrganizationId = Id<"org">;
export type PassageId = Id<"passage">;
export type RunId = Id<"run">;
export type SessionId = Id<"session">;
export type StepId = Id<"step">;
export type ToolId = Id<"tool">;
export type UserId = Id<"user">;

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
const PATTERN = new RegExp(`^[a-z_]+(?:-env)?-${UUID}$`);
/** Longest text that can be an id: the longest kind, a dash and a UUID. */
const ID_CHARS_MAX = 64;

/** Accepts `text` as an id of `prefix`; returns undefined when it is not one. */
export function parseId<K extends string>(prefix: K, text: string): Id<K> | undefined {
  const fits = text.length <= ID_CHARS_MAX && text.startsWith(`${prefix}-`) && PATTERN.test(text);
  return fits && text.length === prefix.length + 37 ? (text as Id<K>) : undefined;
}

/** Accepts `text` as an id of `prefix`, or throws a {@link Failure} that shows what one looks like. */
export function requireId<K extends string>(prefix: K, text: string): Id<K> {
  const id = parseId(prefix, text);
  if (id === undefined)
    throw new Failure("invalid", `String should match pattern '${prefix}-{uuid4}', got '${cut(text, ID_CHARS_MAX)}'`);
  return id;
}

/** A new id of kind `K`. */
export function newId<K extends string>(prefix: K, random: Random): Id<K> {
  return `${prefix}-${random.uuid()}` as Id<K>;
}

/** The organisation and user that every fresh database holds, as Letta's did. */
export const DEFAULT_ORGANIZATION_ID = "org-00000000-0000-4000-8000-000000000000" as OrganizationId;
export const DEFAULT_USER_ID = "user-00000000-0000-4000-8000-000000000000" as UserId;

/** How somebody came to this server with a request. */
export interface Origin {
  /** How they were known, in a word: by a key, a session, or as this machine. */
  readonly kind: string;
  /** What the client calls its request; null where it does not. */
  readonly requestId: string | null;
  /** The address that it came from, as far as the server can still see; null where it cannot. */
  readonly address: () => string | null;
}

/**
 * On whose behalf something is read or written, once it is clear that they may (`access/may.ts`), or the server itself
 * goes on with what they began. Every query is scoped by the organisation, and by the agents where there are any.
 */
export interface Actor {
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  /** The agents that can be seen; null is all of the organisation. */
  readonly agentIds: readonly AgentId[] | null;
  /** The key by which they came; null where there was none. */
  readonly keyId: KeyId | null;
  /** How they came; null where the server goes on by itself. */
  readonly origin: Origin | null;
}

/** The server's own work on behalf of a user, by whichever key it began. */
export function actorOf(organizationId: OrganizationId, userId: UserId, keyId: KeyId | null = null): Actor {
  return { organizationId, userId, agentIds: null, keyId, origin: null };
}

/** Who acts when nobody else is named. */
export const DEFAULT_ACTOR: Actor = actorOf(DEFAULT_ORGANIZATION_ID, DEFAULT_USER_ID);
