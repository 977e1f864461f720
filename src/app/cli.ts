import { parseArgs } from "node:util";
import { Failure } from "../core/failure.ts";
import { chat } from "./chat.ts";
import { doctor } from "./doctor.ts";
import { serve } from "./serve.ts";
import { type Environment, PORT_DEFAULT, readSettings } from "./settings.ts";
import { VERSION } from "./version.ts";

const HELP = `selkie ${VERSION}: a server for agents that remember

Usage
  selkie serve [options]          listen for Letta's clients (what "selkie" alone does)
  selkie chat [AGENT] [options]   talk to an agent here; makes one when there is none
  selkie doctor [options]         what is configured, which models answer, whether the data is sound

Options
  --host HOST      address to listen on (127.0.0.1)            SELKIE_HOST
  --port PORT      port to listen on (${PORT_DEFAULT})                     SELKIE_PORT
  --data DIR       where data is kept                          SELKIE_DATA
  --config FILE    YAML file with the same settings            SELKIE_CONFIG
  --insecure       listen beyond this machine without a key    SELKIE_INSECURE
  --model HANDLE   model of an agent that "chat" makes         SELKIE_MODEL
  --version, -v    print the version
  --help, -h       print this

  SELKIE_EMBEDDING embedding model of agents that name none, such as openai/text-embedding-3-small;
                   without one, memories are found by their words
  SELKIE_LOG_LEVEL silent, error, warn, info or debug: what the server says of its work (info)
  SELKIE_API_KEY   the key that clients must send; needed to listen beyond this machine
  OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY, OLLAMA_BASE_URL and so on name the models;
  without any, the built-in selkie/rehearsal shows how memory works.
`;

/** Runs one command line and returns its exit code. */
export async function runCommand(args: readonly string[], environment: Environment): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help === true) return print(HELP);
  if (values.version === true) return print(`selkie ${VERSION}\n`);
  const [command = "serve", ...rest] = positionals;
  const settings = readSettings(values, environment);
  switch (command) {
    case "serve":
      expectNothing(command, rest);
      await serve(settings);
      return 0;
    case "doctor":
      expectNothing(command, rest);
      return doctor(settings);
    case "chat":
      expectNothing(command, rest.slice(1));
      return chat(settings, { agent: rest[0], model: values.model ?? settings.environment["SELKIE_MODEL"] });
    default:
      throw new Failure("refused", `There is no command '${command}'. Try: serve, chat, doctor, --help`);
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        host: { type: "string" },
        port: { type: "string" },
        data: { type: "string" },
        config: { type: "string" },
        model: { type: "string" },
        insecure: { type: "boolean" },
        version: { type: "boolean", short: "v" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    // What follows the first sentence is advice for programmers.
    const [reason = ""] = (error instanceof Error ? error.message : String(error)).split(/\.\s/);
    throw new Failure("refused", `${reason}. See selkie --help`, { cause: error });
  }
}

function expectNothing(command: string, rest: readonly string[]): void {
  if (rest.length > 0)
    throw new Failure("refused", `'selkie ${command}' does not take '${rest.join(" ")}'. See selkie --help`);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
