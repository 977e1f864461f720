import { nearest } from "../../core/nearest.ts";

/** A command that is written in a chat, after a slash. */
export interface Command {
  readonly name: string;
  /** What may follow it. */
  readonly hint: string;
  readonly summary: string;
}

/** The commands of a chat. */
export const COMMANDS = [
  { name: "help", hint: "", summary: "these commands and the keys" },
  { name: "model", hint: "[HANDLE]", summary: "the models there are, or another model for this agent" },
  { name: "agents", hint: "[AGENT]", summary: "the agents there are, or a talk with another one" },
  { name: "new", hint: "", summary: "begins a new conversation; the agent's memory stays" },
  { name: "memory", hint: "[WORDS]", summary: "what the agent knows, or what it remembers about some words" },
  { name: "blocks", hint: "[LABEL]", summary: "the agent's memory blocks, or one of them whole" },
  { name: "tools", hint: "", summary: "the agent's tools, and which of them ask first" },
  { name: "approve", hint: "[yes|no [WHY]]", summary: "answers what the agent asks for" },
  { name: "clear", hint: "", summary: "clears the screen; nothing is forgotten" },
  { name: "quit", hint: "", summary: "leaves" },
] as const satisfies readonly Command[];

/** The name of a command. */
export type CommandName = (typeof COMMANDS)[number]["name"];

/** Other words for commands. */
const ALIASES: Readonly<Record<string, CommandName>> = { exit: "quit", q: "quit", models: "model", agent: "agents" };

/** What a text means: words for the agent, a command, or a command that does not exist. */
export type Meaning =
  | { readonly type: "words"; readonly text: string }
  | { readonly type: "command"; readonly name: CommandName; readonly argument: string }
  | { readonly type: "unknown"; readonly sentence: string };

/** Reads what a person wrote. Two slashes at the start stand for one that is meant for the agent, as does a path. */
export function meaningOf(text: string): Meaning {
  if (text.startsWith("//")) return { type: "words", text: text.slice(1) };
  const match = /^\/([^\s/]*)(?:\s+([\s\S]*))?$/.exec(text);
  if (match === null) return { type: "words", text };
  const word = (match[1] ?? "").toLowerCase();
  const name = COMMANDS.find((command) => command.name === word)?.name ?? ALIASES[word];
  if (name !== undefined) return { type: "command", name, argument: (match[2] ?? "").trim() };
  const close = nearest(
    word,
    COMMANDS.map((command) => command.name),
  );
  const hint = close === undefined ? "" : `Did you mean /${close}? `;
  return { type: "unknown", sentence: `There is no command /${word}. ${hint}/help lists them.` };
}

/** The commands and keys, for a person. */
export function helpRows(): readonly (readonly string[])[] {
  return [...COMMANDS.map(({ name, hint, summary }) => [`/${name} ${hint}`.trim(), summary]), ...KEYS];
}

const KEYS = [
  ["Enter", "sends"],
  ["Ctrl-J, Alt-Enter or \\ Enter", "begins a new line"],
  ["Up, Down", "what was written before"],
  ["Tab", "completes a command"],
  ["Ctrl-C", "stops a reply; twice leaves"],
  ["Ctrl-D", "leaves"],
  ["//", "at the start sends a text that begins with /"],
];
