import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import { sha256 } from "../../core/sha256.ts";
import { createGate, type Gate } from "../gate.ts";
import { checkTree, removeTree, type TreeSize } from "./tree.ts";

/** Sets that are kept, and bytes of all of them; the ones that were not used for longest go first. */
const SETS_MAX = 100;
const BYTES_MAX = 4 * 1024 * 1024 * 1024;
/** Sets that are installed at once, and others that wait for that: of one organisation, and of all. */
const INSTALLS_MAX = 2;
const WAITING_MAX_EACH = 16;
const WAITING_MAX = 512;
/** For how long the same failure is told instead of trying again. */
const FAILED_MS = 60_000;
/** Failures that are remembered. */
const FAILURES_MAX = 200;

/** A folder that is whole has a name that begins so, and a digest. */
const SET = "set-";
/** A folder that is being made or removed. */
const MAKING = "making-";
/** Beside the packages: how many files and bytes they were when they were whole. */
const SIZE_FILE = "size.json";
/** In a set's folder: what jails mount. */
const PACKAGES = "packages";

/** Work that was begun goes on, whoever waits for it. */
const NEVER = new AbortController().signal;

const Size = z.object({ files: z.number(), bytes: z.number() });

/** A set of packages, as those that know how to make it ask for it. */
export interface PackageSet {
  /** All that makes it differ from others. */
  readonly key: readonly unknown[];
  /** Installs it into the folder. Nothing outside of `workshop`, where that folder is, may be written. */
  install(folder: string, workshop: string): Promise<void>;
}

/** A set that is there, and stays while it is held. */
export interface HeldPackages {
  /** The folder to mount read-only. */
  readonly path: string;
  release(): void;
}

/** On whose behalf packages are installed, and until when somebody waits for that. */
export interface Asker {
  readonly owner: string;
  readonly signal: AbortSignal;
}

/** Folders of packages, one for each set. */
export interface PackageCache {
  /**
   * The set, installed where it is not there yet; who asks at the same time waits for the same. Throws the Failure of the
   * installation, for a minute without trying again, and a `timeout` one when `signal` aborts: the work goes on meanwhile.
   * Installations wait in turn by their owners, and a `too_many` Failure is for the owner of whom too many wait.
   */
  hold(set: PackageSet, asker: Asker): Promise<HeldPackages>;
}

/** What the cache is made of. */
export interface PackageCacheOptions {
  /** A folder of its own, made when it is needed. Whoever jails run as must be able to reach it. */
  readonly directory: string;
  readonly bytesMax?: number;
  /** Milliseconds from an arbitrary start. */
  readonly elapsedMs?: () => number;
}

interface State {
  readonly directory: string;
  readonly bytesMax: number;
  readonly elapsedMs: () => number;
  /** Sets that were found whole, by digest. */
  readonly sizes: Map<string, TreeSize>;
  readonly holders: Map<string, number>;
  /** Sets that are being looked for, and those that are being installed, by digest. */
  readonly looking: Map<string, Promise<boolean>>;
  readonly installing: Map<string, Promise<void>>;
  /** What was asked for and is not there yet, by owner and digest. */
  readonly asked: Map<string, Promise<void>>;
  readonly failed: Map<string, { readonly untilMs: number; readonly failure: unknown }>;
  readonly gate: Gate;
  isSwept: boolean;
}

/** Opens the cache. A folder appears in one step when it is whole, so a kill leaves nothing half. */
export function createPackageCache(options: PackageCacheOptions): PackageCache {
  const state: State = {
    directory: options.directory,
    bytesMax: options.bytesMax ?? BYTES_MAX,
    elapsedMs: options.elapsedMs ?? (() => performance.now()),
    sizes: new Map(),
    holders: new Map(),
    looking: new Map(),
    installing: new Map(),
    asked: new Map(),
    failed: new Map(),
    gate: createGate({ most: INSTALLS_MAX, waitingMax: WAITING_MAX, waitingMaxEach: WAITING_MAX_EACH }),
    isSwept: false,
  };
  return {
    async hold(set, { owner, signal }) {
      const digest = sha256(JSON.stringify(set.key));
      await sweep(state);
      // Held from now on, so that no other set's arrival removes it in between.
      const release = holding(state, digest);
      try {
        await orAborted(ready(state, { digest, set, owner }), signal);
      } catch (error) {
        release();
        throw error;
      }
      const now = new Date();
      utimesSync(join(state.directory, SET + digest), now, now);
      return { path: join(state.directory, SET + digest, PACKAGES), release };
    },
  };
}

/** Once: removes what a killed server was making or removing. */
async function sweep(state: State): Promise<void> {
  if (state.isSwept) return;
  state.isSwept = true;
  const left = (existsSync(state.directory) ? readdirSync(state.directory) : []).filter((name) =>
    name.startsWith(MAKING),
  );
  await Promise.all(left.map((name) => removeTree(join(state.directory, name))));
}

