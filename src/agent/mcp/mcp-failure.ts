import { Failure } from "../../core/failure.ts";

/** What a server says of how somebody has to sign in. */
export interface McpChallenge {
  /** Where it is told who lets people in. */
  readonly metadataUrl?: string;
  /** What must be allowed to whoever signs in, by words with spaces between. */
  readonly scope?: string;
}

/** A server that wants to know who asks, or wants more to be allowed to them. */
export class McpUnauthorized extends Failure {
  override readonly name = "McpUnauthorized";
  readonly challenge: McpChallenge;

  constructor(serverName: string, challenge: McpChallenge, options?: ErrorOptions) {
    super("refused", `The MCP server '${serverName}' wants somebody to sign in first`, options);
    this.challenge = challenge;
  }
}

/** A call of which nobody knows whether it took effect. */
export class McpCutOff extends Failure {
  override readonly name = "McpCutOff";
}
