import { z } from "zod";
import type { OutsideAnswer } from "../../tools/runtime.ts";
import { plantCanary } from "../canary.ts";
import { JAIL_LIMITS, type Jail, type Worker } from "../jail.ts";
import { callPython, type PythonRequest } from "../python/python-call.ts";

/** How long a probe may take, unless it is there to be cut off: what is behind it may have to boot first. */
const PROBE_MS = 60_000;
const LOOP_MS = 300;

const Said = z.object({ done: z.array(z.string()), version: z.string() });

/** What was found out about a jail. */
export interface PyodideProof {
  /** What did not hold; empty where it was proved. */
  readonly faults: readonly string[];
  /** Which Python it is. */
  readonly version: string;
}

/**
 * Everything that must be refused, tried by Python's own means and by the runtime's below it, which Python can reach. It says
 * which attempts have succeeded.
 */
const ATTEMPTS = `
import os, socket, subprocess, sys
import js
from pyodide.ffi import run_sync

def attempts(canary, port, server):
    url = "http://127.0.0.1:{}/".format(port)
    address = js.JSON.parse('{"hostname":"127.0.0.1","port":' + str(port) + '}')
    for path in (canary, "/etc/passwd"):
        yield "it read a file of this machine", lambda: open(path).read()
        yield "it read a file of this machine", lambda: js.Deno.readTextFileSync(path)
    yield "it wrote outside of its own folder", lambda: js.Deno.writeTextFileSync(canary + ".out", "x")
    yield "it saw the environment of the server", lambda: os.environ["PATH"]
    yield "it saw the environment of the server", lambda: js.Deno.env.toObject()
    yield "it reached a server of this machine", lambda: run_sync(js.Deno.connect(address))
    yield "it reached a server of this machine", lambda: run_sync(js.fetch(url))
    yield "it reached a server of this machine", lambda: socket.create_connection(("127.0.0.1", port), 2).recv(1)
    yield "it started a program", lambda: subprocess.run(["/bin/true"])
    yield "it started a program", lambda: js.Deno.Command.new("/bin/true").outputSync()
    yield "it sent the server a signal", lambda: js.Deno.kill(server, "SIGCONT")
    yield "it made a process", lambda: os.fork()
    yield "it found what another call had left", kept

def kept():
    there = js.localStorage.length
    js.localStorage.setItem("left", "1")
    if there == 0: raise LookupError("nothing is left")

def probe(canary: str, port: int, server: int):
    done = []
    for what, attempt in attempts(canary, port, server):
        try: attempt()
        except BaseException: continue
        done.append(what)
    return {"done": done, "version": "{}.{}.{}".format(*sys.version_info[:3])}
`;
const LOOP = "def probe():\n    while True: pass\n";
const HOARD = `
import js
def probe():
    kept = []
    try:
        for _ in range(64): kept.append(bytearray(1 << 26))
        return "all that it asked for"
    except MemoryError: pass
    kept.clear()
    for _ in range(24):
        piece = js.Uint8Array.new(1 << 26)
        piece.fill(1)
        kept.append(piece)
`;

/** Tries in it what a jail is there to prevent, against things of the server that were set out for it. Rejects never. */
export async function provePyodide(jail: Jail): Promise<PyodideProof> {
  const canary = plantCanary();
  let worker: Worker | undefined;
  try {
    worker = await jail.open(NOTHING);
    const args = { canary: canary.file, port: canary.port, server: process.pid };
    // Twice, for the second one is to find what the first one has left.
    const tries = [await attempted(worker, args), await attempted(worker, args)];
    const seen = [...tries.flatMap(({ faults }) => faults), ...canary.touched()];
    return {
      faults: seen.length > 0 ? [...new Set(seen)] : await limitsOf(worker),
      version: tries[0]?.version ?? "",
    };
  } catch (error) {
    return { faults: [error instanceof Error ? error.message : String(error)], version: "" };
  } finally {
    await worker?.close();
    await canary.close();
  }
}

async function attempted(worker: Worker, args: PythonRequest["args"]): Promise<PyodideProof> {
  const answer = await tried(worker, { source: ATTEMPTS, args });
  const said = Said.safeParse(answer.status === "success" ? answer.value : undefined);
  if (!said.success) return { faults: [`its probe did not answer: ${told(answer)}`], version: "" };
  return { faults: said.data.done, version: said.data.version };
}

async function limitsOf(worker: Worker): Promise<readonly string[]> {
  const looped = await tried(worker, { source: LOOP, timeoutMs: LOOP_MS });
  const hoarded = await tried(worker, { source: HOARD });
  return [
    ...(looped.status === "unknown" ? [] : ["it went on past its time"]),
    ...(hoarded.status === "success" ? ["it took any memory"] : []),
  ];
}

function told(answer: OutsideAnswer): string {
  return answer.status === "unknown" ? answer.reason : answer.text;
}

/** It gets nothing but what it has by itself. */
const NOTHING: Parameters<Jail["open"]>[0] = {
  command: [],
  binds: [],
  environment: {},
  config: {},
  limits: JAIL_LIMITS,
  network: false,
  processes: false,
  proc: false,
  cancel: "kill",
};

function tried(worker: Worker, probe: Partial<PythonRequest> & Pick<PythonRequest, "source">): Promise<OutsideAnswer> {
  return callPython(worker, {
    name: "probe",
    args: {},
    schema: null,
    agent: null,
    environment: {},
    typed: true,
    timeoutMs: PROBE_MS,
    charsMax: 10_000,
    signal: new AbortController().signal,
    ...probe,
  });
}
