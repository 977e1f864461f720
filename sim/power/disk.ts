import { remainsOf, type TableRows } from "../judge/rows.ts";
import type { DiskOptions, SimDisk } from "../world/disk.ts";
import { connectTo, type WasmConnection } from "./connection.ts";
import { type Engine, loadEngine } from "./engine.ts";
import { createPowerFiles, type PowerFiles } from "./files.ts";
import { DATABASE, LOG, type PowerProcess, startProcess } from "./process.ts";
import { createTrouble, type PowerMutant } from "./trouble.ts";
import type { Host } from "./vfs.ts";

/** Changed rows after which the log is copied into the database file, at least; at most it is some times as many. */
const CHECKPOINT_ROWS_MIN = 3;
const CHECKPOINT_ROWS_SPAN = 50;

/** Loads SQLite, and gives what makes {@link createPowerDisk}s on it. */
export async function loadPowerDisk(mutant?: PowerMutant): Promise<(disk: DiskOptions) => SimDisk> {
  const engine = await loadEngine();
  return (disk) => createPowerDisk(engine, disk, mutant);
}

/**
 * A disk whose machine may lose its power at any write and any sync: of each file it keeps what was synced, and of the
 * rest any part.
 */
function createPowerDisk(engine: Engine, disk: DiskOptions, mutant: PowerMutant | undefined): SimDisk {
  const random = disk.random.fork("power");
  const files = createPowerFiles(random.fork("files"));
  const trouble = createTrouble({ ...disk, random, mutant, losePower: files.losePower });
  const host: Host = {
    files,
    random: random.fork("salts"),
    nowMs: disk.scheduler.nowMs,
    isOn: trouble.isOn,
    outcomeOf: (operation, name) => trouble.outcomeOf(operation, name === LOG),
    failureOfRead: (name) => trouble.failureOfRead(name === LOG),
  };
  if (disk.image !== undefined) addFile(files, DATABASE, disk.image);
  const checkpointRows = Math.round(CHECKPOINT_ROWS_MIN * CHECKPOINT_ROWS_SPAN ** random.fraction());
  const found: string[] = [];
  let running: PowerProcess | undefined;
  let commits = 0;

  function leave(): void {
    running?.leave();
    running = undefined;
  }

  function look<T>(at: (connection: WasmConnection) => T, unreadable: (error: unknown) => T): T {
    leave();
    trouble.begin();
    try {
      const connection = connectTo(() => engine.open(DATABASE, host));
      try {
        return at(connection);
      } finally {
        // Nothing that it does changes the files any more.
        trouble.end();
        connection.close();
      }
    } catch (error) {
      return unreadable(error);
    }
  }

  return {
    open(incarnation, ended) {
      leave();
      const opened = (connection: WasmConnection) => found.push(...problemsOf(connection));
      const committed = () => {
        commits++;
      };
      const made = { engine, disk, random, host, trouble, checkpointRows, incarnation, opened, committed, ended };
      running = startProcess(made);
      return running.database;
    },
    // Its connection has the files for itself.
    mayPause: () => false,
    refuses: true,
    release: leave,
    kill: leave,
    losePower() {
      files.losePower();
      leave();
    },
    commits: () => commits,
    remains(gone) {
      const { problems, ...remains } = look(
        (connection) => ({ ...remainsOf(rowsOf(connection), gone), problems: problemsOf(connection) }),
        (error) => ({ hash: "unreadable", holding: [], problems: [String(error)] }),
      );
      return { ...remains, problems: [...found, ...problems] };
    },
    remove: leave,
  };
}

/** A file that no loss of power changes. */
function addFile(files: PowerFiles, name: string, bytes: Uint8Array): void {
  const inode = files.create(name);
  files.write(inode, 0, bytes);
  files.sync(inode);
  files.syncDirectory();
}

function problemsOf(connection: WasmConnection): readonly string[] {
  const checked = connection.execute("pragma integrity_check", []).rows.map((row) => String(row["integrity_check"]));
  const dangling = connection.execute("pragma foreign_key_check", []).rows;
  return [
    ...checked.filter((text) => text !== "ok"),
    ...dangling.map((row) => `A key leads nowhere: ${JSON.stringify(row)}`),
  ];
}

function* rowsOf(connection: WasmConnection): Generator<TableRows> {
  const { rows } = connection.execute("select name from sqlite_master where type = 'table' order by name", []);
  for (const { name } of rows) {
    const all = connection.execute(`select * from "${name}"`, []).rows;
    yield [String(name), all.map((row) => JSON.stringify(row, asText))];
  }
}

/** Whole numbers beyond 2^53 are no JSON. */
function asText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
