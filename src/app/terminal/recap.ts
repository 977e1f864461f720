import type { Look } from "./looks.ts";
import type { Screen } from "./screen.ts";
import { type AgentView, type MessageView, textOf } from "./shapes.ts";
import { oneLine } from "./table.ts";

/** Messages that are shown of an earlier talk, and characters of each. */
const SHOWN_MAX = 6;
const SHOWN_CHARS = 500;

/** Shows how the talk went so far, briefly. */
export function tellRecap(screen: Screen, agent: AgentView, messages: readonly MessageView[]): void {
  const said = messages.flatMap(saidIn);
  if (said.length === 0) {
    screen.add("note", `A talk with ${agent.name}. Write something; /help says what else there is.`);
    return;
  }
  const shown = said.slice(-SHOWN_MAX);
  const day = shown[0]?.day ?? "";
  screen.add(
    "note",
    `The talk with ${agent.name} so far${day === "" ? "" : `, from ${day}`}${said.length > SHOWN_MAX ? ", shortened" : ""}:`,
  );
  for (const { look, text } of shown) screen.add(look, text);
  screen.add("note", "───");
}

/** Words that a person or the agent said, shortened. */
function saidIn(message: MessageView): readonly { readonly look: Look; readonly text: string; readonly day: string }[] {
  const look = LOOKS[message.message_type];
  const text = textOf(message["content"]).trim();
  // Notices to the model, such as that of a login, are packed in JSON and no person's words.
  if (look === undefined || text === "" || text.startsWith('{"type":')) return [];
  const shown = text.length > SHOWN_CHARS ? `${oneLine(text.slice(0, SHOWN_CHARS))} …` : text;
  return [{ look, text: shown, day: textOf(message["date"]).slice(0, "2026-01-01".length) }];
}

const LOOKS: Readonly<Record<string, Look>> = { user_message: "person", assistant_message: "agent" };