function holding(state: State, digest: string): () => void {
  state.holders.set(digest, (state.holders.get(digest) ?? 0) + 1);
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    const left = (state.holders.get(digest) ?? 1) - 1;
    if (left === 0) state.holders.delete(digest);
    else state.holders.set(digest, left);
  };
}

interface Wanted {
  readonly digest: string;
  readonly set: PackageSet;
  readonly owner: string;
}

async function ready(state: State, { digest, set, owner }: Wanted): Promise<void> {
  const under = state.installing.get(digest);
  if (under !== undefined) return under;
  if (isThere(state, digest)) return;
  const before = state.failed.get(digest);
  if (before !== undefined && before.untilMs > state.elapsedMs()) throw before.failure;
  await shared(state.asked, JSON.stringify([owner, digest]), async () => {
    if (await shared(state.looking, digest, () => found(state, digest))) return;
    await installed(state, { digest, set, owner });
  });
}

function isThere(state: State, digest: string): boolean {
  return state.sizes.has(digest) && existsSync(join(state.directory, SET + digest));
}

/** One piece of work under its name, however many ask for it at the same time. */
async function shared<T>(under: Map<string, Promise<T>>, name: string, begin: () => Promise<T>): Promise<T> {
  const begun = under.get(name);
  if (begun !== undefined) return begun;
  const work = begin();
  under.set(name, work);
  try {
    return await work;
  } finally {
    under.delete(name);
  }
}

/** Waits for the owner's turn. Whoever else wants the same set may have had one before, and is not waited for in their line. */
async function installed(state: State, { digest, set, owner }: Wanted): Promise<void> {
  const leave = await state.gate.enter(NEVER, owner);
  if (leave === undefined || leave === null)
    throw new Failure("too_many", `Packages of ${WAITING_MAX_EACH} other tools wait to be installed; try again later`);
  const begun = state.installing.get(digest);
  try {
    if (begun === undefined && !isThere(state, digest))
      await shared(state.installing, digest, () => made(state, digest, set));
  } finally {
    leave();
  }
  await begun;
}

/** Whether the folder of an earlier server is there and whole. A disk that lost power may have kept the name alone. */
async function found(state: State, digest: string): Promise<boolean> {
  const folder = join(state.directory, SET + digest);
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return false;
  try {
    const size = Size.parse(JSON.parse(readFileSync(join(folder, SIZE_FILE), "utf8")));
    const now = await checkTree(join(folder, PACKAGES));
    if (now.files === size.files && now.bytes === size.bytes) {
      state.sizes.set(digest, size);
      return true;
    }
  } catch {
    // It is made anew.
  }
  await removeSet(state, digest);
  return false;
}

async function made(state: State, digest: string, set: PackageSet): Promise<void> {
  let workshop: string | undefined;
  try {
    mkdirSync(state.directory, { recursive: true, mode: 0o755 });
    workshop = mkdtempSync(join(state.directory, MAKING));
    const whole = join(workshop, "whole");
    const packages = join(whole, PACKAGES);
    mkdirSync(packages, { recursive: true });
    await set.install(packages, workshop);
    const size = await checkTree(packages);
    writeFileSync(join(whole, SIZE_FILE), JSON.stringify(size));
    for (const path of [whole, packages]) chmodSync(path, 0o755);
    renameSync(whole, join(state.directory, SET + digest));
    state.sizes.set(digest, size);
    state.failed.delete(digest);
    await makeRoom(state);
  } catch (failure) {
    const [oldest] = state.failed.keys();
    if (state.failed.size >= FAILURES_MAX && oldest !== undefined) state.failed.delete(oldest);
    state.failed.set(digest, { untilMs: state.elapsedMs() + FAILED_MS, failure });
    throw failure;
  } finally {
    if (workshop !== undefined) await removeTree(workshop);
  }
}

/** Removes sets that nobody holds, the one that was not used for longest first, until the rest fits. */
async function makeRoom(state: State): Promise<void> {
  const sets = await Promise.all(
    readdirSync(state.directory)
      .filter((name) => name.startsWith(SET))
      .map(async (name) => {
        const digest = name.slice(SET.length);
        const size = state.sizes.get(digest) ?? (await checkTree(join(state.directory, name)).catch(() => undefined));
        const used = statSync(join(state.directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
        return { digest, bytes: size?.bytes ?? 0, used };
      }),
  );
  let bytes = sets.reduce((sum, set) => sum + set.bytes, 0);
  let count = sets.length;
  for (const set of sets.sort((a, b) => a.used - b.used)) {
    if (bytes <= state.bytesMax && count <= SETS_MAX) return;
    if (state.holders.has(set.digest)) continue;
    await removeSet(state, set.digest);
    bytes -= set.bytes;
    count--;
  }
}

/** Takes the name away in one step, then the files. */
async function removeSet(state: State, digest: string): Promise<void> {
  state.sizes.delete(digest);
  const away = mkdtempSync(join(state.directory, MAKING));
  renameSync(join(state.directory, SET + digest), join(away, "set"));
  await removeTree(away);
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined);
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(new Failure("timeout", "The tool's packages are still being installed; call it again later"));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
