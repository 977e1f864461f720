import { bwrapJail } from "../bwrap.ts";
import { findBwrap } from "../bwrap-here.ts";
import { SANDBOX_IS_OFF, type SandboxMode } from "../mode.ts";
import { purePlace } from "../pure/pure-place.ts";
import { barePlace, bunPlace } from "./bun-place.ts";
import { denoPlace, findDeno } from "./deno-place.ts";
import { findProgram } from "./program.ts";
import { faultsOf } from "./proof.ts";
import type { ScriptPlace } from "./script-place.ts";

/** What was found out about one place. */
export interface PlaceReport {
  readonly name: string;
  /** Why it is not used; empty where it was proved. */
  readonly faults: readonly string[];
}

/** Where JavaScript runs on this machine. */
export interface FoundPlaces {
  /** The first place that was proved; without one, why. */
  readonly place: ScriptPlace | { readonly whyNone: string };
  readonly reports: readonly PlaceReport[];
  /** Names of the places behind it. */
  readonly untried: readonly string[];
}

/** What is looked for, and in what. */
export interface PlacesOptions {
  /** This program, which is Bun too. */
  readonly executable: string;
  readonly mode: SandboxMode;
  /** Starts this program as what runs an interpreter, see {@link purePlace}. */
  readonly pure: readonly string[];
  /** The Deno that is set; null takes the one of the search path. */
  readonly deno: string | null;
}

/** Tries each place for JavaScript in turn, and takes the first that holds. Rejects never. */
export async function findScriptPlace(options: PlacesOptions): Promise<FoundPlaces> {
  if (options.mode === "off") return { place: { whyNone: SANDBOX_IS_OFF }, reports: [], untried: [] };
  const reports: PlaceReport[] = [];
  for (const [at, candidate] of CANDIDATES.entries()) {
    const made = await placeOf(candidate, options).catch((error: unknown) => messageOf(error));
    const faults = typeof made === "string" ? [made] : await faultsOf(made);
    reports.push({ name: candidate.name, faults });
    if (typeof made === "string" || faults.length > 0) continue;
    return { place: made, reports, untried: CANDIDATES.slice(at + 1).map(({ name }) => name) };
  }
  const tried = reports.map(({ name, faults }) => `${name}: ${faults.join(", ")}`).join("; ");
  return { place: { whyNone: `There is no place here where code of tools is held (${tried})` }, reports, untried: [] };
}

async function placeOf({ isStrict, make }: Candidate, options: PlacesOptions): Promise<ScriptPlace | string> {
  if (options.mode === "strict" && !isStrict) return "SELKIE_SANDBOX is strict, and the system does not hold it";
  return make(options);
}

/** Where plugins in TypeScript run: where tools do, if that has all that they need. */
export async function findPluginPlace(script: () => Promise<FoundPlaces["place"]>): Promise<FoundPlaces["place"]> {
  const found = await script();
  if ("whyNone" in found || found.runsPlugins) return found;
  return {
    whyNone: `Plugins in TypeScript do not run in ${found.name}; bubblewrap on the server ('apt-get install bubblewrap') or Deno (SELKIE_DENO) would run them`,
  };
}

/**
 * Where modules in WebAssembly run: where scripts do, else in a process without a jail, unless every place must be one that
 * the system itself enforces.
 */
export async function findWasmPlace(
  script: () => Promise<FoundPlaces["place"]>,
  executable: string,
  mode: SandboxMode,
): Promise<FoundPlaces["place"]> {
  const found = await script();
  if (mode !== "auto" || (!("whyNone" in found) && found.runsPlugins)) return found;
  return barePlace({ path: executable, libraries: [], isPublic: true });
}

interface Candidate {
  readonly name: string;
  /** Whether the operating system holds it, and not one runtime's own checks. */
  readonly isStrict: boolean;
  /** The place, or why there is none. */
  readonly make: (options: PlacesOptions) => Promise<ScriptPlace | string>;
}

/** The best first. */
const CANDIDATES: readonly Candidate[] = [
  {
    name: "Bun under bubblewrap",
    isStrict: true,
    make: async ({ executable }) => {
      const bwrap = await findBwrap();
      if (bwrap === undefined) return "bubblewrap is not installed; 'apt-get install bubblewrap' installs it";
      const program = await findProgram(executable);
      // Nobody cannot start what is root's alone, as in the home folder of root.
      const identity = program.isPublic ? bwrap.identity : null;
      return bunPlace(bwrapJail({ ...bwrap, identity }), program);
    },
  },
  {
    name: "Deno without permissions",
    isStrict: false,
    make: async ({ deno }) => denoPlace(findDeno(deno)),
  },
  {
    name: "QuickJS in a process of its own",
    isStrict: false,
    make: async ({ pure }) => purePlace({ command: pure }),
  },
];

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
