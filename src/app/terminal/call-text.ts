import { isRecord, parseJson } from "../../core/json.ts";
import { type Call, type MessageView, textOf } from "./shapes.ts";
import { clipped, oneLine } from "./table.ts";

/** Columns of a tool call that are shown on its line. */
const CALL_COLUMNS = 160;
/** Characters of one argument that are shown to who must decide on it; more than this nobody reads. */
const ARGUMENT_CHARS_MAX = 4_000;

/** A tool call on one line. */
export function callLine(call: Call): string {
  return clipped(oneLine(`${call.name} ${call.arguments}`), CALL_COLUMNS);
}

/** A tool call with every argument on lines of its own, as it must be seen before it is allowed. */
export function callLines(call: Call): string {
  const parsed = parseJson(call.arguments);
  if (!isRecord(parsed)) return `${call.name}\n  ${call.arguments}`;
  const rows = Object.entries(parsed).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const shown =
      text.length > ARGUMENT_CHARS_MAX ? `${text.slice(0, ARGUMENT_CHARS_MAX)}... (${text.length} characters)` : text;
    return `  ${name}: ${shown.replaceAll("\n", "\n    ")}`;
  });
  return [call.name, ...rows].join("\n");
}

/** What went wrong, in words. */
export function errorText(message: MessageView): string {
  const [text, detail] = [textOf(message["message"]), textOf(message["detail"])];
  return text.includes(detail) ? text : `${text} (${detail})`;
}
