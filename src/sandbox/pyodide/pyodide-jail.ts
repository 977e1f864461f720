import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../core/failure.ts";
import { isRecord, parseJson } from "../../core/json.ts";
import { createGate, type Gate, WAITING_MAX } from "../gate.ts";
import { JAIL_LIMITS, type Jail, MEGABYTE, type Worker, type WorkerAnswer, type WorkerCall } from "../jail.ts";
import { type Deno, startDeno } from "../js/deno-place.ts";
import { createStock, type Stock } from "../js/stock.ts";
import { CALL_PROGRAM } from "../python/python-program.ts";
import GUEST from "./guest.mjs" with { type: "text" };
import ONE_CALL from "./one-call.py" with { type: "text" };

/** The version of the package whose behaviour was looked at. */
const VERSION = "314.0.7";
/** Memory of a process, which buffers of JavaScript are counted in, and of Python in it, as pages of 64 KB. */
const DATA_BYTES = 1_280 * MEGABYTE;
const ENGINE_LIMITS = "--v8-flags=--max-old-space-size=256,--wasm-max-mem-pages=4096";
/** A boot takes three seconds of processor time, and more where others want that too. */
const READY_MS_MAX = 60_000;
/** Processes that are booted ahead: a boot takes seconds. */
const STOCK = 1;
/** Calls at once: each is a process of 200 MB. */
const AT_ONCE_MAX = 2;

/** What people call it. */
export const PYODIDE = "Pyodide in Deno";

/** Why a tool that needs more does not run there, as part of a sentence. */
export const STANDARD_LIBRARY_ALONE =
  "Python runs on this server in WebAssembly, with its standard library alone; bubblewrap and python3 on the server ('apt-get install bubblewrap python3') would have packages and the network";

/** Where Pyodide is, and what runs it. */
export interface PyodideOptions {
  readonly deno: Deno;
  /** The folder of its package of npm. */
  readonly folder: string;
  /** Permissions that a test gives it, to see that they are found, as Deno's command line has them. */
  readonly permissions?: readonly string[];
}

/** Looks at the folder that is set. Throws a `refused` Failure. */
export function findPyodide(folder: string | null): string {
  if (folder === null)
    throw new Failure(
      "refused",
      `Pyodide is not set; SELKIE_PYODIDE names the folder of the npm package pyodide@${VERSION}`,
    );
  const manifest = join(folder, "package.json");
  const found = existsSync(manifest) ? parseJson(readFileSync(manifest, "utf8")) : undefined;
  const { name, version } = isRecord(found) ? found : {};
  if (name !== "pyodide")
    throw new Failure("refused", `SELKIE_PYODIDE is ${folder}, which is not the npm package pyodide`);
  if (version !== VERSION)
    throw new Failure("refused", `SELKIE_PYODIDE is version ${version} of pyodide, and ${VERSION} is needed`);
  return realpathSync(folder);
}

/**
 * Python compiled to WebAssembly, in Deno that may read its folder and nothing else. Each call has a process of its own, which
 * was booted ahead. What opens a worker here gets one that is only the way to them.
 */
export function pyodideJail(options: PyodideOptions): Jail {
  const gate = createGate({ most: AT_ONCE_MAX, waitingMax: WAITING_MAX });
  const stock = createStock(() => boot(options), STOCK);
  const ways = new Set<() => void>();
  return {
    name: PYODIDE,
    async open({ network }) {
      if (network) throw new Failure("refused", STANDARD_LIBRARY_ALONE);
      const { promise: ended, resolve } = Promise.withResolvers<string>();
      const end = () => resolve("it was closed");
      ways.add(end);
      void ended.then(() => ways.delete(end));
      const close = async () => {
        end();
        if (ways.size === 0) await stock.empty();
      };
      return { hello: { ready: true }, ended, close, call: (call) => callOnce(gate, stock, call) };
    },
  };
}

async function callOnce(gate: Gate, stock: Stock, call: WorkerCall): Promise<WorkerAnswer> {
  const leave = await gate.enter(call.signal);
  if (leave === undefined) return { kind: "lost", how: "busy", reason: `${WAITING_MAX} calls wait already` };
  if (leave === null) return { kind: "lost", how: "cancelled", reason: "it was called off before it began" };
  let worker: Worker | undefined;
  try {
    ({ worker } = await stock.take());
    return await worker.call(call);
  } catch (error) {
    return { kind: "lost", how: "died", reason: error instanceof Error ? error.message : String(error) };
  } finally {
    void Promise.resolve(worker?.close()).then(() => {
      leave();
      if (gate.isIdle()) stock.refill();
    });
  }
}

function boot({ deno, folder, permissions = [] }: PyodideOptions): Promise<Worker> {
  const program = `${CALL_PROGRAM}\n\n${ONE_CALL}`;
  return startDeno({
    ...deno,
    guest: GUEST,
    readyMs: READY_MS_MAX,
    options: [ENGINE_LIMITS, `--allow-read=${folder}`, ...permissions],
    opening: {
      config: { folder, program, remedy: `; ${STANDARD_LIBRARY_ALONE}` },
      limits: { ...JAIL_LIMITS, addressBytes: null, dataBytes: DATA_BYTES },
    },
  });
}
