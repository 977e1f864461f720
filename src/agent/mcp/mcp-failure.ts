import { Failure } from "../../core/failure.ts";

/** A server that wants to know who asks. */
export class McpUnauthorized extends Failure {
  override readonly name = "McpUnauthorized";

  constructor(serverName: string, options?: ErrorOptions) {
    super("refused", `The MCP server '${serverName}' wants somebody to sign in first`, options);
  }
}

/** A call of which nobody knows whether it took effect. */
export class McpCutOff extends Failure {
  override readonly name = "McpCutOff";
}
