import type { Authorship } from "../../core/authorship.ts";
import type { BlockId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";

/** Characters a block holds when nobody sets a limit, as in Letta. */
export const BLOCK_CHARS_DEFAULT = 100_000;

/** A labelled piece of core memory that stays in an agent's context. May be shared by many agents. */
export interface Block extends Authorship {
  readonly id: BlockId;
  readonly label: string;
  readonly value: string;
  /** Characters that the agent's own tools may fill; an API client or an import may store more. */
  readonly limit: number;
  readonly description: string | null;
  readonly readOnly: boolean;
  readonly metadata: JsonObject;
  readonly tags: readonly string[];
  readonly hidden: boolean | null;
  readonly isTemplate: boolean;
  readonly templateName: string | null;
  readonly templateId: string | null;
  readonly baseTemplateId: string | null;
  readonly deploymentId: string | null;
  readonly entityId: string | null;
  readonly projectId: string | null;
  readonly preserveOnMigration: boolean;
  /** Grows by one with every change; a save of an older version is refused. */
  readonly version: number;
}
