import type init from "@sqlite.org/sqlite-wasm";
import type { SeededRandom } from "../world/random.ts";
import type { Inode, PowerFiles } from "./files.ts";

/** What changes files, or makes the changes last. */
export type FileOperation = "write" | "truncate" | "sync" | "delete";

/** What becomes of an operation; `ignored` looks like `done` and does nothing, after `off` nothing can be done. */
export type Outcome = "done" | "ignored" | "failed" | "full" | "off";

/** What a read that fails says: that it failed, that less came than there is, or that a sector is bad. */
export type ReadFailure = "failed" | "short" | "bad sector";

/** What one process of SQLite's runs on. */
export interface Host {
  readonly files: PowerFiles;
  readonly random: SeededRandom;
  nowMs(): number;
  /** Decides each operation before it happens. */
  outcomeOf(operation: FileOperation, name: string): Outcome;
  /** Decides each read; undefined is one that comes through. */
  failureOfRead(name: string): ReadFailure | undefined;
  /** False once the process or the machine is gone. */
  isOn(): boolean;
}

/** The loaded module. */
export type Sqlite = Awaited<ReturnType<typeof init>>;

/** The name under which SQLite knows these files. */
export const VFS_NAME = "power";

/** A file as a process holds it. */
interface Handle {
  readonly host: Host;
  readonly inode: Inode;
  readonly name: string;
  /** That a log or journal is there at all lasts only when the directory is synced, which goes with this one's first sync. */
  syncsDirectory: boolean;
}

/** What the methods share. */
interface Parts {
  readonly sqlite: Sqlite;
  readonly handles: Map<number, Handle>;
}

/** SQLite's functions take numbers, most of them pointers, and give a result code. */
type Methods = Readonly<Record<string, (...values: number[]) => number>>;

const NAME_BYTES_MAX = 64;
/** Of a file SQLite holds only where its methods are. */
const POINTER_BYTES = 4;
/** The names of journals and logs end like this. */
const LOG_NAME = /-(?:wal|journal)$/;
/** Milliseconds from the beginning of SQLite's calendar to 1970. */
const CALENDAR_EPOCH_MS = 210_866_760_000_000;
/** What SQLite assumes of a disk where it knows nothing better; and that writing a part of a sector spares the rest. */
const SECTOR_BYTES = 4096;
const POWERSAFE_OVERWRITE = 0x1000;

/** Makes `host`'s files the ones that SQLite works on. Only what a single process needs is there: locks do nothing. */
export function installVfs(sqlite: Sqlite, host: () => Host): void {
  const { capi } = sqlite;
  const parts: Parts = { sqlite, handles: new Map() };
  const io = new capi.sqlite3_io_methods();
  const vfs = new capi.sqlite3_vfs();
  Object.assign(io, { $iVersion: 1 });
  Object.assign(vfs, { $iVersion: 2, $szOsFile: POINTER_BYTES, $mxPathname: NAME_BYTES_MAX });
  io.installMethods(fileMethods(parts));
  vfs.installMethods(directoryMethods(parts, host, Number(io.pointer)));
  sqlite.vfs.installVfs({ vfs: { struct: vfs, name: VFS_NAME, asDefault: true, methods: {} } });
}

