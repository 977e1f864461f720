import type { Actor, AgentId, RunId } from "../core/id.ts";
import type { ImageBytes } from "../core/image.ts";
import type { Json } from "../core/json.ts";
import type { Tool } from "./tool.ts";

/** The agent as a tool that runs outside may see it. */
export interface AgentView {
  readonly id: AgentId;
  readonly name: string;
  /** IANA time zone. */
  readonly timezone: string;
  /** Its memory as it was when the tool was called; blocks of the conversation's own stand in for the agent's. */
  readonly blocks: readonly { readonly label: string; readonly value: string; readonly limit: number }[];
}

/** The most that one call may take. */
export interface OutsideLimits {
  /** After this `signal` aborts. A while later the caller waits no longer, and tells the model that the outcome is unknown. */
  readonly timeoutMs: number;
  /** Characters of the answer, and of each of `stdout` and `stderr`, that a runtime keeps of what a tool writes. */
  readonly outputCharsMax: number;
}

/** One call of a tool whose code is not ours. */
export interface OutsideCall {
  readonly actor: Actor;
  /** The run whose model asked for it; null when somebody calls the tool by hand. */
  readonly runId: RunId | null;
  /** With `runId` it names the call: the same again when an idempotent tool is called once more after a crash. */
  readonly callId: string;
  /** Need not be stored: it may be what somebody tries out. */
  readonly tool: Tool;
  /** As the model wrote them, those that a rule prescribes in place of its own; not checked against the tool's schema. */
  readonly args: Readonly<Record<string, unknown>>;
  /** For whom it runs; null when it is for no agent. */
  readonly agent: AgentView | null;
  /**
   * Variables of the tool's environment: these and no others, least of all the server's own. Their names are whatever
   * somebody chose, those that loaders and interpreters listen to included: only the jailed process itself may get them.
   */
  readonly environment: Readonly<Record<string, string>>;
  /** Aborts when nobody waits for the answer any more: the run was cancelled, its agent deleted, or time is up. */
  readonly signal: AbortSignal;
  readonly limits: OutsideLimits;
  /** Whether whoever calls also wants what the tool returned as a value, and not as text alone. */
  readonly wantsValue?: boolean;
  /** Takes what a tool says of how far it is, for whoever watches; absent where nobody does. */
  readonly progress?: (text: string) => void;
}

/**
 * What came of a call. An error is an answer too: the model hears it. `unknown` is for a call that was cut off, by its
 * signal, its time limit, a process that died or a connection that broke: it may have taken effect, or not.
 */
export type OutsideAnswer =
  | {
      readonly status: "success" | "error";
      readonly text: string;
      readonly stdout: readonly string[];
      readonly stderr: readonly string[];
      /** New values of blocks of {@link AgentView}, by label, stored with the answer by the rules of the agent's own edits. */
      readonly blocks: Readonly<Record<string, string>>;
      /** Images that belong to the answer, shown behind its text. Those that no model takes are left out, with a word on it. */
      readonly images?: readonly ImageBytes[];
      /** What the code returned, where the call wants it and JSON can hold it as it is. */
      readonly value?: Json;
    }
  | { readonly status: "unknown"; readonly reason: string };

/** An answer of words alone. */
export function saying(text: string, status: "success" | "error" = "success"): OutsideAnswer {
  return { status, text, stdout: [], stderr: [], blocks: {} };
}

/** One place out of several: a tool runs in the first of them that runs it. */
export function firstOf(runtimes: readonly ToolRuntime[]): ToolRuntime {
  const runtimeOf = (tool: Tool) => runtimes.find((runtime) => runtime.runs(tool));
  return {
    runs: (tool) => runtimeOf(tool) !== undefined,
    call: (call) =>
      runtimeOf(call.tool)?.call(call) ??
      Promise.resolve({ status: "unknown", reason: "the place where it ran is there no more" }),
  };
}

/** Whether a tool runs outside, where there is a place for that at all. */
export function runsOutside(runtime: ToolRuntime | null, tool: Tool): boolean {
  return runtime?.runs(tool) === true;
}

/**
 * Where tools run whose code is not ours: jails, MCP servers, other agents. The server calls it outside of every
 * transaction, after the model's wish to call is on disk; at most once for a call, unless its tool says that it may be
 * repeated; and for several calls at once only where all of their tools allow it.
 */
export interface ToolRuntime {
  /** Whether it can run this tool. It may not wait for anything. */
  runs(tool: Tool): boolean;
  /**
   * Runs the tool. Never rejects, answers soon after `signal` aborts, and leaves nothing running of a call that it has
   * answered.
   */
  call(call: OutsideCall): Promise<OutsideAnswer>;
}
