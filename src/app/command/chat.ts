import { readFileSync } from "node:fs";
import { Failure } from "../../core/failure.ts";
import { entryUrl } from "../entries.ts";
import { type AgentChoice, chooseAgent } from "../terminal/agents.ts";
import { connect } from "../terminal/connection.ts";
import { converse } from "../terminal/interactive.ts";
import { askOnce } from "../terminal/one-shot.ts";
import type { Settings } from "./settings.ts";
import { painter } from "./terminal-color.ts";

/** Characters of a question, which may be a whole file; what a model can read is far less. */
const QUESTION_CHARS_MAX = 2_000_000;

/** What the command line says of a chat. */
export interface ChatOptions extends AgentChoice {
  /** Asked once, its answer written, and that is all. */
  readonly question: string | undefined;
  readonly asJson: boolean;
}

/** `selkie chat`: a talk in the terminal, or one question and its answer. */
export async function chat(settings: Settings, options: ChatOptions): Promise<number> {
  const question = questionOf(options.question);
  if (question === undefined && !isTerminal()) throw new Failure("refused", NO_TERMINAL);
  if (question === undefined && options.asJson)
    throw new Failure("refused", '--json needs a question: selkie chat AGENT "question" --json');
  const connection = await connect(settings, { recovers: true });
  try {
    const notes = [...connection.notes];
    const agent = await chooseAgent(connection, { settings, choice: options }, (sentence) => notes.push(sentence));
    const paint = painter();
    if (question === undefined) {
      const { openScreen } = await loadScreen();
      await converse({ connection, settings, agent, paint, notes, openScreen });
      return 0;
    }
    for (const note of notes) process.stderr.write(`${note}\n`);
    return await askOnce({ connection, agent, question, asJson: options.asJson, paint });
  } finally {
    await connection.close();
  }
}

/**
 * What draws in a terminal, loaded where somebody chats and nowhere else: no other command waits for it. The name is put
 * together so that the executable holds it as a module of its own; part of the program, it would cost every start.
 */
async function loadScreen(): Promise<typeof import("../terminal/screen.ts")> {
  return import(entryUrl("terminal/screen").href);
}

const NO_TERMINAL =
  'A chat needs a terminal. To ask one thing without one: selkie chat AGENT "question", or the question on standard input';

/** Whether a person can write and see a chat here. */
function isTerminal(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true && process.env["TERM"] !== "dumb";
}

/** The question of the command line, with what standard input holds behind it. */
function questionOf(asked: string | undefined): string | undefined {
  const piped = process.stdin.isTTY === true ? "" : readInput().trim();
  const question = [asked?.trim() ?? "", piped].filter((part) => part !== "").join("\n\n");
  if (question.length > QUESTION_CHARS_MAX)
    throw new Failure(
      "too_large",
      `The question has ${question.length} characters; ${QUESTION_CHARS_MAX} are the most`,
    );
  if (question !== "") return question;
  if (asked !== undefined) throw new Failure("refused", "The question is empty");
  return undefined;
}

/** Standard input to its end; a closed one holds nothing. */
function readInput(): string {
  try {
    return readFileSync(0, "utf8");
  } catch {
    return "";
  }
}
