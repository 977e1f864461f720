import type { Instant } from "../../core/clock.ts";
import { isRecord } from "../../core/json.ts";
import type { ToolCall } from "../../llm/model.ts";
import type { Tool } from "../../tools/tool.ts";
import type { BlockDraft } from "../../umi/core/new-block.ts";
import type { FolderChange } from "../files/folders.ts";
import type { GroupDraft } from "../group.ts";
import type { AgentDraft } from "../life/create-agent.ts";
import type { McpTransport } from "../mcp/mcp-server.ts";
import type { Message } from "../message.ts";

/** What the tag of a tool begins with that says which MCP server's it is. */
const MCP_TAG = "mcp:";

/** The name that a file gives one of its things, and by which others of the file name it: `agent-0`. */
export type BundleKey = string;

/** What a file of agents brings. Everything that is named here by a {@link BundleKey} is in it, once. */
export interface AgentBundle {
  readonly agents: readonly BundledAgent[];
  readonly groups: readonly BundledGroup[];
  readonly blocks: readonly BundledBlock[];
  readonly folders: readonly BundledFolder[];
  readonly files: readonly BundledFile[];
  readonly tools: readonly BundledTool[];
  readonly mcpServers: readonly BundledMcpServer[];
  /** Names of skills, which no server keeps. */
  readonly skills: readonly string[];
}

/** An agent of a file: a new one as anybody could ask for it, and what it said and heard so far. */
export interface BundledAgent {
  readonly key: BundleKey;
  readonly draft: Omit<AgentDraft, "blockIds" | "identityIds" | "folderIds" | "toolIds" | "initialMessages">;
  readonly toolKeys: readonly BundleKey[];
  readonly blockKeys: readonly BundleKey[];
  readonly folderKeys: readonly BundleKey[];
  /** In the order of the file; the compiled system message at the head of a context is not among them. */
  readonly messages: readonly BundledMessage[];
  readonly files: readonly BundledView[];
}

/** A message of a file. */
export interface BundledMessage
  extends Pick<
    Message,
    "role" | "content" | "toolReturns" | "approvals" | "name" | "model" | "otid" | "senderId" | "groupId"
  > {
  readonly toolCalls: readonly ToolCall[];
  readonly isInContext: boolean;
  /** Null where the file does not say. */
  readonly createdAt: Instant | null;
}

/** How an agent sees a file. */
export interface BundledView {
  readonly fileKey: BundleKey;
  readonly isOpen: boolean;
  /** The first line that is shown, from 1, and the last; null shows it from its beginning, or to its end. */
  readonly startLine: number | null;
  readonly endLine: number | null;
}

/** A block of a file. Agents that name the same one share it. */
export interface BundledBlock {
  readonly key: BundleKey;
  readonly draft: BlockDraft;
}

/** A folder of a file. */
export interface BundledFolder {
  readonly key: BundleKey;
  readonly draft: Omit<FolderChange, "embedding" | "embeddingChunkSize"> & { readonly name: string };
}

/** A file in a folder. Its text comes with it; the bytes that it once was do not. */
export interface BundledFile {
  readonly key: BundleKey;
  readonly folderKey: BundleKey;
  readonly name: string;
  readonly mediaType: string;
  /** Null where the file of agents has none. */
  readonly text: string | null;
}

/** A tool as its organisation had it. */
export interface BundledTool {
  readonly key: BundleKey;
  readonly tool: Omit<Tool, "id" | "createdById" | "lastUpdatedById" | "createdAt" | "updatedAt">;
}

/** An MCP server of a file, without anything secret. */
export interface BundledMcpServer {
  readonly key: BundleKey;
  readonly name: string;
  readonly transport: McpTransport;
  readonly url: string | null;
}

/** A group of a file: its agents and blocks by their keys. */
export interface BundledGroup {
  readonly key: BundleKey;
  readonly draft: Omit<GroupDraft, "agentIds" | "managerAgentId" | "sharedBlockIds">;
  readonly agentKeys: readonly BundleKey[];
  readonly managerKey: BundleKey | null;
  readonly blockKeys: readonly BundleKey[];
}

/** Which tool of which MCP server a tool is, by Letta's note in its metadata or its tag; undefined where neither says so. */
export function mcpToolOf({ name, tags, metadata }: Pick<Tool, "name" | "tags" | "metadata">) {
  const mcp = isRecord(metadata["mcp"]) ? metadata["mcp"] : {};
  const tagged = tags.find((tag) => tag.startsWith(MCP_TAG))?.slice(MCP_TAG.length);
  const serverName = typeof mcp["server_name"] === "string" ? mcp["server_name"] : tagged;
  const remoteName = typeof mcp["tool_name"] === "string" ? mcp["tool_name"] : name;
  return serverName === undefined ? undefined : { serverName, remoteName };
}
