import type { OutsideAnswer } from "../../tools/runtime.ts";
import { type Canary, plantCanary } from "../canary.ts";
import type { Jail, Worker } from "../jail.ts";
import type { Python } from "./find-python.ts";
import { callPython } from "./python-call.ts";
import { pythonOpening } from "./python-opening.ts";

/** How long one probe may take, unless it is there to be cut off. */
const PROBE_MS = 10_000;
const LOOP_MS = 300;

/** Something that a tool tries, and what must come of it. */
interface Probe {
  /** What was seen when it does not hold, as people read it. */
  readonly fault: string;
  readonly source: string;
  readonly holds: (answer: OutsideAnswer, canary: Canary) => boolean;
  readonly timeoutMs?: number;
}

/** What is tried in a jail. */
export interface ProofWish {
  readonly jail: Jail;
  readonly python: Python;
  readonly arch: string;
  /** Whether a jail with a network of its own is tried as well, for tools that may reach hosts. */
  readonly network: boolean;
}

/**
 * Tries in a jail what it is there to prevent, against things of the server that were set out for it. Returns what did not
 * hold: nothing of a jail that can be used. Rejects when its worker does not start.
 */
export async function provePython(wish: ProofWish): Promise<readonly string[]> {
  const canary = plantCanary();
  try {
    const faults = await faultsOf(wish, canary, { probes: probes(canary), network: false });
    if (!wish.network) return faults;
    return [...faults, ...(await faultsOf(wish, canary, { probes: networkProbes(canary), network: true }))];
  } finally {
    await canary.close();
  }
}

async function faultsOf(
  { jail, python, arch }: ProofWish,
  canary: Canary,
  { probes, network }: { readonly probes: readonly Probe[]; readonly network: boolean },
): Promise<readonly string[]> {
  const opening = pythonOpening({ python, arch, packages: null, proxy: null });
  const worker = await jail.open({ ...opening, network });
  try {
    const faults: string[] = [];
    for (const probe of probes) if (!probe.holds(await tried(worker, probe), canary)) faults.push(probe.fault);
    return [...faults, ...canary.touched().filter((fault) => !faults.includes(fault))];
  } finally {
    await worker.close();
  }
}

function tried(worker: Worker, { source, timeoutMs = PROBE_MS }: Probe): Promise<OutsideAnswer> {
  return callPython(worker, {
    source,
    name: "probe",
    args: {},
    schema: null,
    agent: null,
    environment: {},
    typed: false,
    timeoutMs,
    charsMax: 1_000_000,
    signal: new AbortController().signal,
  });
}

/** Whether it was refused where it tried. */
function failed(answer: OutsideAnswer): boolean {
  return answer.status === "error";
}

function said(text: string): (answer: OutsideAnswer) => boolean {
  return (answer) => answer.status === "success" && answer.text === text;
}

function cut(answer: OutsideAnswer): boolean {
  return answer.status === "unknown";
}

/** A function with this body. */
function tool(body: string): string {
  return `def probe():\n${body.replaceAll(/^/gm, "    ")}\n`;
}

function probes(canary: Canary): readonly Probe[] {
  const { pid } = process;
  return [...reaching(canary, pid), ...taking(), ...answering()];
}

