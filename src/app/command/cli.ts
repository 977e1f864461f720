import { parseArgs } from "node:util";
import { Failure } from "../../core/failure.ts";
import { nearest } from "../../core/nearest.ts";
import { backupCommand } from "../copies/backup-command.ts";
import { repairCommand } from "../copies/repair-command.ts";
import { restoreCommand } from "../copies/restore-command.ts";
import { settleFolder } from "../disk/arriving.ts";
import { inWords } from "../disk/in-words.ts";
import { eraseCommand } from "../people/erase.ts";
import { PEOPLE, people } from "../people/people-command.ts";
import { serve } from "../serving/serve.ts";
import { LISTS, list } from "../terminal/list-command.ts";
import { VERSION } from "../version.ts";
import { chat } from "./chat.ts";
import { doctor } from "./doctor.ts";
import { COMMAND_HELP, HELP } from "./help.ts";
import { pluginCommand } from "./plugin-command.ts";
import { scheduleCommand } from "./schedule-command.ts";
import { type Environment, readSettings, type Settings } from "./settings.ts";

const NARROWING = ["scopes", "agents", "models", "identity"];

/** Options that are settings, or ask for no command: every command takes them. */
const COMMON: readonly string[] = ["host", "port", "url", "data", "config", "insecure", "version", "help"];

/** Agents that one command line may name. */
const NAMES_MAX = 1_000;

/** What each command takes besides settings: how many names, and which options. */
const COMMANDS: Readonly<Record<string, { readonly names: number; readonly options: readonly string[] }>> = {
  serve: { names: 0, options: [] },
  chat: { names: 2, options: ["model", "json"] },
  erase: { names: 0, options: ["identity", "dry-run", "json"] },
  doctor: { names: 0, options: ["repair", "force", "json"] },
  import: { names: 0, options: ["from", "format", "agent", "model", "learn", "dry-run", "json"] },
  backup: { names: 1, options: ["force", "passphrase-file", "json"] },
  restore: { names: 1, options: ["force", "passphrase-file", "json"] },
  apply: { names: 1, options: ["dry-run", "prune", "renew-secrets", "json"] },
  export: { names: NAMES_MAX, options: ["as"] },
  agents: { names: 1, options: ["json", "limit"] },
  models: { names: 1, options: ["json", "limit"] },
  blocks: { names: 2, options: ["json", "limit"] },
  memory: { names: 2, options: ["json", "limit"] },
  secrets: { names: 1, options: ["json"] },
  plugin: { names: 2, options: ["json", "limit", "grants", "folder", "remove-vanished"] },
  schedule: { names: 3, options: ["json", "limit", "cron", "at", "timezone"] },
  org: { names: 3, options: ["json", "limit"] },
  user: {
    names: 3,
    options: ["json", "limit", "org", "role", "email", "service", "password", ...NARROWING],
  },
  key: {
    names: 2,
    options: ["json", "limit", "org", "role", "user", "name", "expires", "overlap", ...NARROWING],
  },
};

/** Runs one command line and returns its exit code. */
export async function runCommand(args: readonly string[], environment: Environment): Promise<number> {
  try {
    return await obeyed(args, environment);
  } catch (error) {
    throw inWords(error);
  }
}

async function obeyed(args: readonly string[], environment: Environment): Promise<number> {
  const { values, positionals } = parse(args);
  const [command = "serve", ...names] = positionals;
  // As options or, as many are used to, as words.
  const asked = command === "help" ? names[0] : positionals[0];
  if (values.help === true || command === "help") return print(COMMAND_HELP[asked ?? ""] ?? HELP);
  if (values.version === true || command === "version") return print(`selkie ${VERSION}\n`);
  checkUse(command, names, values);
  return run({ command, names, values, settings: readSettings(values, environment) });
}

/** A command line that was read, and may be carried out. */
interface Invocation {
  readonly command: string;
  readonly names: readonly string[];
  readonly values: ReturnType<typeof parse>["values"];
  readonly settings: Settings;
}

async function run({ command, names, values, settings }: Invocation): Promise<number> {
  settleFolder(settings.dataDirectory);
  if (command === "serve") return serving(settings);
  const asJson = values.json === true;
  if (command === "doctor") return examine(settings, values);
  if (command === "import") {
    const { from, format, agent, model } = values;
    if (from === undefined) throw new Failure("refused", "--from names the file to import. See selkie import --help");
    const isDryRun = values["dry-run"] === true;
    const { importCommand } = await import("../transfer/import-command.ts");
    return importCommand(settings, { from, format, agent, model, learns: values.learn === true, isDryRun, asJson });
  }
  if (command === "backup" || command === "restore") return copying({ command, names, values, settings });
  if (command === "apply") return applying({ command, names, values, settings });
  if (command === "export")
    return (await import("../declared/export-command.ts")).exportCommand(settings, names, values.as);
  if (command === "erase") return erasing({ command, names, values, settings });
  if (command === "chat") {
    const [agent, question] = names;
    const { model } = values;
    return chat(settings, { agent, question, model, firstModel: settings.environment["SELKIE_MODEL"], asJson });
  }
  if (command === "plugin")
    return pluginCommand(settings, {
      names,
      grants: values.grants,
      folder: values.folder,
      removesVanished: values["remove-vanished"] === true,
      asJson,
      limit: values.limit,
    });
  if (command === "schedule") {
    const { cron, at, timezone, limit } = values;
    return scheduleCommand(settings, { names, cron, at, timezone, asJson, limit });
  }
  const kind = PEOPLE.find((name) => name === command);
  if (kind !== undefined) return people(settings, { what: kind, names, options: values, asJson, limit: values.limit });
  const what = LISTS.find((name) => name === command);
  if (what === undefined) throw unknownCommand(command);
  return list(settings, { what, names, asJson, limit: values.limit });
}

