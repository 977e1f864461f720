import { statSync } from "node:fs";
import { hostname, release } from "node:os";
import { z } from "zod";
import { parseJson } from "../../core/json.ts";
import { bwrapJail } from "../bwrap.ts";
import { findBwrap } from "../bwrap-here.ts";
import type { Jail } from "../jail.ts";
import { findDeno } from "../js/deno-place.ts";
import { SANDBOX_IS_OFF, type SandboxMode } from "../mode.ts";
import { findPyodide, PYODIDE, pyodideJail, STANDARD_LIBRARY_ALONE } from "../pyodide/pyodide-jail.ts";
import { provePyodide } from "../pyodide/pyodide-proof.ts";
import { childFilter, jailFilter } from "../seccomp.ts";
import { selfLockJail } from "../self-lock.ts";
import { type Identity, NOBODY } from "../worker.ts";
import { findPython, type Python } from "./find-python.ts";
import { WORKER_PROGRAM } from "./python-program.ts";
import { provePython } from "./python-proof.ts";

/** What is known of this machine and wished for. */
export interface PlaceWish {
  readonly mode: SandboxMode;
  /** The Python that is set; null when none is. */
  readonly python: string | null;
  /** The search path of the server. */
  readonly path: string;
  /** The Deno and the folder of Pyodide that are set; null when none is. */
  readonly deno: string | null;
  readonly pyodide: string | null;
}

/** Where what was proved is kept, so that the next start need not prove it again. */
export interface ProofMemory {
  read(): string | undefined;
  write(text: string): void;
}

/** A jail that was proved, and the Python in it. */
export interface FoundPython {
  readonly jail: Jail;
  readonly python: Python;
  /** Why it has no packages and no network, as part of a sentence; absent where it has both. */
  readonly lacks?: string;
}

/** Where Python tools run on this machine. */
export interface PythonPlace {
  /** The jail that was proved and the Python in it; undefined where there is none. */
  readonly found: FoundPython | undefined;
  /** Why tools cannot run, and what to do about it; undefined where they can. */
  readonly refusal: string | undefined;
  /** What was looked at and not taken, and why. */
  readonly passedOver: readonly string[];
}

/** What {@link ProofMemory} holds: for which machine it was proved, and what. */
const Proved = z.object({
  key: z.string(),
  jail: z.string(),
  python: z.object({ version: z.string(), executable: z.string(), needs: z.array(z.string()) }),
  passedOver: z.array(z.string()),
});

/** The filters that are built for workers, with and without a network. */
const FILTERED = [true, false].map((network) => ({ network, processes: true }));

/** This machine as its jails depend on it. */
interface Machine {
  readonly arch: string;
  readonly identity: Identity | null;
}

/** Looks for a jail that holds on this machine, by trying each one. The first that withstands everything is taken. */
export async function findPythonPlace(wish: PlaceWish, memory?: ProofMemory): Promise<PythonPlace> {
  if (wish.mode === "off") return { found: undefined, refusal: SANDBOX_IS_OFF, passedOver: [] };
  const machine = { arch: process.arch, identity: process.getuid?.() === 0 ? NOBODY : null };
  const jails = await jailsOf(machine);
  const remembered = memory === undefined ? undefined : recall(memory, wish);
  const known = remembered === undefined ? undefined : again(remembered, jails, wish);
  if (remembered !== undefined && known !== undefined)
    return { found: known, refusal: undefined, passedOver: remembered.passedOver };
  const system = await search(jails, machine, wish);
  const place = system.found === undefined ? await inWebAssembly(wish, system) : system;
  if (place.found !== undefined && memory !== undefined) {
    const { jail, python } = place.found;
    const proved: z.infer<typeof Proved> = {
      key: keyOf(wish, python),
      jail: jail.name,
      python: { ...python, needs: [...python.needs] },
      passedOver: [...place.passedOver],
    };
    memory.write(JSON.stringify(proved));
  }
  return place;
}

