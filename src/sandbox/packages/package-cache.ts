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
import { checkTree, removeTree, type TreeSize } from "./tree.ts";

/** Sets that are kept, and bytes of all of them; the ones that were not used for longest go first. */
const SETS_MAX = 100;
const BYTES_MAX = 4 * 1024 * 1024 * 1024;
/** Sets that are installed at once, and others that wait for that. */
const INSTALLS_MAX = 2;
const WAITING_MAX = 16;
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

/** Folders of packages, one for each set. */
export interface PackageCache {
  /**
   * The set, installed where it is not there yet; who asks at the same time waits for the same. Throws the Failure of the
   * installation, for a minute without trying again, and a `timeout` one when `signal` aborts: the work goes on meanwhile.
   */
  hold(set: PackageSet, signal: AbortSignal): Promise<HeldPackages>;
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
  readonly installing: Map<string, Promise<void>>;
  readonly failed: Map<string, { readonly untilMs: number; readonly failure: unknown }>;
  /** Installations that wait for one to end. */
  readonly waiting: (() => void)[];
  running: number;
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
    installing: new Map(),
    failed: new Map(),
    waiting: [],
    running: 0,
    isSwept: false,
  };
  return {
    async hold(set, signal) {
      const digest = sha256(JSON.stringify(set.key));
      await sweep(state);
      // Held from now on, so that no other set's arrival removes it in between.
      const release = holding(state, digest);
      try {
        await orAborted(ready(state, digest, set), signal);
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

async function ready(state: State, digest: string, set: PackageSet): Promise<void> {
  const under = state.installing.get(digest);
  if (under !== undefined) return under;
  if (state.sizes.has(digest) && existsSync(join(state.directory, SET + digest))) return;
  const before = state.failed.get(digest);
  if (before !== undefined && before.untilMs > state.elapsedMs()) throw before.failure;
  const work = found(state, digest).then((isThere) => (isThere ? undefined : made(state, digest, set)));
  state.installing.set(digest, work);
  try {
    await work;
  } finally {
    state.installing.delete(digest);
  }
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
  await turn(state);
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
    const next = state.waiting.shift();
    if (next === undefined) state.running--;
    else next();
  }
}

/** Waits until fewer are at work than may be; who ends hands its place on. */
function turn(state: State): Promise<void> {
  if (state.running < INSTALLS_MAX) {
    state.running++;
    return Promise.resolve();
  }
  if (state.waiting.length >= WAITING_MAX)
    throw new Failure("too_many", `Packages of ${WAITING_MAX} other tools wait to be installed; try again later`);
  return new Promise((resolve) => state.waiting.push(resolve));
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
