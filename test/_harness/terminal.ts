import { SELKIE } from "./program.ts";

/** How long a test waits for something to appear. */
const WAIT_MS_MAX = 15_000;

/** The program in a pseudo-terminal, as a person sees and uses it. */
export interface TestTerminal {
  /** Everything shown so far, without colors and cursor movements. */
  text(): string;
  /** The same as it was written. */
  raw(): string;
  /** Waits until this is shown after what the last `until` found, and returns all that was shown in between. */
  until(shown: string | RegExp): Promise<string>;
  /** Presses keys. */
  press(keys: string): void;
  /** Pastes, as terminals do. */
  paste(text: string): void;
  resize(columns: number, rows: number): void;
  /** Closes the window. */
  close(): void;
  readonly exited: Promise<number>;
  kill(): void;
}

/** How a terminal is opened. */
export interface TestTerminalOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
  readonly command?: readonly string[];
}

/** Runs `selkie` with these arguments in a pseudo-terminal. */
export function openTerminal(
  args: readonly string[],
  { environment = {}, columns = 80, rows = 30, command }: TestTerminalOptions = {},
): TestTerminal {
  const decoder = new TextDecoder();
  let raw = "";
  let read = 0;
  const child = Bun.spawn([...(command ?? SELKIE), ...args], {
    env: { PATH: process.env["PATH"] ?? "", TERM: "xterm-256color", ...environment },
    terminal: {
      cols: columns,
      rows,
      data: (_, bytes) => {
        raw += decoder.decode(bytes, { stream: true });
      },
    },
  });
  const terminal = child.terminal;
  if (terminal === undefined) throw new Error("This Bun opens no pseudo-terminals");
  const text = () => plain(raw);

  async function until(shown: string | RegExp): Promise<string> {
    const deadline = performance.now() + WAIT_MS_MAX;
    for (;;) {
      const fresh = text().slice(read);
      const found = endOf(fresh, shown);
      if (found !== undefined) {
        read += found;
        return fresh.slice(0, found);
      }
      if (performance.now() > deadline) throw new Error(`Nothing like ${shown} was shown, but:\n${fresh}`);
      await Bun.sleep(20);
    }
  }

  return {
    text,
    raw: () => raw,
    until,
    press: (keys) => void terminal.write(keys),
    paste: (pasted) => void terminal.write(`\u001b[200~${pasted}\u001b[201~`),
    resize: (width, height) => terminal.resize(width, height),
    close: () => terminal.close(),
    exited: child.exited,
    kill: () => child.kill(9),
  };
}

function endOf(text: string, shown: string | RegExp): number | undefined {
  if (typeof shown === "string") return text.includes(shown) ? text.indexOf(shown) + shown.length : undefined;
  const match = shown.exec(text);
  return match === null ? undefined : match.index + match[0].length;
}

/** What is left of terminal output when everything but its text is taken away; what is drawn anew is a new line. */
function plain(raw: string): string {
  return Bun.stripANSI(raw).replaceAll(/\r\n?/g, "\n");
}
