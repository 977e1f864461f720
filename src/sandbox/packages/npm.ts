import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../core/failure.ts";
import { behindProxy, type InstallerCheck } from "./behind-proxy.ts";
import { runInstaller } from "./install.ts";
import type { PackageSet } from "./package-cache.ts";
import type { Requirement } from "./requirements.ts";
import { removeTree } from "./tree.ts";

const TIMEOUT_MS = 300_000;
/** Where Bun looks when nothing else is set. */
const REGISTRY_DEFAULT = "https://registry.npmjs.org/";
/** Characters of the installer's own words that a failure tells. */
const REASON_CHARS_MAX = 600;

/** Variables of the server that the installer gets: how the network is reached. */
const PASSED = /^(?:HOME|LANG|https?_proxy|no_proxy|SSL_CERT_(?:FILE|DIR)|NODE_EXTRA_CA_CERTS)$/i;

/** Where packages of JavaScript come from. */
export interface NpmOptions {
  /** An executable that is Bun when `BUN_BE_BUN` is set: the server's own. */
  readonly executable: string;
  /** The registry; null leaves it to the configuration of the server's user. */
  readonly registryUrl: string | null;
  /** The server's variables, of which a few are passed on. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How addresses are found and checked, of what packages name besides the index. */
  readonly check: InstallerCheck;
}

/** A set of packages of JavaScript, in a folder `node_modules`. Scripts of packages never run. */
export function npmSet(requirements: readonly Requirement[], options: NpmOptions): PackageSet {
  const { executable, registryUrl } = options;
  return {
    key: ["npm", registryUrl, requirements],
    async install(folder, workshop) {
      const [temporary, nothing] = [join(workshop, "tmp"), join(workshop, "empty")];
      for (const made of [temporary, nothing]) mkdirSync(made);
      const dependencies = Object.fromEntries(requirements.map(({ name, version }) => [name, version ?? "latest"]));
      writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, dependencies }));
      const variables = { ...passedOn(options, nothing), BUN_BE_BUN: "1", TMPDIR: temporary, PATH: nothing };
      const reach = { indexUrl: registryUrl ?? REGISTRY_DEFAULT, check: options.check, environment: variables };
      const { isDone, output } = await behindProxy(reach, (environment) =>
        runInstaller({
          command: [executable, "install", ...argumentsOf(temporary), "--cwd", folder],
          directory: workshop,
          // Without a PATH no git is found, which packages may name as where others come from.
          environment,
          timeoutMs: TIMEOUT_MS,
        }),
      );
      if (!isDone) throw new Failure("unavailable", whyNot(requirements, output));
      await removeCommands(join(folder, "node_modules"));
    },
  };
}

function argumentsOf(temporary: string): readonly string[] {
  return [
    "--ignore-scripts",
    "--production",
    "--linker=hoisted",
    "--backend=copyfile",
    `--cache-dir=${join(temporary, "cache")}`,
    "--no-env-file",
    "--no-progress",
    "--no-save",
  ];
}

function passedOn({ environment, registryUrl }: NpmOptions, nothing: string): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined && PASSED.test(name)) passed[name] = value;
  // What the server's user has configured is left alone where a registry was set; its address may hold a password.
  return registryUrl === null ? passed : { ...passed, HOME: nothing, BUN_CONFIG_REGISTRY: registryUrl };
}

/** Commands of packages are links, and of no use in a jail. */
async function removeCommands(modules: string): Promise<void> {
  const owners = [modules];
  for (let folder = owners.pop(); folder !== undefined; folder = owners.pop()) {
    await removeTree(join(folder, ".bin"));
    for (const entry of entriesOf(folder)) {
      if (!entry.isDirectory()) continue;
      const path = join(folder, entry.name);
      const packages = entry.name.startsWith("@") ? entriesOf(path).map(({ name }) => join(path, name)) : [path];
      owners.push(...packages.map((one) => join(one, "node_modules")));
    }
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // Most packages have no folder of others.
    return [];
  }
}

/** Says which packages are missing, in the installer's words, and what helps. */
function whyNot(requirements: readonly Requirement[], output: string): string {
  const names = requirements.map(({ name, version }) => (version === null ? name : `${name}@${version}`));
  const reason = output
    .split("\n")
    .filter((line) => /error|refused|failed/i.test(line))
    .join(" ")
    .replace(/\/\/[^/\s@]*@/g, "//")
    .slice(0, REASON_CHARS_MAX)
    .toWellFormed();
  const told = `The packages ${names.join(", ")} cannot be installed. The installer says: ${reason || "nothing"}`;
  return / - 50[24]\b|ConnectionRefused|ProxyConnectFailed|ENOTFOUND|FailedToOpenSocket|UnableToConnect|DNS/i.test(
    output,
  )
    ? `${told}. Set SELKIE_NPM_REGISTRY to a registry that this machine reaches`
    : told;
}
