import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../core/failure.ts";
import { behindProxy, type InstallerCheck } from "./behind-proxy.ts";
import { runInstaller } from "./install.ts";
import type { PackageSet } from "./package-cache.ts";
import type { Requirement } from "./requirements.ts";

const TIMEOUT_MS = 300_000;
/** Where pip looks when nothing else is set. */
const INDEX_DEFAULT = "https://pypi.org/simple";
/** Characters of pip's own words that a failure tells. */
const REASON_CHARS_MAX = 600;

/** Variables of the server that pip gets: how the network is reached, and pip's own. */
const PASSED = /^(?:PATH|HOME|LANG|https?_proxy|no_proxy|all_proxy|SSL_CERT_(?:FILE|DIR)|REQUESTS_CA_BUNDLE|PIP_.*)$/i;
/** Of pip's own variables, those that say where packages come from. */
const SOURCES = /^PIP_(?:(?:EXTRA_)?INDEX_URL|FIND_LINKS|NO_INDEX|CONFIG_FILE)$/i;

/** Where packages of Python come from, and for which Python. */
export interface PipOptions {
  readonly python: {
    /** The Python that jails run. Its pip is used. */
    readonly executable: string;
    /** Such as `3.11`: what is installed for one is no use to another. */
    readonly version: string;
  };
  /** The one index; null leaves it to pip's own configuration. */
  readonly indexUrl: string | null;
  /** The server's variables, of which a few are passed on. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How addresses are found and checked, of what packages name besides the index. */
  readonly check: InstallerCheck;
}

/**
 * A set of packages of Python. Only wheels are installed: making one from its source would run code of strangers outside
 * of every jail. Packages that a wheel needs come with it.
 */
export function pipSet(requirements: readonly Requirement[], options: PipOptions): PackageSet {
  const { python, indexUrl } = options;
  const wanted = requirements.map(({ name, version }) => (version === null ? name : `${name}==${version}`));
  return {
    key: ["pip", python.executable, python.version, indexUrl, wanted],
    async install(folder, workshop) {
      const temporary = join(workshop, "tmp");
      mkdirSync(temporary);
      const variables = { ...passedOn(options), TMPDIR: temporary };
      // An index of pip's own variables is one that the owner set, too.
      const reach = {
        indexUrl: indexUrl ?? options.environment["PIP_INDEX_URL"] ?? INDEX_DEFAULT,
        check: options.check,
        environment: variables,
      };
      const { isDone, output } = await behindProxy(reach, (environment) =>
        runInstaller({
          command: [python.executable, "-I", "-m", "pip", "install", ...argumentsOf(folder), "--", ...wanted],
          directory: workshop,
          environment,
          timeoutMs: TIMEOUT_MS,
        }),
      );
      if (!isDone) throw new Failure("unavailable", whyNot(wanted, python.version, output));
    },
  };
}

/** Whether a Python has pip, without which tools that name packages of it fail. */
export function hasPip(executable: string): boolean {
  return spawnSync(executable, ["-I", "-c", "import pip"], { stdio: "ignore" }).status === 0;
}

function argumentsOf(folder: string): readonly string[] {
  return [
    "--target",
    folder,
    "--only-binary=:all:",
    "--no-input",
    "--no-cache-dir",
    "--no-warn-script-location",
    "--disable-pip-version-check",
    "--progress-bar=off",
    "--retries=1",
    "--timeout=20",
  ];
}

function passedOn({ environment, indexUrl }: PipOptions): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined && PASSED.test(name) && !(indexUrl !== null && SOURCES.test(name))) passed[name] = value;
  // Another source beside the one that was set could put a package of its own in the place of one that is there. The
  // address may hold a password, which arguments would show to everybody on this machine.
  return indexUrl === null ? passed : { ...passed, PIP_CONFIG_FILE: "/dev/null", PIP_INDEX_URL: indexUrl };
}

/** Says which packages are missing, in pip's words, and what helps. */
function whyNot(wanted: readonly string[], version: string, output: string): string {
  const told = `The packages ${wanted.join(", ")} cannot be installed`;
  if (/No module named pip/.test(output))
    return `${told}: Python ${version} of this machine has no pip. Install it, for example the package python3-pip`;
  const reason = output
    .split("\n")
    .filter((line) => line.startsWith("ERROR:"))
    .join(" ")
    .replace(/\/\/[^/\s@]*@/g, "//")
    .replaceAll("ERROR: ", "")
    .slice(0, REASON_CHARS_MAX)
    .toWellFormed();
  if (/Retrying \(|ConnectionError|NewConnectionError|Name or service/.test(output))
    return `${told}: pip reaches no index. Set SELKIE_PIP_INDEX_URL to one that this machine reaches. pip says: ${reason}`;
  // An index that the proxy does not reach looks to pip like one without the package.
  const help = /from versions: none/.test(output)
    ? ". Set SELKIE_PIP_INDEX_URL, if this machine reaches none with that package"
    : "";
  return `${told} for Python ${version}. Only wheels are installed, nothing is built from source. pip says: ${reason || "nothing"}${help}`;
}
