import {
  CombinedAutocompleteProvider,
  type Component,
  Container,
  Editor,
  Loader,
  matchesKey,
  ProcessTerminal,
  type SlashCommand,
  Spacer,
  Text,
  TruncatedText,
  TuiMainScreen,
} from "@earendil-works/pi-tui";
import type { Paint } from "../command/terminal-color.ts";
import { editorTheme, type Look, pieceOf } from "./looks.ts";
import { harmless } from "./table.ts";

/** Pieces of a talk that are drawn anew when the terminal changes its size; older ones are let go. */
const PIECES_MAX = 1_000;
/** How many are let go at once: everything is drawn anew each time. */
const PIECES_LET_GO = 200;
/** Commands that the menu shows at a time. */
const MENU_ROWS = 8;
/** Signals that end a chat as leaving it does. */
const SIGNALS = ["SIGTERM", "SIGHUP"] as const;

/** A piece of text on the screen that can still change. */
export interface Piece {
  /** Shows this text instead. */
  set(text: string): void;
}

/** What a person does at the keyboard. */
export interface ScreenEvents {
  readonly onText: (text: string) => void;
  /** Ctrl-C. */
  readonly onStop: () => void;
  /** Ctrl-D where nothing is written, a closed terminal, or a signal to end. */
  readonly onLeave: () => void;
}

/** The terminal: a talk that grows, what goes on at the moment, and a place to write. */
export interface Screen {
  /** Shows one more piece below all others. */
  add(look: Look, text: string): Piece;
  /** Says what goes on, with a sign that moves; nothing when null. */
  working(text: string | null): void;
  /** The line below the place to write. */
  footer(text: string): void;
  /** Asks for one of these keys; null when the person stops the question. */
  key(question: string, keys: readonly string[]): Promise<string | null>;
  /** Asks for a line, which may be empty; null when the person stops the question. */
  line(question: string): Promise<string | null>;
  /** What is written and not sent. */
  draft(): string;
  /** Puts a text where the person writes. */
  setDraft(text: string): void;
  /** Has a text come back when the person goes through what they sent. */
  remember(text: string): void;
  /** Takes all pieces off the screen. */
  clear(): void;
  /** Gives the terminal back; nothing may be shown after that. */
  close(): void;
}

/** What the screen is made of. */
export interface ScreenOptions extends ScreenEvents {
  readonly commands: SlashCommand[];
  readonly paint: Paint;
}

/** A question that waits for the keyboard: for one of some keys, or for a line. */
interface Question {
  readonly keys: readonly string[] | null;
  readonly answer: (text: string | null) => void;
}

/** Takes over the terminal until it is closed. */
export function openScreen(options: ScreenOptions): Screen {
  return new MainScreen(options);
}

