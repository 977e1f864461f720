import type { OrganizationId } from "../../core/id.ts";
import type { ImageBytes } from "../../core/image.ts";
import type { JsonObject } from "../../core/json.ts";
import type { McpChallenge } from "./mcp-failure.ts";
import type { McpSecrets, McpServer } from "./mcp-server.ts";

/** A server as it is reached on somebody's behalf: all placeholders are filled in. */
export interface McpTarget {
  readonly organizationId: OrganizationId;
  readonly server: Pick<McpServer, "id" | "name" | "transport" | "url" | "command" | "args">;
  /** Headers of every request. Who is sent others is another client, with a connection of its own. */
  readonly headers: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** Tokens of a sign-in; null where there is none. */
  readonly signIn: McpSignInKeeper | null;
}

/** A tool as an MCP server describes it. It is what somebody else wrote: nothing of it is to be trusted. */
export interface McpToolDefinition {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema: JsonObject;
  readonly outputSchema?: JsonObject;
  readonly annotations?: JsonObject;
  readonly meta?: JsonObject;
}

/** What a tool of an MCP server answered. */
export interface McpAnswer {
  readonly ok: boolean;
  readonly text: string;
  readonly images: readonly ImageBytes[];
}

/** One call of a tool. */
export interface McpCall {
  /** What the server calls the tool. */
  readonly toolName: string;
  readonly args: JsonObject;
  /** What a structured answer is to be like; undefined where nothing is known of it. */
  readonly outputSchema: JsonObject | undefined;
  /** Aborts when nobody waits for the answer any more: the server is told. */
  readonly signal?: AbortSignal;
  /** Without a sign of progress for so long the call is over. */
  readonly timeoutMs?: number;
  /** Told of each sign of progress that the server gives. */
  readonly onProgress?: (text: string) => void;
}

/**
 * Connections to MCP servers. One is opened when it is first needed, kept for a while, and shared by nobody but those who
 * send the same to the same server of the same organisation. Throws a Failure where a server cannot be reached or does not
 * do what it should: `unavailable`, `timeout`, `refused`, `too_large`, or {@link McpUnauthorized}.
 */
export interface McpConnections {
  /** What tools the server has. */
  tools(target: McpTarget): Promise<readonly McpToolDefinition[]>;
  /** Calls a tool; throws an {@link McpCutOff} where nobody knows whether the server made the call. */
  call(target: McpTarget, call: McpCall): Promise<McpAnswer>;
  /** Has whoever wants to know told each time that a server says that its tools have changed. There is one listener. */
  onToolsChanged(listener: (organizationId: OrganizationId, serverId: McpServer["id"]) => void): void;
  /** Ends what is open to a server that was changed or is gone. */
  forget(organizationId: OrganizationId, serverId: McpServer["id"]): void;
  /** Whether this command may be run; throws a `refused` Failure that says how to allow it. */
  checkCommand(command: string, args: readonly string[]): void;
  /** Begins or ends a sign-in at a server. */
  readonly signIns: McpSignIns;
}

/** Where what a sign-in needs is kept between its steps. */
export interface McpSignInKeeper {
  /** What was kept; an empty record before the first time. */
  load(): Promise<JsonObject>;
  save(kept: JsonObject): Promise<void>;
}

/** How somebody signs in at MCP servers, by OAuth. */
export interface McpSignIns {
  /**
   * The address that a person must visit; null where what is kept was enough to go on. `state` comes back with the
   * redirect. Who lets people in is looked up anew, as it may be somebody else by now. Throws a Failure where the server does not say how to sign in.
   */
  begin(at: McpSignInPlace, wish: { readonly state: string; readonly challenge: McpChallenge }): Promise<URL | null>;
  /** Takes the code of a redirect; throws a `refused` Failure where the answer does not come from who was asked. */
  finish(at: McpSignInPlace, answer: { readonly code: string; readonly issuer: string | null }): Promise<void>;
}

/** At which server, with what is kept, and where to the person comes back. */
export interface McpSignInPlace {
  readonly url: string;
  readonly redirectUrl: string;
  readonly keeper: McpSignInKeeper;
}

/** What a server is reached with before its placeholders are filled in. */
export interface McpConfig {
  readonly server: McpTarget["server"];
  readonly secrets: McpSecrets;
}
