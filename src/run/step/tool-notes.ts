import type { Note } from "../../agent/events.ts";
import type { ToolCall } from "../../llm/model.ts";
import type { Turn } from "./turn-state.ts";

/** A call that begins, and the moment of it. */
export interface BegunCall {
  readonly note: Note & { readonly kind: "tool.started" };
  readonly ms: number;
}

/** What is told of a call that begins now. */
export function startOf({ clock }: Pick<Turn, "clock">, { id: call, name }: ToolCall): BegunCall {
  return { note: { kind: "tool.started", call, name, at: clock.now() }, ms: clock.elapsedMs() };
}

/** What is told of a call that ends now. */
export function endNote({ clock }: Pick<Turn, "clock">, { note, ms }: BegunCall, ok: boolean): Note {
  return { kind: "tool.ended", call: note.call, ok, ms: clock.elapsedMs() - ms, at: clock.now() };
}