class MainScreen implements Screen {
  readonly #options: ScreenOptions;
  readonly #tui = new TuiMainScreen(new ProcessTerminal(), true);
  readonly #talk = new Container();
  readonly #status = new Container();
  readonly #footer = new Container();
  readonly #editor: Editor;
  readonly #leave: () => void;
  #loader: Loader | undefined;
  #question: Question | undefined;

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#leave = () => options.onLeave();
    this.#editor = new Editor(this.#tui, editorTheme(options.paint), { autocompleteMaxVisible: MENU_ROWS });
    this.#editor.setAutocompleteProvider(commandMenu(options.commands));
    this.#editor.onSubmit = (text) => {
      if (this.#question !== undefined) this.#question.answer(text);
      else if (text !== "") options.onText(text);
    };
    for (const part of [this.#talk, new Spacer(1), this.#status, this.#editor, this.#footer]) this.#tui.addChild(part);
    this.#tui.addInputListener((data) => (this.#takesKey(data) ? { consume: true } : undefined));
    this.#tui.setFocus(this.#editor);
    this.#tui.start();
    process.stdin.once("end", this.#leave);
    for (const signal of SIGNALS) process.once(signal, this.#leave);
  }

  add(look: Look, text: string): Piece {
    const { children } = this.#talk;
    if (children.length >= PIECES_MAX) for (const old of children.slice(0, PIECES_LET_GO)) this.#talk.removeChild(old);
    const { component, set } = pieceOf(look, this.#options.paint);
    this.#talk.addChild(component);
    const show = (changed: string) => {
      set(changed);
      this.#tui.requestRender();
    };
    show(text);
    return { set: show };
  }

  working(text: string | null): void {
    if (this.#question !== undefined) return;
    const { paint } = this.#options;
    const sign = (frame: string) => paint(36, frame);
    this.#show(text === null ? undefined : new Loader(this.#tui, sign, (words) => paint(2, words), harmless(text)));
  }

  footer(text: string): void {
    this.#footer.clear();
    this.#footer.addChild(new TruncatedText(this.#options.paint(2, harmless(text)), 0, 0));
    this.#tui.requestRender();
  }

  key(question: string, keys: readonly string[]): Promise<string | null> {
    return this.#ask(question, keys);
  }

  line(question: string): Promise<string | null> {
    return this.#ask(question, null);
  }

  draft(): string {
    return this.#editor.getExpandedText();
  }

  setDraft(text: string): void {
    this.#editor.setText(text);
    this.#tui.requestRender();
  }

  remember(text: string): void {
    this.#editor.addToHistory(text);
  }

  clear(): void {
    this.#talk.clear();
    this.#tui.requestRender(true);
  }

  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.#leave);
    process.stdin.off("end", this.#leave);
    this.#show(undefined);
    this.#footer.clear();
    this.#tui.removeChild(this.#editor);
    this.#tui.renderNow();
    this.#tui.stop();
  }

  #ask(text: string, keys: readonly string[] | null): Promise<string | null> {
    this.#show(new Text(this.#options.paint(33, harmless(text)), 0, 0));
    return new Promise((resolve) => {
      this.#question = {
        keys,
        answer: (reply) => {
          this.#question = undefined;
          this.#show(undefined);
          resolve(reply);
        },
      };
    });
  }

  /** Shows what goes on above the place to write. */
  #show(part: Component | undefined): void {
    this.#loader?.stop();
    this.#loader = part instanceof Loader ? part : undefined;
    this.#status.clear();
    if (part !== undefined) this.#status.addChild(part);
    this.#tui.requestRender();
  }

  /** Whether a key is one of the chat's own, and not for the place to write. */
  #takesKey(data: string): boolean {
    if (matchesKey(data, "ctrl+c")) {
      if (this.#question === undefined) this.#options.onStop();
      else this.#question.answer(null);
      return true;
    }
    if (matchesKey(data, "ctrl+d") && this.#editor.getText() === "") {
      this.#leave();
      return true;
    }
    if (matchesKey(data, "ctrl+z")) {
      suspend(this.#tui);
      return true;
    }
    return this.#question !== undefined && answersQuestion(this.#question, data);
  }
}

/** Whether a key belongs to the question: one of its answers, or any key where only those count. */
function answersQuestion({ keys, answer }: Question, data: string): boolean {
  const pressed = keys?.find((key) => data.toLowerCase() === key);
  if (pressed !== undefined) answer(pressed);
  else if (matchesKey(data, "escape")) answer(null);
  else return keys !== null;
  return true;
}

/** Offers the commands after a slash. Files are not offered, so it looks in no folder. */
function commandMenu(commands: SlashCommand[]): CombinedAutocompleteProvider {
  return new CombinedAutocompleteProvider(commands, "");
}

/** Gives the terminal back to the shell until the person returns. */
function suspend(tui: TuiMainScreen): void {
  if (process.platform === "win32") return;
  tui.stop();
  process.once("SIGCONT", () => {
    tui.start();
    tui.requestRender(true);
  });
  process.kill(process.pid, "SIGTSTP");
}
