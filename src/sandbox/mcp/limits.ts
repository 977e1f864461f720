/** How long each kind of request to an MCP server may take, in milliseconds. Letta's numbers, and its names for them. */
export interface McpTimes {
  readonly connectMs: number;
  readonly listMs: number;
  /** Without a sign of progress; with one it begins anew. */
  readonly executeMs: number;
  /** How long a server that says that its tools have changed may change more before it is asked. Ours: Letta does not listen. */
  readonly settleMs: number;
}

/** Letta's {@link McpTimes}, as far as it has them. */
export const MCP_TIMES: McpTimes = { connectMs: 30_000, listMs: 30_000, executeMs: 60_000, settleMs: 2_000 };
/** How long one call may take in all, whatever progress it shows. */
export const CALL_MS_MAX = 10 * 60_000;

/** Connections that are open at once: of all organisations, and of one. */
export const CONNECTIONS_MAX = 500;
export const CONNECTIONS_OF_ONE_MAX = 100;
/** After so long without a call a connection is closed. */
export const IDLE_MS = 5 * 60_000;
/** How long it is waited for a server to take leave. */
export const LEAVE_MS = 2_000;

/** Bytes of one answer over HTTP; of a stream, before it is read anew. Also of one line of a command. */
export const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
/** Characters of what a call answers that are kept. */
export const TEXT_CHARS_MAX = 1_000_000;
/** Images of one answer that are kept. */
export const IMAGES_MAX = 20;
/** Pages of a list of tools that are read. */
export const LIST_PAGES_MAX = 50;
/** Characters of what a command says of itself that a failure repeats. */
export const STDERR_CHARS_MAX = 2_000;
