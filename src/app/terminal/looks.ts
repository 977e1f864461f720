import { type Component, Container, Markdown, type MarkdownTheme, Spacer, Text } from "@earendil-works/pi-tui";
import type { Paint } from "../command/terminal-color.ts";
import { harmless } from "./table.ts";

/** How a piece of text looks. */
export type Look = "person" | "agent" | "thought" | "tool" | "note" | "error" | "plain";

/** What shows a piece, and how its text gets there. What agents and tools say must not steer the terminal. */
export function pieceOf(look: Look, paint: Paint): { readonly component: Component; set(text: string): void } {
  const box = new Container();
  box.addChild(new Spacer(GAPS[look]));
  if (look === "agent") {
    const markdown = new Markdown("", 0, 0, markdownTheme(paint));
    box.addChild(markdown);
    return { component: box, set: (text) => markdown.setText(harmless(text)) };
  }
  const plain = new Text("", 0, 0);
  box.addChild(plain);
  const dress = LOOKS[look];
  return { component: box, set: (text) => plain.setText(dress(harmless(text), paint)) };
}

/** Empty lines before a piece. */
const GAPS: Readonly<Record<Look, number>> = { person: 1, agent: 1, thought: 1, tool: 0, note: 1, error: 1, plain: 0 };

const LOOKS: Readonly<Record<Exclude<Look, "agent">, (text: string, paint: Paint) => string>> = {
  person: (text, paint) => lines(`> ${text}`, (line) => paint(36, line)),
  thought: (text, paint) => lines(text, (line) => paint(2, line)),
  tool: (text, paint) => lines(text, (line) => paint(2, line)),
  note: (text, paint) => lines(text, (line) => paint(2, line)),
  error: (text, paint) => lines(text, (line) => paint(31, line)),
  plain: (text) => text,
};

/** Each line by itself: a terminal that scrolls or wraps must not lose the colour. */
function lines(text: string, dress: (line: string) => string): string {
  return text.split("\n").map(dress).join("\n");
}

/** How the place to write looks. */
export function editorTheme(paint: Paint) {
  return {
    borderColor: (text: string) => paint(2, text),
    selectList: {
      selectedPrefix: (text: string) => paint(36, text),
      selectedText: (text: string) => paint(36, text),
      description: (text: string) => paint(2, text),
      scrollInfo: (text: string) => paint(2, text),
      noMatch: (text: string) => paint(2, text),
    },
  };
}

function markdownTheme(paint: Paint): MarkdownTheme {
  const as = (code: number) => (text: string) => paint(code, text);
  return {
    heading: as(1),
    link: as(4),
    linkUrl: as(2),
    code: as(33),
    codeBlock: as(33),
    codeBlockBorder: as(2),
    quote: as(3),
    quoteBorder: as(2),
    hr: as(2),
    listBullet: as(36),
    bold: as(1),
    italic: as(3),
    strikethrough: as(9),
    underline: as(4),
    codeBlockIndent: "  ",
  };
}