function erasing({ values, settings }: Invocation): Promise<number> {
  const { identity, json } = values;
  if (identity === undefined) throw new Failure("refused", "--identity names whom to erase. See selkie erase --help");
  return eraseCommand(settings, { id: identity, isTrial: values["dry-run"] === true, asJson: json === true });
}

function examine(settings: Settings, { repair, force, json }: Invocation["values"]): Promise<number> {
  if (repair === true) return repairCommand(settings, { isForced: force === true, asJson: json === true });
  if (force === true || json === true)
    throw new Failure("refused", "--force and --json go with --repair. See selkie doctor --help");
  return doctor(settings);
}

function copying({ command, names, values, settings }: Invocation): Promise<number> {
  const [file] = names;
  if (file === undefined)
    throw new Failure("refused", `'selkie ${command}' takes the file of the backup. See selkie ${command} --help`);
  const does = command === "backup" ? backupCommand : restoreCommand;
  const { "passphrase-file": passphraseFile, force, json } = values;
  return does(settings, { file, passphraseFile, isForced: force === true, asJson: json === true });
}

async function applying({ names, values, settings }: Invocation): Promise<number> {
  const [path] = names;
  if (path === undefined)
    throw new Failure("refused", "The file that says what agents there are is missing. See selkie apply --help");
  const { applyCommand } = await import("../declared/apply-command.ts");
  return applyCommand(settings, {
    path,
    isDryRun: values["dry-run"] === true,
    prunes: values.prune === true,
    renewsSecrets: values["renew-secrets"] === true,
    asJson: values.json === true,
  });
}

async function serving(settings: Settings): Promise<number> {
  const agents = settings.environment["SELKIE_AGENTS"];
  if (agents !== undefined) await (await import("../declared/apply-command.ts")).applyBeforeStart(settings, agents);
  await serve(settings);
  return 0;
}

/** Refuses what the command would pass over. */
function checkUse(command: string, names: readonly string[], values: Invocation["values"]): void {
  const takes = COMMANDS[command];
  if (takes === undefined) throw unknownCommand(command);
  const foreign = Object.keys(values).find((option) => !COMMON.includes(option) && !takes.options.includes(option));
  const rest = [...names.slice(takes.names), ...(foreign === undefined ? [] : [`--${foreign}`])];
  if (rest.length > 0)
    throw new Failure("refused", `'selkie ${command}' does not take '${rest.join(" ")}'. See selkie ${command} --help`);
  const empty = Object.entries(values).find(([option, value]) => !COMMON.includes(option) && value === "");
  if (empty !== undefined)
    throw new Failure("refused", `--${empty[0]} was given without a value; give it one or leave it out`);
}

function unknownCommand(command: string): Failure {
  const names = Object.keys(COMMANDS);
  const close = nearest(command, names);
  const hint = close === undefined ? "" : `Did you mean '${close}'? `;
  return new Failure("refused", `There is no command '${command}'. ${hint}Try: ${names.join(", ")}, --help`);
}

/**
 * Reads the options of all commands alike; which of them a command takes is checked afterwards, so that a wrong one is
 * told with its command.
 */
function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        host: { type: "string" },
        port: { type: "string" },
        url: { type: "string" },
        data: { type: "string" },
        config: { type: "string" },
        model: { type: "string" },
        limit: { type: "string" },
        role: { type: "string" },
        scopes: { type: "string" },
        agents: { type: "string" },
        models: { type: "string" },
        identity: { type: "string" },
        expires: { type: "string" },
        overlap: { type: "string" },
        name: { type: "string" },
        email: { type: "string" },
        org: { type: "string" },
        user: { type: "string" },
        grants: { type: "string" },
        folder: { type: "string" },
        cron: { type: "string" },
        at: { type: "string" },
        timezone: { type: "string" },
        "remove-vanished": { type: "boolean" },
        from: { type: "string" },
        format: { type: "string" },
        agent: { type: "string" },
        learn: { type: "boolean" },
        "dry-run": { type: "boolean" },
        prune: { type: "boolean" },
        "renew-secrets": { type: "boolean" },
        as: { type: "string" },
        "passphrase-file": { type: "string" },
        force: { type: "boolean" },
        repair: { type: "boolean" },
        service: { type: "boolean" },
        password: { type: "boolean" },
        json: { type: "boolean" },
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

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