/** The jails of this machine, best first, and why some are none of it. */
async function jailsOf({ arch, identity }: Machine): Promise<readonly (Jail | string)[]> {
  if (process.platform !== "linux") return [`there is no jail for ${process.platform}`];
  const bwrap = await findBwrap();
  return [bwrap === undefined ? "bubblewrap is not installed" : bwrapJail(bwrap), selfLockJail({ arch, identity })];
}

/** What was proved before, made again. */
function again({ jail, python }: z.infer<typeof Proved>, jails: readonly (Jail | string)[], wish: PlaceWish) {
  if (jail === PYODIDE) {
    const made = makePyodide(wish);
    return typeof made === "string" ? undefined : { ...made, python };
  }
  const known = jails.find((one) => typeof one !== "string" && one.name === jail);
  return known === undefined || typeof known === "string" ? undefined : { jail: known, python };
}

/** The last choice: Python that needs nothing of the system, and has nothing but its own library. */
async function inWebAssembly(wish: PlaceWish, system: PythonPlace): Promise<PythonPlace> {
  const passed = (reason: string) => ({ ...system, passedOver: [...system.passedOver, `${PYODIDE}: ${reason}`] });
  if (wish.mode === "strict") return passed("SELKIE_SANDBOX is strict, and the system does not hold it");
  const made = makePyodide(wish);
  if (typeof made === "string") return passed(made);
  const { faults, version } = await provePyodide(made.jail);
  if (faults.length > 0) return passed(faults.join("; "));
  return { found: { ...made, python: { ...made.python, version } }, refusal: undefined, passedOver: system.passedOver };
}

/** Its jail, or why there is none; which Python it is, the proof says. */
function makePyodide({ deno: named, pyodide }: PlaceWish): FoundPython | string {
  try {
    const folder = findPyodide(pyodide);
    const deno = findDeno(named);
    const python = { version: "", executable: deno.path, needs: [folder] };
    return { jail: pyodideJail({ deno, folder }), python, lacks: STANDARD_LIBRARY_ALONE };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function search(
  jails: readonly (Jail | string)[],
  { arch, identity }: Machine,
  wish: PlaceWish,
): Promise<PythonPlace> {
  const { python, passedOver: others } = await findPython({ named: wish.python, path: wish.path, identity });
  const passedOver = [...others];
  if (python === undefined) return { found: undefined, refusal: refusalOf("python3"), passedOver };
  for (const jail of jails) {
    if (typeof jail === "string") {
      passedOver.push(jail);
      continue;
    }
    const isWhole = jail.name === "bubblewrap";
    const faults = await provePython({ jail, python, arch, network: isWhole }).catch((error: unknown) => [
      error instanceof Error ? error.message : String(error),
    ]);
    if (faults.length === 0) return { found: { jail, python }, refusal: undefined, passedOver };
    passedOver.push(`${jail.name} does not hold: ${faults.join("; ")}`);
  }
  return { found: undefined, refusal: refusalOf("bubblewrap"), passedOver };
}

function refusalOf(missing: string): string {
  return `no jail for Python holds on this machine. Install ${missing} ('apt-get install bubblewrap python3') and restart the server; 'selkie doctor' says more`;
}

/** What was proved, if it was for this machine as it is. */
function recall(memory: ProofMemory, wish: PlaceWish): z.infer<typeof Proved> | undefined {
  const proved = Proved.safeParse(parseJson(memory.read() ?? ""));
  return proved.success && proved.data.key === keyOf(wish, proved.data.python) ? proved.data : undefined;
}

/** All that a proof depends on: the programs as they are on the disk, the kernel, the user, the filters, and what runs inside. */
function keyOf({ mode, python: named, path, deno, pyodide }: PlaceWish, { executable }: Python): string {
  const programs = [executable, Bun.which("bwrap") ?? ""];
  const changed = programs.map((program) => [program, statSync(program, { throwIfNoEntry: false })?.mtimeMs]);
  const filters = [...FILTERED.map((wish) => jailFilter(process.arch, wish)), childFilter(process.arch)];
  const inside = [WORKER_PROGRAM, ...filters].map((part) => Bun.hash(part ?? "").toString());
  const machine = [hostname(), release(), process.getuid?.()];
  return JSON.stringify([mode, named, path, deno, pyodide, ...changed, ...machine, ...inside]);
}
