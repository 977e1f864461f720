import { callLine, errorText } from "./call-text.ts";
import type { Look } from "./looks.ts";
import type { Piece, Screen } from "./screen.ts";
import { type Call, callsOf, joined, type MessageView, textOf } from "./shapes.ts";
import { oneLine } from "./table.ts";

/** Characters of a tool's answer that are shown. */
const RETURN_CHARS = 200;

/** Shows a reply as it comes, each message as a piece that grows. */
export function createReplyView(screen: Screen): (event: MessageView) => void {
  const pieces = new Map<string, { readonly piece: Piece; text: string }>();
  const calls = new Map<string, { readonly piece: Piece; call: Call }>();

  function grow(look: Look, event: MessageView, text: string): void {
    const key = `${event.message_type} ${String(event["otid"] ?? event["id"])}`;
    const known = pieces.get(key);
    // Signatures and the like come in events without words.
    if (known === undefined && text.trim() === "") return;
    if (known === undefined) {
      pieces.set(key, { piece: screen.add(look, text), text });
      return;
    }
    known.text += text;
    known.piece.set(known.text);
  }

  function showCall(added: Call, sign: string): void {
    const known = calls.get(added.id);
    const call = joined(known?.call, added);
    const line = `${sign} ${callLine(call)}`;
    if (known === undefined) calls.set(added.id, { piece: screen.add("tool", line), call });
    else {
      known.call = call;
      known.piece.set(line);
    }
  }

  function showReturn(event: MessageView): void {
    const many = event["tool_returns"];
    for (const answer of Array.isArray(many) ? many : [event]) {
      const known = calls.get(textOf(answer.tool_call_id));
      const failed = answer.status === "error";
      const said = oneLine(textOf(answer.tool_return));
      const tail = failed ? `: ${said.slice(0, RETURN_CHARS)}` : "";
      known?.piece.set(`${failed ? "✗" : "✓"} ${callLine(known.call)}${tail}`);
    }
  }

  return (event) => {
    switch (event.message_type) {
      case "assistant_message":
        return grow("agent", event, textOf(event["content"]));
      case "reasoning_message":
        return grow("thought", event, textOf(event["reasoning"]));
      case "tool_call_message":
        for (const call of callsOf(event)) showCall(call, "·");
        return;
      case "approval_request_message":
        for (const call of callsOf(event)) showCall(call, "?");
        return;
      case "tool_return_message":
        return showReturn(event);
      case "error_message":
        screen.add("error", errorText(event));
        return;
    }
  };
}