function fileMethods({ sqlite: { capi, wasm }, handles }: Parts): Methods {
  const { SQLITE_OK, SQLITE_FULL, SQLITE_IOERR_SHORT_READ, SQLITE_NOTFOUND } = capi;

  const failures: Readonly<Record<ReadFailure, number>> = {
    failed: capi.SQLITE_IOERR_READ,
    short: SQLITE_IOERR_SHORT_READ,
    "bad sector": capi.SQLITE_IOERR_CORRUPTFS,
  };

  /** Does something to a file unless it is decided otherwise. */
  function change(
    pointer: number,
    operation: FileOperation,
    { failure, failed }: { failure: number; failed?: (handle: Handle) => void },
    make: (handle: Handle) => void,
  ): number {
    const handle = handles.get(pointer);
    if (handle === undefined) return failure;
    const outcome = handle.host.outcomeOf(operation, handle.name);
    if (outcome === "done") make(handle);
    if (outcome === "failed") failed?.(handle);
    if (outcome === "full") return SQLITE_FULL;
    return outcome === "done" || outcome === "ignored" ? SQLITE_OK : failure;
  }

  return {
    xClose(pointer: number) {
      handles.delete(pointer);
      return SQLITE_OK;
    },
    xRead(pointer: number, buffer: number, bytes: number, offset: number) {
      const handle = handles.get(pointer);
      if (handle === undefined) return capi.SQLITE_IOERR_READ;
      const failure = handle.host.failureOfRead(handle.name);
      if (failure !== undefined) return failures[failure];
      const into = wasm.heap8u().subarray(buffer, buffer + bytes);
      const found = handle.host.files.read(handle.inode, Number(offset), into);
      return found === bytes ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
    },
    xWrite: (pointer: number, buffer: number, bytes: number, offset: number) =>
      change(pointer, "write", { failure: capi.SQLITE_IOERR_WRITE }, ({ host, inode }) =>
        host.files.write(inode, Number(offset), wasm.heap8u().subarray(buffer, buffer + bytes)),
      ),
    xTruncate: (pointer: number, size: number) =>
      change(pointer, "truncate", { failure: capi.SQLITE_IOERR_TRUNCATE }, ({ host, inode }) =>
        host.files.truncate(inode, Number(size)),
      ),
    xSync: (pointer: number) =>
      change(
        pointer,
        "sync",
        { failure: capi.SQLITE_IOERR_FSYNC, failed: ({ host, inode }) => host.files.failSync(inode) },
        (handle) => {
          const { files } = handle.host;
          files.sync(handle.inode);
          if (handle.syncsDirectory) files.syncDirectory();
          handle.syncsDirectory = false;
        },
      ),
    xFileSize(pointer: number, out: number) {
      wasm.poke64(out, BigInt(handles.get(pointer)?.inode.seen.size ?? 0));
      return SQLITE_OK;
    },
    xLock: () => SQLITE_OK,
    xUnlock: () => SQLITE_OK,
    xCheckReservedLock(_pointer: number, out: number) {
      wasm.poke32(out, 0);
      return SQLITE_OK;
    },
    xFileControl: () => SQLITE_NOTFOUND,
    xSectorSize: () => SECTOR_BYTES,
    xDeviceCharacteristics: () => POWERSAFE_OVERWRITE,
  };
}

function directoryMethods({ sqlite: { capi, wasm }, handles }: Parts, host: () => Host, methods: number): Methods {
  const { SQLITE_OK, SQLITE_CANTOPEN, SQLITE_IOERR_DELETE } = capi;
  return {
    xOpen(_vfs: number, namePointer: number, pointer: number, flags: number, outFlags: number) {
      const { files, isOn } = host();
      const name = wasm.cstrToJs(namePointer) ?? undefined;
      const found = name === undefined ? undefined : files.find(name);
      if (!isOn() || (found === undefined && (flags & capi.SQLITE_OPEN_CREATE) === 0)) {
        wasm.pokePtr(pointer, 0);
        return SQLITE_CANTOPEN;
      }
      // Whether or not it is there already: that may be the doing of a process that died before it synced anything.
      const syncsDirectory = (flags & capi.SQLITE_OPEN_CREATE) !== 0 && LOG_NAME.test(name ?? "");
      handles.set(pointer, { host: host(), inode: found ?? files.create(name), name: name ?? "", syncsDirectory });
      wasm.pokePtr(pointer, methods);
      if (outFlags !== 0) wasm.poke32(outFlags, flags);
      return SQLITE_OK;
    },
    xDelete(_vfs: number, namePointer: number, syncsDirectory: number) {
      const { files, outcomeOf } = host();
      const name = wasm.cstrToJs(namePointer) ?? "";
      if (files.find(name) === undefined) return capi.SQLITE_IOERR_DELETE_NOENT;
      if (outcomeOf("delete", name) !== "done") return SQLITE_IOERR_DELETE;
      files.remove(name);
      if (syncsDirectory !== 0) files.syncDirectory();
      return SQLITE_OK;
    },
    xAccess(_vfs: number, namePointer: number, _flags: number, out: number) {
      // An empty file counts for none, as SQLite has it.
      const size = host().files.find(wasm.cstrToJs(namePointer) ?? "")?.seen.size ?? 0;
      wasm.poke32(out, size > 0 ? 1 : 0);
      return SQLITE_OK;
    },
    xFullPathname(_vfs: number, namePointer: number, bytes: number, out: number) {
      return wasm.cstrncpy(out, namePointer, bytes) < 0 ? SQLITE_CANTOPEN : SQLITE_OK;
    },
    xRandomness(_vfs: number, bytes: number, out: number) {
      const { random } = host();
      const into = wasm.heap8u().subarray(out, out + bytes);
      for (let index = 0; index < bytes; index++) into[index] = random.int(256);
      return bytes;
    },
    xSleep: (_vfs: number, microseconds: number) => microseconds,
    xCurrentTimeInt64(_vfs: number, out: number) {
      wasm.poke64(out, BigInt(CALENDAR_EPOCH_MS + Math.round(host().nowMs())));
      return SQLITE_OK;
    },
    xGetLastError: () => SQLITE_OK,
  };
}
