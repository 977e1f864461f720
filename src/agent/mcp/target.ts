import { Failure } from "../../core/failure.ts";
import type { AgentId, OrganizationId } from "../../core/id.ts";
import type { McpConfig, McpSignInKeeper, McpTarget } from "./connections.ts";
import { filled, filledRecord, type Variables } from "./placeholders.ts";

/** Tells a server which agent calls, as Letta's does. */
const AGENT_HEADER = "X-Agent-Id";
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}$/;
/** What a header may hold: anything else could begin another header. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** On whose behalf a server is reached. */
export interface McpVisitor {
  readonly organizationId: OrganizationId;
  /** The agent that calls; null where a person looks. */
  readonly agentId: AgentId | null;
  readonly variables: Variables;
  readonly signIn: McpSignInKeeper | null;
}

/** The server as this visitor reaches it; throws a `refused` Failure for what no header can hold. */
export function targetFor({ server, secrets }: McpConfig, visitor: McpVisitor): McpTarget {
  const { organizationId, agentId, variables, signIn } = visitor;
  const { authHeader, authToken, customHeaders, env } = secrets;
  const headers = {
    ...filledRecord(customHeaders ?? {}, variables),
    ...(authToken === null ? {} : { [authHeader ?? "Authorization"]: filled(authToken, variables) }),
    ...(agentId === null ? {} : { [AGENT_HEADER]: agentId }),
  };
  for (const [name, value] of Object.entries(headers)) {
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value))
      throw new Failure("refused", `The header '${name}' of the MCP server '${server.name}' cannot be sent`);
  }
  const isCommand = server.transport === "stdio";
  return {
    organizationId,
    server,
    headers: isCommand ? {} : headers,
    env: isCommand ? filledRecord(env ?? {}, variables) : {},
    signIn: isCommand ? null : signIn,
  };
}
