import { Failure } from "../../core/failure.ts";
import { parseJson } from "../../core/json.ts";

/** A command that may be run, and what its arguments must begin with. */
export interface AllowedCommand {
  readonly command: string;
  readonly args: readonly string[];
}

const SHOWN_CHARS_MAX = 200;

/**
 * Reads what commands the machine's owner allows: a JSON list of lists of words, each the command and the arguments that
 * it must be given: `[["npx", "-y", "@modelcontextprotocol/server-filesystem", "/srv/files"]]`. An entry stands for exactly
 * these words; `"..."` as its last word lets any arguments follow. Throws a `refused` Failure for anything else.
 */
export function readCommands(text: string): readonly AllowedCommand[] {
  const parsed = parseJson(text);
  const isList = Array.isArray(parsed) && parsed.every((entry) => Array.isArray(entry) && entry.length > 0);
  if (!isList)
    throw new Failure("refused", `SELKIE_MCP_COMMANDS must be a JSON list of commands, as [["uvx","mcp-server-time"]]`);
  return parsed.map((entry) => {
    const [command, ...args] = Array.isArray(entry) ? entry : [];
    const words = args.filter((word) => typeof word === "string");
    if (typeof command !== "string" || command === "" || words.length !== args.length)
      throw new Failure(
        "refused",
        "A command of SELKIE_MCP_COMMANDS is a list of words, of which the first is the program",
      );
    return { command, args: words };
  });
}

/** What stands at the end of an entry after which any arguments may follow. */
const ANY = "...";

/** Throws a `refused` Failure unless the machine's owner listed this command with these arguments. */
export function checkListed(allowed: readonly AllowedCommand[], command: string, args: readonly string[]): void {
  if (allowed.some((one) => one.command === command && fits(one.args, args))) return;
  const shown = JSON.stringify([command, ...args]).slice(0, SHOWN_CHARS_MAX);
  throw new Failure(
    "refused",
    `The command ${shown} is not among those that this server may run; its owner can list it in SELKIE_MCP_COMMANDS`,
  );
}

function fits(listed: readonly string[], args: readonly string[]): boolean {
  const isOpen = listed.at(-1) === ANY;
  const words = isOpen ? listed.slice(0, -1) : listed;
  const isLongEnough = isOpen ? args.length >= words.length : args.length === words.length;
  return isLongEnough && words.every((word, index) => args[index] === word);
}
