import type { Kysely } from "kysely";
import type { AccessChange } from "../../access/notices.ts";
import type { AgentId, KeyId, OrganizationId, UserId } from "../../core/id.ts";
import type { SecretBox } from "../../core/secrecy/secret-box.ts";
import type { World } from "../../core/world.ts";
import type { Tool } from "../../tools/tool.ts";
import type { TextCache } from "../runs/text-cache.ts";
import type { AgentCache } from "./agent-cache.ts";
import type { ColumnCache, EmbeddedCache, VectorCache } from "./caches.ts";
import type { ContextCache } from "./context-cache.ts";
import type { SqlDatabase, TypedConnection } from "./driver.ts";
import type { Tables } from "./schema.ts";

/** What events wait to be moved to where each run has its own. */
export interface Arrivals {
  /** When there are so many, they are moved. */
  readonly eventsMax: number;
  /** Undefined where they have to be counted: earlier servers left some, and a move may have been undone. */
  waiting: { events: number; chars: number } | undefined;
}

/** What every repository of this folder is made of. All statements are scoped by `organizationId`. */
export interface Session {
  /** For statements that are built. */
  readonly db: Kysely<Tables>;
  readonly dialect: SqlDatabase["dialect"];
  /** For the few hot statements, written out. */
  readonly sql: TypedConnection;
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  /** The agents whose rows can be read; null is all. A transaction has all. */
  readonly agentIds: readonly AgentId[] | null;
  /** The key by which they came; null where there was none. */
  readonly keyId: KeyId | null;
  readonly world: Pick<World, "clock" | "random">;
  /** Seals what is secret before it is stored. */
  readonly secretBox: SecretBox;
  /** Tools that were read lately, by id and time of change: they are long, change rarely, and every turn needs them. */
  readonly toolCache: Map<string, Tool>;
  /** Agents and their tools that were read lately. */
  readonly agentCache: AgentCache;
  /** Long texts that steps named lately. */
  readonly textCache: TextCache;
  /** Messages of contexts that were read lately; only in transactions. */
  readonly contextCache?: ContextCache;
  /** What was read of committed entries; absent where a transaction may see others. */
  readonly columnCache?: ColumnCache;
  readonly embeddedCache?: EmbeddedCache;
  /** Vectors that were searched lately, by space. */
  readonly vectorCache: VectorCache;
  /** Told of each row that was left out of a list, as it cannot be read. */
  readonly onDamaged: (table: string, id: string) => void;
  /** Shared by all sessions of a database. */
  readonly arrivals: Arrivals;
  /** Whether a webhook of an organisation is told when runs begin, where that is known. Shared by all sessions of a database. */
  readonly startsSent: Map<OrganizationId, boolean>;
  /** Whether work was owed that nobody has been told of yet; see `Backlog`. Shared by all sessions of a database. */
  readonly owed: { isNew: boolean };
  /** Whose access the transaction at work changes. Shared by all sessions of a database. */
  readonly accessChanges: AccessChange[];
}
