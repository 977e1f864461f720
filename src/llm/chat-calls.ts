import type { LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { isRecord, parseJson } from "../core/json.ts";

/** Puts the pieces of tool calls together, as chat completions bring them. */
export interface ChatCalls {
  /** Takes one piece: an entry of `tool_calls`. */
  take(piece: unknown): void;
  /** Whether every call has a name and arguments that are whole JSON. */
  areWhole(): boolean;
  /** Ends all calls. */
  end(): void;
}

interface Call {
  /** Tells it from all others of the answer; the provider's own id where that does. */
  readonly key: string;
  readonly index: number | undefined;
  id: string | undefined;
  name: string | undefined;
  text: string;
  /** How much of the text was passed on. */
  told: number;
}

interface Piece {
  readonly index: number | undefined;
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly text: string;
}

/**
 * Calls whose parts go to `emit`. Servers leave out ids or indices, repeat names, give all calls one index, or write the
 * name last; what belongs together is told from whatever there is.
 */
export function createChatCalls(emit: (part: LanguageModelV4StreamPart) => void): ChatCalls {
  const calls: Call[] = [];
  const keys = new Set<string>();

  function begin({ index, id }: Piece): Call {
    const wanted = id ?? `call-${calls.length}`;
    const call: Call = {
      key: keys.has(wanted) ? `${wanted}-${calls.length}` : wanted,
      index,
      id,
      name: undefined,
      text: "",
      told: 0,
    };
    keys.add(call.key);
    calls.push(call);
    return call;
  }

  function tell(call: Call): void {
    if (call.name === undefined || call.told === call.text.length) return;
    emit({ type: "tool-input-delta", id: call.key, delta: call.text.slice(call.told) });
    call.told = call.text.length;
  }

  return {
    take(value) {
      const piece = pieceOf(value);
      if (piece === undefined) return;
      const known = knownCall(calls, piece);
      const call = known ?? begin(piece);
      call.id ??= piece.id;
      if (call.name === undefined && piece.name !== undefined) {
        call.name = piece.name;
        emit({ type: "tool-input-start", id: call.key, toolName: piece.name });
      }
      call.text += piece.text;
      tell(call);
    },
    areWhole: () => calls.every(({ name, text }) => name !== undefined && isWhole(text)),
    end() {
      for (const { key, name, text } of calls) {
        if (name === undefined) throw new Error("The answer holds a tool call without a name");
        emit({ type: "tool-call", toolCallId: key, toolName: name, input: text });
      }
    },
  };
}

/** The call that a piece goes on with; undefined when it begins one. */
function knownCall(calls: readonly Call[], { index, id, name, text }: Piece): Call | undefined {
  const sameId = id === undefined ? undefined : calls.find((call) => call.id === id);
  if (sameId !== undefined && (index === undefined || sameId.index === index)) return sameId;
  const last = index === undefined ? calls.at(-1) : calls.findLast((call) => call.index === index);
  if (last === undefined) return undefined;
  // An index or a place that is used again: another id, or a name after a call that was whole, begins another call.
  if (id !== undefined && last.id !== undefined && id !== last.id) return undefined;
  const mayBeginAnew = name !== undefined && text !== "" && last.name !== undefined && last.text.endsWith("}");
  return mayBeginAnew && isWhole(last.text) ? undefined : last;
}

function isWhole(text: string): boolean {
  return text.trim() === "" || parseJson(text) !== undefined;
}

function pieceOf(value: unknown): Piece | undefined {
  if (!isRecord(value)) return undefined;
  const called = isRecord(value["function"]) ? value["function"] : value;
  const { index } = value;
  return {
    index: typeof index === "number" ? index : undefined,
    id: wordOf(value["id"]),
    name: wordOf(called["name"]),
    text: argumentsText(called["arguments"]),
  };
}

/** Some servers repeat an empty id or name in every piece. */
function wordOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Local servers send arguments as the object that they parsed. */
function argumentsText(value: unknown): string {
  if (typeof value === "string") return value;
  return isRecord(value) ? JSON.stringify(value) : "";
}
