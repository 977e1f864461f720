import type { AgentId, ToolId } from "../../core/id.ts";
import type { Page } from "../../core/page.ts";
import type { Tool } from "../../tools/tool.ts";
import type { ToolFilter } from "./filters.ts";

/** Where the tools of one organisation live. */
export interface ToolStore {
  find(id: ToolId): Promise<Tool | undefined>;
  /** Those of the tools of these names that exist, in any order. */
  findByNames(names: readonly string[]): Promise<readonly Tool[]>;
  list(filter: ToolFilter, page: Page): Promise<readonly Tool[]>;
  count(filter: ToolFilter): Promise<number>;
  /** Inserts the tool, or replaces the one of the same name, keeping its id. */
  upsert(tool: Tool): Promise<void>;
  /** Replaces the tool; throws a `not_found` Failure when there is none of its id. */
  save(tool: Tool): Promise<void>;
  /** Removes the tool from every agent and from the store; throws a `not_found` Failure when there is none. */
  remove(id: ToolId): Promise<void>;
  /** The agent's tools in the order they were attached. */
  listForAgent(agentId: AgentId): Promise<readonly Tool[]>;
  /** Attaching twice is once. */
  attach(agentId: AgentId, toolId: ToolId): Promise<void>;
  detach(agentId: AgentId, toolId: ToolId): Promise<void>;
}

/** The part of a {@link ToolStore} that only reads. */
export type ToolReader = Pick<ToolStore, "find" | "findByNames" | "list" | "count" | "listForAgent">;
