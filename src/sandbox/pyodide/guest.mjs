// What runs in Deno around Python that was compiled to WebAssembly: it starts Python, and hands it one call. Requests come as
// lines of JSON on descriptor 0, replies go out on 1.
import { readSync, writeSync } from "node:fs";

const CHUNK_BYTES = 65_536;
const { Deno } = globalThis;
const { stringify, parse } = JSON;

let pending = Buffer.alloc(0);

function nextLine() {
  for (;;) {
    const end = pending.indexOf(10);
    if (end >= 0) {
      const line = pending.subarray(0, end).toString();
      pending = pending.subarray(end + 1);
      return line;
    }
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const length = readSync(0, chunk);
    if (length === 0) Deno.exit(0);
    pending = Buffer.concat([pending, chunk.subarray(0, length)]);
  }
}

function tell(line) {
  const bytes = new TextEncoder().encode(`${line}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}

const { folder, program, ...config } = parse(nextLine());
const { loadPyodide } = await import(`file://${folder}/pyodide.mjs`);
const silent = () => {};
const python = await loadPyodide({ indexURL: `${folder}/`, stdout: silent, stderr: silent });
python.globals.set("config", python.toPy(config));
python.runPython(program, { filename: "worker" });
const answerTo = python.globals.get("answer_to");
tell(stringify({ ready: true, version: python.runPython("'{}.{}.{}'.format(*sys.version_info[:3])") }));
// Python may wait for what it has begun: its coroutines run on a stack of their own.
tell(await answerTo.callPromising(nextLine()));
// Whoever started this ends it. It does not end by itself, or its end would come before what it said.
nextLine();