/** What a tool must not reach. */
function reaching({ file, folder, port }: Canary, pid: number): readonly Probe[] {
  return [
    {
      fault: "it read a file of this machine",
      source: tool(`return open(${JSON.stringify(file)}).read()`),
      holds: failed,
    },
    {
      fault: "it wrote outside of its own folder",
      source: tool(`open(${JSON.stringify(`${folder}/written`)}, "w").write("x")`),
      holds: failed,
    },
    {
      fault: "it saw the environment of a process of this machine",
      source: tool(`return [open(f"/proc/{pid}/environ").read() for pid in (1, ${pid})]`),
      holds: failed,
    },
    {
      fault: "it saw processes of this machine",
      source: tool(
        'import os\ntry: return len([name for name in os.listdir("/proc") if name.isdigit()])\nexcept OSError: return 0',
      ),
      holds: said("0"),
    },
    { fault: "it made a socket", source: tool("import socket\nsocket.socket()"), holds: failed },
    {
      fault: "it reached a server of this machine",
      source: tool(`import socket\nsocket.create_connection(("127.0.0.1", ${port}), 2)`),
      holds: failed,
    },
    {
      fault: "it started a program",
      source: tool('import subprocess\nreturn subprocess.run(["/bin/true"]).returncode'),
      holds: failed,
    },
    { fault: "it became another program", source: tool('import os\nos.execv("/bin/true", ["true"])'), holds: failed },
    { fault: "it sent the server a signal", source: tool(`import os\nos.kill(${pid}, 0)`), holds: failed },
    {
      fault: "it made memory that outlives it",
      source: tool(
        "import ctypes\nlibc = ctypes.CDLL(None)\nreturn [libc.shmget(0, 4096, 0o1600), libc.semget(0, 1, 0o1600), libc.msgget(0, 0o1600)]",
      ),
      holds: said("[-1, -1, -1]"),
    },
    {
      fault: "it made a namespace",
      source: tool("import ctypes\nreturn ctypes.CDLL(None).unshare(0x10000000)"),
      holds: said("-1"),
    },
  ];
}

/** What a tool must not take. */
function taking(): readonly Probe[] {
  return [
    { fault: "it took 4 GB of memory", source: tool("len(bytes(4 << 30))"), holds: failed },
    { fault: "it went on past its time", source: tool("while True: pass"), holds: cut, timeoutMs: LOOP_MS },
    {
      fault: "it forked",
      source: tool(
        "import os\ncount = 0\nfor _ in range(200):\n    try:\n        if os.fork() == 0: os._exit(0)\n        count += 1\n    except OSError: pass\nreturn count",
      ),
      holds: said("0"),
    },
    {
      fault: "it wrote a file of any size",
      source: tool(
        'import os\nwith open("big", "wb") as file:\n    for _ in range(64): file.write(bytes(1 << 20))\n    file.flush()',
      ),
      holds: failed,
    },
    {
      fault: "it wrote into the devices",
      source: tool(
        'count = 0\nfor place in ("/dev", "/dev/shm"):\n    try: open(place + "/probe", "w"); count += 1\n    except OSError: pass\nreturn count',
      ),
      holds: said("0"),
    },
  ];
}

/** What must be answered whatever a tool does, and must be the tool's own. */
function answering(): readonly Probe[] {
  return [
    {
      fault: "what it printed was not cut",
      source: tool('for _ in range(2000): print("x" * 10000)\nreturn 1'),
      holds: (answer) => said("1")(answer) && "stdout" in answer && (answer.stdout[0]?.length ?? 0) < 100_000,
    },
    {
      fault: "a large result was lost",
      source: tool('return "x" * 10000000'),
      holds: (answer) => answer.status === "success" && answer.text.length === 1_000_000,
    },
    { fault: "a number that JSON lacks was lost", source: tool('return float("nan")'), holds: said("nan") },
    { fault: "half a character was lost", source: tool(String.raw`return "a\ud800"`), holds: said("a?") },
    { fault: "nothing was lost", source: tool("pass"), holds: said("None") },
    { fault: "its end was not noticed", source: tool("import os\nos._exit(3)"), holds: cut },
    { fault: "its exit was not an error", source: tool("raise SystemExit(3)"), holds: failed },
    { fault: "its abort was not noticed", source: tool("import os\nos.abort()"), holds: cut },
    {
      fault: "it changed what others find",
      source: tool('import json\njson.dumps = None\nopen("left", "w").write("x")'),
      holds: (answer) => answer.status === "success",
    },
    {
      fault: "it found what another call had left",
      source: tool('import json, os\nreturn [json.dumps is None, os.path.exists("left")]'),
      holds: said("[False, False]"),
    },
  ];
}

/** A tool that may make sockets has a network of its own, and nothing is in it. */
function networkProbes({ port }: Canary): readonly Probe[] {
  return [
    {
      fault: "it reached a server of this machine",
      source: tool(`import socket\nsocket.create_connection(("127.0.0.1", ${port}), 2)`),
      holds: failed,
    },
  ];
}
