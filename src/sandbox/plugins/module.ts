import { Failure } from "../../core/failure.ts";

/** The largest module that is taken. */
export const MODULE_BYTES_MAX = 16 * 1024 * 1024;
/** Pages of 64 KiB that a module may use, its own limit or not: 64 MiB. */
export const MEMORY_PAGES_MAX = 1_024;

const MAGIC = [0x00, 0x61, 0x73, 0x6d];
const VERSION = [1, 0, 0, 0];
const COMPONENT = [13, 0, 1, 0];
const SECTION = { custom: 0, import: 2, memory: 5, export: 7, start: 8 } as const;
const FUNCTION = 0;
const MEMORY = 2;
const KINDS = ["function", "table", "memory", "global", "tag"];
/** What a module must export, each as what. */
const EXPORTS: Readonly<Record<string, number>> = {
  memory: MEMORY,
  alloc: FUNCTION,
  call: FUNCTION,
  describe: FUNCTION,
};
/** Imports, exports or sections that are read. */
const ENTRIES_MAX = 10_000;
const NAME_CHARS_MAX = 100;

/** How large the memory is at first, and at most; in pages. */
interface MemorySize {
  readonly first: number;
  readonly most: number;
}

/**
 * Looks into a module before anything of it is compiled, and gives it back with a memory that cannot grow beyond
 * {@link MEMORY_PAGES_MAX}: no engine has such a limit of its own. Throws a `refused` Failure for one that wants more than
 * the one function `selkie.host`, does something as soon as it is loaded, or has no memory that can be limited.
 */
export function limitedModule(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.length > MODULE_BYTES_MAX) throw refused(`has ${bytes.length} bytes; up to ${MODULE_BYTES_MAX} are taken`);
  const { memory, exported } = sectionsOf(bytes);
  for (const [name, kind] of Object.entries(EXPORTS))
    if (exported.get(name) !== kind) throw refused(`exports no ${KINDS[kind]} '${name}'`);
  if (memory === undefined) throw refused("has no memory of its own");
  return withMemory(bytes, memory);
}

interface Sections {
  readonly memory: { readonly from: number; readonly to: number; readonly size: MemorySize } | undefined;
  readonly exported: ReadonlyMap<string, number>;
}

/** Reads what decides on a module, and passes over the rest: an engine looks at that. */
function sectionsOf(bytes: Uint8Array): Sections {
  const reader = new Reader(bytes);
  readHeader(reader);
  let found: Sections = { memory: undefined, exported: new Map() };
  const seen = new Set<number>();
  for (let count = 0; !reader.isAtEnd; count++) {
    if (count === ENTRIES_MAX) throw refused("has too many sections");
    const from = reader.at;
    const id = reader.byte();
    const length = reader.number();
    const to = reader.at + length;
    if (to > bytes.length) throw refused("is cut off");
    if (id !== SECTION.custom && seen.has(id)) throw refused(`has the section ${id} twice`);
    seen.add(id);
    found = withSection(found, { id, from, to, section: new Reader(bytes.subarray(0, to), reader.at) });
    reader.at = to;
  }
  return found;
}

function withSection(
  found: Sections,
  {
    id,
    from,
    to,
    section,
  }: { readonly id: number; readonly from: number; readonly to: number; readonly section: Reader },
): Sections {
  if (id === SECTION.start) throw refused("has a start function; plugins do nothing before they are called");
  if (id === SECTION.import) checkImports(section);
  if (id === SECTION.memory) return { ...found, memory: { from, to, size: readMemory(section) } };
  return id === SECTION.export ? { ...found, exported: readExports(section) } : found;
}

function readHeader(reader: Reader): void {
  const [magic, version] = [reader.bytes(4), reader.bytes(4)];
  if (!same(magic, MAGIC)) throw refused("does not begin as a WebAssembly module does");
  if (same(version, COMPONENT)) throw refused("is a component; plain modules are taken");
  if (!same(version, VERSION)) throw refused("is of a version that is not known");
}

function checkImports(section: Reader): void {
  for (let left = section.count(); left > 0; left--) {
    const [module, name, kind] = [section.name(), section.name(), section.byte()];
    if (module !== "selkie" || name !== "host" || kind !== FUNCTION)
      throw refused(
        `imports the ${KINDS[kind] ?? "thing"} '${shown(module)}.${shown(name)}'; only the function 'selkie.host' is there`,
      );
    section.number();
  }
}

function readMemory(section: Reader): MemorySize {
  const count = section.count();
  if (count !== 1) throw refused(`has ${count} memories; it must have one`);
  const flags = section.byte();
  if (flags > 1) throw refused("has a memory that is shared, has 64-bit addresses or pages of another size");
  const first = section.number();
  const most = flags === 1 ? section.number() : MEMORY_PAGES_MAX;
  if (first > MEMORY_PAGES_MAX)
    throw refused(`begins with ${first} pages of memory; up to ${MEMORY_PAGES_MAX} are given`);
  return { first, most: Math.max(first, Math.min(most, MEMORY_PAGES_MAX)) };
}

function readExports(section: Reader): ReadonlyMap<string, number> {
  const exported = new Map<string, number>();
  for (let left = section.count(); left > 0; left--) {
    const [name, kind] = [section.name(), section.byte()];
    section.number();
    exported.set(name, kind);
  }
  return exported;
}

function withMemory(
  bytes: Uint8Array,
  { from, to, size }: { readonly from: number; readonly to: number; readonly size: MemorySize },
): Uint8Array<ArrayBuffer> {
  const content = [1, 1, ...leb(size.first), ...leb(size.most)];
  const section = [SECTION.memory, ...leb(content.length), ...content];
  const limited = new Uint8Array(bytes.length - (to - from) + section.length);
  limited.set(bytes.subarray(0, from));
  limited.set(section, from);
  limited.set(bytes.subarray(to), from + section.length);
  return limited;
}

/** A number as WebAssembly writes it, seven bits a byte. */
function leb(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(Math.floor(value / 0x80))];
}

/** Reads a module from a place on. Throws a `refused` Failure where it ends too early. */
class Reader {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw refused("is cut off");
    return byte;
  }

  bytes(length: number): Uint8Array {
    const from = this.at;
    this.at += length;
    if (this.at > this.#bytes.length) throw refused("is cut off");
    return this.#bytes.subarray(from, this.at);
  }

  /** An unsigned number of up to 32 bits. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return checked32(value);
    }
    throw refused("holds a number that is too long");
  }

  count(): number {
    const count = this.number();
    if (count > ENTRIES_MAX) throw refused(`lists ${count} things; up to ${ENTRIES_MAX} are read`);
    return count;
  }

  name(): string {
    return new TextDecoder().decode(this.bytes(this.number()));
  }
}

function checked32(value: number): number {
  if (value >= 2 ** 32) throw refused("holds a number that is too large");
  return value;
}

function same(bytes: Uint8Array, expected: readonly number[]): boolean {
  return expected.every((byte, at) => bytes[at] === byte);
}

function shown(name: string): string {
  return name.slice(0, NAME_CHARS_MAX).toWellFormed();
}

function refused(problem: string): Failure {
  return new Failure("refused", `The WebAssembly module ${problem}`);
}
