import type { z } from "zod";
import type { Clock, Instant } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import type { AgentId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import type { Random } from "../core/random.ts";
import type { Passage, PassageFilter, PassageStore } from "../umi/archive/passage.ts";
import type { BlockStore } from "../umi/core/block-store.ts";
import type { CoreMemory } from "../umi/core/core-blocks.ts";
import type { FileShelf } from "./files/shelf.ts";
import type { ToolType } from "./tool.ts";

/** What `conversation_search` may ask of the agent's past messages. Dates are inclusive. */
export interface ConversationQuery {
  readonly text: string | null;
  readonly roles: readonly ("assistant" | "user" | "tool")[] | null;
  readonly limit: number;
  readonly start: Instant | null;
  readonly end: Instant | null;
}

/** One past message that a search found, newest first. */
export interface ConversationHit {
  readonly createdAt: Instant;
  readonly role: string;
  readonly text: string;
}

/** Lines by their numbers, and the agent whose context they left. */
export interface LeavingLines {
  readonly agentId: AgentId;
  readonly agentName: string;
  readonly lines: ReadonlyMap<number, string>;
}

/** All that a built-in tool may touch. One that needs more asks for it here, never by import. */
export interface ToolContext {
  readonly agentId: AgentId;
  readonly agentName: string;
  /** IANA time zone that dates are shown in. */
  readonly timezone: string;
  readonly userId: string;
  /** The stores see the turn's own transaction: what a tool writes is kept if, and only if, its answer is. */
  readonly blocks: Pick<BlockStore, "agentsOf" | "findForAgent">;
  /** The agent's own blocks of those, as this conversation has them. */
  readonly core: CoreMemory;
  readonly passages: PassageStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Passages of the agent's archive, best first; none when it has no archive. */
  searchPassages(query: string, filter: PassageFilter, limit: number): Promise<readonly Passage[]>;
  /** What the person said last in the conversation at hand; empty where nobody has said anything. */
  lastSaid(): Promise<string>;
  /** The lines that the run was told of as leaving the context of the agent whose memory it looks after; null where there are none. */
  leaving(): Promise<LeavingLines | null>;
  /** The files of the folders that the agent has. */
  readonly files: FileShelf;
  searchConversation(query: ConversationQuery): Promise<readonly ConversationHit[]>;
}

/**
 * What the model is told. A failed call is an answer too, so that the model can recover from it.
 * `message` is text, or an object that is kept as JSON, as Letta does with dictionaries.
 */
export type ToolResult =
  | { readonly ok: true; readonly message: string | JsonObject; readonly promptChanged: boolean }
  | { readonly ok: false; readonly message: string };

/** What is told of a tool that ships with the server. */
export interface ShippedTool {
  readonly name: string;
  readonly toolType: ToolType;
  /** What the model reads, with a summary line first. */
  readonly description: string;
  /** JSON Schema of the arguments, as the model and the API see it. */
  readonly parameters: JsonObject;
  /** What its row says in `enable_parallel_execution`. Those that run in a transaction run one after the other all the same. */
  readonly enableParallelExecution: boolean;
}

/** A tool that ships with the server and does its work in the transaction of the step. */
export interface BuiltinTool extends ShippedTool {
  /** Never cut its answer to the tool's return limit. */
  readonly unlimited: boolean;
  call(args: Readonly<Record<string, unknown>>, context: ToolContext): Promise<ToolResult>;
}

/**
 * A tool that ships with the server and reaches outside: it runs in no transaction, through a runtime like the tools whose
 * code is not ours. See `outside-builtin.ts` for how it does its work.
 */
export interface OutsideBuiltin extends ShippedTool {
  /** Whether a call may be made again, under the same id, when nobody knows what came of it. */
  readonly isIdempotent: boolean;
  /** How long a call may take; as long as any when absent. */
  readonly timeoutMs?: number;
  /** Why it cannot run where no runtime runs it, as its answer says then. */
  readonly why: string;
}

/** Whether a shipped tool runs outside. */
export function isOutside(tool: BuiltinTool | OutsideBuiltin): tool is OutsideBuiltin {
  return "isIdempotent" in tool;
}

/** What {@link defineTool} needs. `run` returns the answer, or throws a {@link Failure} that the model should hear. */
export interface BuiltinDefinition<A> {
  readonly name: string;
  readonly toolType: ToolType;
  readonly description: string;
  readonly parameters: JsonObject;
  readonly arguments: z.ZodType<A>;
  readonly enableParallelExecution?: boolean;
  readonly unlimited?: boolean;
  /** Set by tools after which the system prompt must be compiled again. */
  readonly changesPrompt?: boolean;
  run(args: A, context: ToolContext): Promise<string | JsonObject>;
}

/** Makes a {@link BuiltinTool} that checks its arguments first and turns a {@link Failure} into an answer. */
export function defineTool<A>(definition: BuiltinDefinition<A>): BuiltinTool {
  return {
    name: definition.name,
    toolType: definition.toolType,
    description: definition.description,
    parameters: definition.parameters,
    enableParallelExecution: definition.enableParallelExecution ?? false,
    unlimited: definition.unlimited ?? false,
    async call(args, context) {
      try {
        const message = await definition.run(checkedArguments(definition.name, definition.arguments, args), context);
        return { ok: true, message, promptChanged: definition.changesPrompt ?? false };
      } catch (error) {
        return { ok: false, message: heardOf(error) };
      }
    },
  };
}

/** The arguments of a call of the tool of that name, or an `invalid` Failure that says what is wrong with them. */
export function checkedArguments<A>(name: string, schema: z.ZodType<A>, args: unknown): A {
  const parsed = schema.safeParse(args);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => `${issue.path.join(".") || "arguments"}: ${issue.message}`);
  throw new Failure("invalid", `Invalid arguments for ${name}: ${issues.join("; ")}`);
}

/**
 * What the model hears of a {@link Failure}; anything else is thrown on. The model can do nothing about a disk that fails,
 * and the transaction in which it does cannot go on.
 */
export function heardOf(error: unknown): string {
  if (!(error instanceof Failure) || error.kind === "unreadable" || error.kind === "damaged") throw error;
  return error.message;
}

/** A JSON Schema object for tool parameters, its keys in Letta's order. */
export function objectSchema(properties: JsonObject, required: readonly string[]): JsonObject {
  return { type: "object", properties, required };
}
