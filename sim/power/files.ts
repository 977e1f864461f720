import type { SeededRandom } from "../world/random.ts";

/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512;

/** A file apart from its name. */
export interface Inode {
  /** What processes read. */
  readonly seen: Contents;
  /** What the disk has for certain. */
  readonly kept: Contents;
  /** What was changed since the last sync, in order. */
  readonly unsynced: Change[];
  /** Changes made so far. */
  changes: number;
  /** Set by a sync that failed: part of what it should have stored is dropped, and no later sync stores it. */
  hasLost: boolean;
}

/** Bytes that grow. */
interface Contents {
  buffer: Uint8Array;
  size: number;
}

/** One change of a file. */
type Change =
  | { readonly kind: "write"; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly size: number };

/** The files of one machine, in one directory: what was synced survives a loss of power, of the rest anything may. */
export interface PowerFiles {
  /** Undefined when there is none of this name. */
  find(name: string): Inode | undefined;
  /** Without a name it is gone with its process. */
  create(name: string | undefined): Inode;
  remove(name: string): void;
  /** Fills `into`, the rest of it with zeros; returns the bytes that there were. */
  read(inode: Inode, offset: number, into: Uint8Array): number;
  write(inode: Inode, offset: number, bytes: Uint8Array): void;
  truncate(inode: Inode, size: number): void;
  /** Stores the first `changes` changes of a file; later ones stay as they are. */
  sync(inode: Inode, changes?: number): void;
  /** A sync that failed: any part of what it should have stored was, and the rest will never be. */
  failSync(inode: Inode): void;
  /** Stores which names there are. */
  syncDirectory(): void;
  /** Leaves what was synced, and of the rest what the seed says. */
  losePower(): void;
}

/** An empty directory. */
export function createPowerFiles(random: SeededRandom): PowerFiles {
  let names: ReadonlyMap<string, Inode> = new Map();
  let keptNames = names;

  function change(inode: Inode, made: Change): void {
    apply(inode.seen, made);
    inode.unsynced.push(made);
    inode.changes++;
  }

  return {
    find: (name) => names.get(name),
    create(name) {
      const inode: Inode = { seen: empty(), kept: empty(), unsynced: [], changes: 0, hasLost: false };
      if (name !== undefined) names = new Map([...names, [name, inode]]);
      return inode;
    },
    remove(name) {
      names = new Map([...names].filter(([other]) => other !== name));
    },
    read({ seen }, offset, into) {
      const found = seen.buffer.subarray(Math.min(offset, seen.size), Math.min(offset + into.length, seen.size));
      into.set(found);
      into.fill(0, found.length);
      return found.length;
    },
    // The bytes are memory of the caller, who will use it for others.
    write: (inode, offset, bytes) => change(inode, { kind: "write", offset, bytes: bytes.slice() }),
    truncate: (inode, size) => change(inode, { kind: "truncate", size }),
    sync(inode, changes = inode.changes) {
      const stored = Math.max(0, changes - (inode.changes - inode.unsynced.length));
      for (const made of inode.unsynced.splice(0, stored)) apply(inode.kept, made);
    },
    failSync(inode) {
      keepSome(inode, random);
      inode.hasLost = true;
    },
    syncDirectory() {
      keptNames = names;
    },
    losePower() {
      const left = new Map<string, Inode>();
      for (const name of new Set([...keptNames.keys(), ...names.keys()])) {
        const inode = (random.chance(0.5) ? names : keptNames).get(name);
        if (inode !== undefined) left.set(name, inode);
      }
      for (const inode of left.values()) {
        keepSome(inode, random);
        inode.seen.buffer = inode.kept.buffer.slice();
        inode.seen.size = inode.kept.size;
        inode.hasLost = false;
      }
      names = left;
      keptNames = left;
    },
  };
}

/** Ends what is unsynced: nothing of it reaches the disk, or its beginning, any sectors in any order, or all of it. */
function keepSome({ kept, unsynced }: Inode, random: SeededRandom): void {
  const way = random.pick(["nothing", "beginning", "sectors", "sectors", "all"] as const);
  const share = random.fraction();
  const last = { nothing: 0, beginning: random.int(unsynced.length + 1) }[way as string] ?? unsynced.length;
  const made = unsynced.splice(0).slice(0, last);
  const arrived = way === "sectors" ? made.flatMap(sectorsOf).filter(() => random.chance(share)) : made;
  for (const change of arrived) apply(kept, change);
}

/** A change as a disk does it: each sector whole or not at all. */
function sectorsOf(change: Change): readonly Change[] {
  if (change.kind === "truncate") return [change];
  const sectors: Change[] = [];
  for (let from = 0; from < change.bytes.length; ) {
    const offset = change.offset + from;
    const bytes = change.bytes.subarray(from, from + SECTOR_BYTES - (offset % SECTOR_BYTES));
    sectors.push({ kind: "write", offset, bytes });
    from += bytes.length;
  }
  return sectors;
}

function empty(): Contents {
  return { buffer: new Uint8Array(0), size: 0 };
}

function apply(contents: Contents, change: Change): void {
  if (change.kind === "truncate") {
    contents.size = Math.min(contents.size, change.size);
    contents.buffer.fill(0, contents.size);
    return;
  }
  const end = change.offset + change.bytes.length;
  if (end > contents.buffer.length) {
    const larger = new Uint8Array(Math.max(end, 2 * contents.buffer.length));
    larger.set(contents.buffer);
    contents.buffer = larger;
  }
  contents.buffer.set(change.bytes, change.offset);
  contents.size = Math.max(contents.size, end);
}
