import type { Authorship } from "../../core/authorship.ts";
import type { Instant } from "../../core/clock.ts";
import type { Actor, AgentId, Id, ToolId } from "../../core/id.ts";

/** Names an MCP server. */
export type McpServerId = Id<"mcp_server">;

/** How an MCP server is reached. */
export const MCP_TRANSPORTS = ["stdio", "sse", "streamable_http"] as const;

/** One of {@link MCP_TRANSPORTS}. */
export type McpTransport = (typeof MCP_TRANSPORTS)[number];

/** A server of tools that speaks the Model Context Protocol. What it is sent in secret is kept apart: {@link McpSecrets}. */
export interface McpServer extends Authorship {
  readonly id: McpServerId;
  /** What an organisation calls it; it has one of a name. */
  readonly name: string;
  readonly transport: McpTransport;
  /** Where it is; null of one that is a command. */
  readonly url: string | null;
  /** The program that it is; null of one that has a URL. */
  readonly command: string | null;
  readonly args: readonly string[] | null;
}

/** What only the server itself is given: a place in each may stand for a variable of an agent. */
export interface McpSecrets {
  readonly authHeader: string | null;
  readonly authToken: string | null;
  readonly customHeaders: Readonly<Record<string, string>> | null;
  /** The environment of a command. */
  readonly env: Readonly<Record<string, string>> | null;
}

/** A server that is sent nothing in secret. */
export const NO_MCP_SECRETS: McpSecrets = { authHeader: null, authToken: null, customHeaders: null, env: null };

/** Which tool of which server one of an organisation's tools is. */
export interface McpTool {
  readonly toolId: ToolId;
  readonly serverId: McpServerId;
  /** What the server calls it. */
  readonly remoteName: string;
  /** Tells versions of what the model was told of it apart. */
  readonly definitionHash: string;
}

/** Names what somebody signed in with at an MCP server. */
export type McpSignInId = Id<"mcp_oauth">;

/** How far a sign-in has come. */
export type McpSignInStatus = "pending" | "authorized" | "failed";

/** A sign-in at the MCP server of an address, by OAuth. Its tokens and what they are asked for with are kept sealed. */
export interface McpSignIn {
  readonly id: McpSignInId;
  /** An organisation has one for an address. */
  readonly url: string;
  /** The hash of the state that a redirect must bring; null when none is awaited, so that it serves once. */
  readonly stateHash: string | null;
  readonly status: McpSignInStatus;
  /** Why the last try failed; null where it did not. */
  readonly error: string | null;
  /** Until when a redirect is awaited. */
  readonly dueAt: Instant;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

/** A sign-in that a redirect came back for, and on whose behalf it was begun. */
export interface AwaitedSignIn {
  readonly actor: Actor;
  readonly signIn: McpSignIn;
}

/** The MCP servers of one organisation, their tools and sign-ins. What is secret of them is in its `SecretStore`. */
export interface McpStore {
  find(id: McpServerId): Promise<McpServer | undefined>;
  findByName(name: string): Promise<McpServer | undefined>;
  /** All of them, by creation. */
  list(): Promise<readonly McpServer[]>;
  /** Throws a `conflict` Failure when the organisation has another one of that name. */
  insert(server: McpServer): Promise<void>;
  /** As {@link McpStore.insert}; throws a `not_found` Failure when there is none. */
  save(server: McpServer): Promise<void>;
  /** Removes the server with what says which tools are its; the tools stay. Throws a `not_found` Failure when there is none. */
  remove(id: McpServerId): Promise<void>;
  /** The tools of a server. */
  toolsOf(id: McpServerId): Promise<readonly McpTool[]>;
  /** Which server's a tool is; undefined of one that is none's. */
  toolOf(id: ToolId): Promise<McpTool | undefined>;
  /** Says which server's a tool is, in place of what was said before. */
  setTool(tool: McpTool): Promise<void>;
  /** Up to `limit` of the agents that have a tool, in the order of their ids, those behind `after`. */
  agentsWith(id: ToolId, page: { readonly after: string | null; readonly limit: number }): Promise<readonly AgentId[]>;
  /** The sign-in at an address. */
  signInAt(url: string): Promise<McpSignIn | undefined>;
  /** Stores a sign-in in place of the one of its id. */
  putSignIn(signIn: McpSignIn): Promise<void>;
  removeSignIn(id: McpSignInId): Promise<void>;
}

/** The part of a {@link McpStore} that only reads. */
export type McpReader = Pick<
  McpStore,
  "find" | "findByName" | "list" | "toolsOf" | "toolOf" | "agentsWith" | "signInAt"
>;
