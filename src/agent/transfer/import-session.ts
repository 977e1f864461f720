import type { Actor, AgentId, BlockId, FileId, FolderId, GroupId, IdentityId, ToolId } from "../../core/id.ts";
import type { EmbeddingConfig } from "../../llm/config.ts";
import type { AgentWorkshop } from "../life/create-agent.ts";
import type { McpServerId } from "../mcp/mcp-server.ts";
import type { InputMessage } from "../new-message.ts";
import type { Repositories } from "../ports/ports.ts";
import type { AgentBundle, BundleKey } from "./bundle.ts";

/** What becomes of a bundle's agents, as whoever imports it wishes. */
export interface ImportWish {
  /** The name of every agent in place of its own. */
  readonly name?: string;
  /** Whether names that are kept show that they are copies. */
  readonly marksCopies: boolean;
  /** The handle of the model of every agent in place of its own. */
  readonly model?: string;
  /** The handle of the embedding model of everything, in place of its own. */
  readonly embedding?: string;
  /** Whether a custom tool of the organisation is replaced by one of its name. */
  readonly replacesTools: boolean;
  /** Whether agents come without what they said and heard. */
  readonly stripsMessages: boolean;
  /** Values of secrets that the file names without one. Others are not taken. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly projectId?: string;
  /** What agents begin with in place of messages of the file, null being what their type begins with; nothing where one is not here. */
  readonly beginnings?: ReadonlyMap<BundleKey, readonly InputMessage[] | null>;
  /** Whom the agents belong to. */
  readonly identityIds?: readonly IdentityId[];
  /** Things that agents of the bundle name, which are stored already and do not come with it. */
  readonly known?: KnownThings;
  /** Stores what else belongs to the import, in its transaction. */
  readonly besides?: (repositories: Repositories) => Promise<void>;
}

/** Tools and folders of the organisation by the keys that a bundle has for them. */
export interface KnownThings {
  readonly tools: ReadonlyMap<BundleKey, ToolId>;
  readonly folders: ReadonlyMap<BundleKey, FolderId>;
}

/** What is stored of a bundle so far, by the keys that its things have there. */
interface StoredSoFar {
  readonly tools: Map<BundleKey, ToolId>;
  readonly blocks: Map<BundleKey, BlockId>;
  readonly folders: Map<BundleKey, FolderId>;
  readonly files: Map<BundleKey, FileId>;
  readonly agents: Map<BundleKey, AgentId>;
  readonly groups: Map<BundleKey, GroupId>;
  /** By the names of the servers. */
  readonly mcpServers: Map<string, McpServerId>;
}

/** An import at work, inside its transaction. */
export interface ImportSession {
  readonly workshop: AgentWorkshop;
  readonly actor: Actor;
  readonly repositories: Repositories;
  readonly bundle: AgentBundle;
  readonly wish: ImportWish;
  /** Of folders, in place of their own. */
  readonly embeddingConfig: EmbeddingConfig | undefined;
  readonly stored: StoredSoFar;
  /** Tells what is not taken as it is in the file, in a sentence. */
  readonly note: (sentence: string) => void;
}

/** Where nothing is stored yet but what is known. */
export function storedAtFirst(known?: KnownThings): StoredSoFar {
  return {
    tools: new Map(known?.tools),
    blocks: new Map(),
    folders: new Map(known?.folders),
    files: new Map(),
    agents: new Map(),
    groups: new Map(),
    mcpServers: new Map(),
  };
}
