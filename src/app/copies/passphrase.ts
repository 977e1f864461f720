import { readFileSync } from "node:fs";
import { Failure } from "../../core/failure.ts";
import { inWords } from "../disk/in-words.ts";

/** Characters of a passphrase that are read. */
const CHARS_MAX = 1_000;
const [CTRL_C, BACKSPACE, DELETE] = ["\u0003", "\b", "\u007f"];

/** The first line of a file. */
export function passphraseIn(path: string): string {
  const [line = ""] = textOf(path).split(/\r?\n/);
  if (line === "") throw new Failure("refused", `--passphrase-file: the first line of ${path} is empty`);
  return line;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const said = inWords(error, () => path);
    throw said instanceof Failure
      ? new Failure(said.kind, `--passphrase-file: ${said.message}`, { cause: error })
      : said;
  }
}

/** Whether a person can be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Asks for a passphrase, which does not show as it is typed; empty where the person wants none. */
export async function askPassphrase(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.resume();
  try {
    return await typedLine();
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write("\n");
  }
}

function typedLine(): Promise<string> {
  const { stdin } = process;
  return new Promise((resolve, reject) => {
    let typed = "";
    const take = (bytes: Buffer) => {
      const keys = bytes.toString("utf8");
      const end = /[\r\n]/.exec(keys)?.index;
      typed = edited(typed, keys.slice(0, end));
      const isStopped = keys.includes(CTRL_C);
      if (end === undefined && !isStopped) return;
      stdin.off("data", take);
      if (isStopped) reject(new Failure("refused", "Stopped; nothing was written"));
      else resolve(typed);
    };
    stdin.on("data", take);
  });
}

/** What stands there after these keys. */
function edited(typed: string, keys: string): string {
  let text = typed;
  for (const key of keys) text = key === BACKSPACE || key === DELETE ? text.slice(0, -1) : text + key;
  return text.slice(0, CHARS_MAX);
}
