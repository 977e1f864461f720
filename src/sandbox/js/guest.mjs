// What runs inside a jail beside foreign code, and by itself: it imports nothing of the server. Requests come as lines of
// JSON on descriptor 3, replies go out on 4; in Deno, which gives code no others, on 0 and 1. One process takes code once, and
// calls it as often as it is asked to.
import { mkdtempSync, read, readSync, writeFileSync, writeSync } from "node:fs";
import { format } from "node:util";

const { Deno } = globalThis;
const [REQUESTS, REPLIES] = Deno === undefined ? [3, 4] : [0, 1];
const CHUNK_BYTES = 65_536;
/** What one call of a module may answer. */
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;
/** Characters of returned images, with the words beside them. */
const PARTS_CHARS_MAX = 8 * 1024 * 1024;
/** How an object that is a tool is called, what is best first. */
const CALLED_BY = ["invoke", "func", "_call"];
/** Characters of an error that are told. */
const ERROR_CHARS_MAX = 1_000;

// Foreign code shares this realm. What it overwrites there must not be able to keep its own call from being answered.
const { parse, stringify } = JSON;
const decoder = new TextDecoder();
const encoder = new TextEncoder();
const exit = process.exit.bind(process);

let pending = Buffer.alloc(0);

function lineFrom(buffer) {
  const end = buffer.indexOf(10);
  if (end < 0) return undefined;
  pending = buffer.subarray(end + 1);
  return parse(buffer.subarray(0, end).toString());
}

/** The next line, while nothing else runs here: a module's host function has to answer before it returns. */
function nextLineNow() {
  for (;;) {
    const line = lineFrom(pending);
    if (line !== undefined) return line;
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const length = readNow(chunk);
    if (length === 0) exit(0);
    pending = Buffer.concat([pending, chunk.subarray(0, length)]);
  }
}

function readNow(chunk) {
  for (;;) {
    try {
      return readSync(REQUESTS, chunk);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** The next line, while foreign code may go on. */
async function nextLine() {
  for (;;) {
    const line = lineFrom(pending);
    if (line !== undefined) return line;
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const length = await new Promise((resolve) =>
      read(REQUESTS, chunk, 0, CHUNK_BYTES, null, (_, count) => resolve(count ?? 0)),
    );
    if (length === 0) exit(0);
    pending = Buffer.concat([pending, chunk.subarray(0, length)]);
  }
}

function tell(message) {
  const bytes = encoder.encode(`${stringify(message)}\n`);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(REPLIES, bytes, at);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

// ---- What foreign code prints

const printed = { stdout: "", stderr: "" };
let printedMax = 0;

function print(where, text) {
  if (printed[where].length < printedMax) printed[where] += String(text).slice(0, printedMax - printed[where].length);
}

function capture() {
  for (const name of ["log", "info", "debug", "dir", "table"])
    console[name] = (...values) => print("stdout", `${format(...values)}\n`);
  for (const name of ["warn", "error", "trace"])
    console[name] = (...values) => print("stderr", `${format(...values)}\n`);
  for (const where of ["stdout", "stderr"])
    process[where].write = (text, encoding, done) => {
      print(where, typeof text === "string" ? text : decoder.decode(text));
      const then = typeof encoding === "function" ? encoding : done;
      if (typeof then === "function") queueMicrotask(then);
      return true;
    };
}

// ---- What foreign code may ask of the server

const asked = new Map();
let askedCount = 0;
let listening;
/** Requests that came while answers were waited for. */
const requested = [];

/** Asks the server for something while foreign code may go on. */
function ask(request) {
  const id = ++askedCount;
  return new Promise((resolve) => {
    asked.set(id, resolve);
    tell({ ask: id, ...request });
    listening ??= listen();
  });
}

async function listen() {
  while (asked.size > 0) {
    const line = await nextLine();
    const { answer, ...given } = line;
    if (answer === undefined) requested.push(line);
    asked.get(answer)?.(given);
    asked.delete(answer);
  }
  listening = undefined;
}

function askNow(request) {
  const id = ++askedCount;
  tell({ ask: id, ...request });
  const { answer: _, ...given } = nextLineNow();
  return given;
}

/** Statuses of answers that cannot have a body. */
const NO_BODY = [101, 204, 205, 304];

function offerFetch(refusal) {
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    if (refusal !== undefined) throw new TypeError(`fetch failed: ${refusal}`);
    const body = Buffer.from(await request.arrayBuffer()).toString("base64");
    const { url, method, redirect } = request;
    const given = await ask({ op: "fetch", request: { url, method, redirect, headers: [...request.headers], body } });
    if (given.error !== undefined) throw new TypeError(`fetch failed: ${given.error}`);
    const { status, statusText, headers, ...rest } = given.value;
    const bytes = NO_BODY.includes(status) ? null : Buffer.from(rest.body, "base64");
    const response = new Response(bytes, { status, statusText, headers });
    return Object.defineProperties(response, { url: { value: rest.url }, redirected: { value: rest.redirected } });
  };
}

/** What a plugin in TypeScript is given beside its input. */
const host = {
  log: (message) => ask({ op: "log", message: String(message) }).then(granted),
  secret: (name) => ask({ op: "secret", name: String(name) }).then(granted),
  recall: (query, limit) => ask({ op: "recall", query: String(query), limit }).then(granted),
};

function granted(given) {
  if (given.error !== undefined) throw new Error(given.error);
  return given.value;
}

// ---- Code in TypeScript or JavaScript

async function loadScript({ source, name }) {
  // What is not exported is called too.
  const whole = name === undefined ? source : `${source}\n;export { ${name} as selkie_called };\n`;
  if (Deno !== undefined) return import(URL.createObjectURL(new Blob([whole], { type: "application/typescript" })));
  // A folder of its own: names in one that was looked at before are taken from a list that does not know the new file.
  const folder = mkdtempSync("/tmp/tool-");
  const file = `${folder}/tool.ts`;
  writeFileSync(file, whole);
  return import(file);
}

function setEnvironment(environment) {
  // There it is not to be read at all.
  if (Deno !== undefined) return Object.defineProperty(process, "env", { value: { ...environment } });
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environment);
}

/** A tool: its function is called with its arguments by place, or what LangChain made with its arguments by name. */
async function callTool(module, { args, made, textMax, typed }) {
  const object = made === undefined ? undefined : madeTool(module, made.name);
  const called = object === undefined ? module.selkie_called : () => invoked(object, made.args);
  if (typeof called !== "function") throw new Error("The source has no function of the tool's name");
  const value = await called(...args.map((given) => (given === null ? undefined : given[0])));
  const text = textOf(value);
  const parts = partsOf(value, text);
  const whole = typed === true ? { value: typeof value === "string" ? value : parse(text) } : {};
  return { text: text.slice(0, textMax), ...(parts === undefined ? {} : { parts }), ...whole };
}

/** The tool of this name that a source exports, itself or as a class of it, else its default one; undefined where there is none. */
function madeTool(module, name) {
  const values = Object.values(module);
  const isNamed = (each) => isMade(each) && each.name === name;
  const own =
    values.find(isNamed) ??
    values
      .filter(isToolClass)
      .map((each) => Reflect.construct(each, []))
      .find(isNamed);
  if (own !== undefined) return own;
  const preferred = isToolClass(module.default) ? Reflect.construct(module.default, []) : module.default;
  return isMade(preferred) ? preferred : undefined;
}

function isMade(value) {
  return typeof value === "object" && value !== null && CALLED_BY.some((name) => typeof value[name] === "function");
}

function isToolClass(value) {
  return typeof value === "function" && isMade(value.prototype);
}

/** What a tool that LangChain made answers: of content with an artifact, and of a message, what the model is told. */
async function invoked(made, args) {
  const by = CALLED_BY.find((name) => typeof made[name] === "function");
  const value = await made[by](args);
  if (by !== "invoke" && made.responseFormat === "content_and_artifact" && Array.isArray(value)) return value[0];
  return typeof value?._getType === "function" ? value.content : value;
}

/** The parts of a value where it is one or a list of them and there is an image; undefined for any other. */
function partsOf(value, text) {
  const parts = Array.isArray(value) ? value : [value];
  if (!parts.some((part) => part?.type === "image" || part?.type === "image_url")) return undefined;
  if (text.length > PARTS_CHARS_MAX) throw new Error(`It returned images of more than ${PARTS_CHARS_MAX} characters`);
  return parse(text);
}

function textOf(value) {
  if (typeof value === "string") return value;
  return stringify(value ?? null, (_, each) => (typeof each === "bigint" ? String(each) : each)) ?? "null";
}

/** A plugin: `call` with its input, and the manifest that it exports. */
async function callScriptPlugin(module, { describes, input }) {
  if (describes === true) return { value: module.manifest };
  const value = await module.call(input, host);
  return Array.isArray(input.texts) ? { floats: floatsOf(value) } : { value: value ?? null };
}

function floatsOf(vectors) {
  const isList = Array.isArray(vectors) && vectors.every((vector) => vector?.length === vectors[0].length);
  if (!isList) throw new Error("An embedder answers a list with a vector for each text, all of one length");
  const floats = new Float32Array(vectors.flatMap((vector) => [...vector]));
  return Buffer.from(floats.buffer).toString("base64");
}

// ---- Code in WebAssembly

function instanceOf(module) {
  const instance = new WebAssembly.Instance(module, { selkie: { host: (at, length) => answerHost(at, length) } });
  const { memory, alloc, call, describe } = instance.exports;
  return { memory, call, describe, put };

  /** Copies bytes into the module's memory, where it made room for them. */
  function put(bytes) {
    const at = alloc(bytes.length) >>> 0;
    if (at + bytes.length > memory.buffer.byteLength) throw new Error("alloc() gave a place outside of the memory");
    new Uint8Array(memory.buffer).set(bytes, at);
    return at;
  }

  function answerHost(at, length) {
    const answer = encoder.encode(stringify(askNow(parse(decoder.decode(taken(memory, at >>> 0, length >>> 0))))));
    return (BigInt(put(answer)) << 32n) | BigInt(answer.length);
  }
}

/** Bytes of a module's memory, copied: it may grow, and what is looked at would be gone. */
function taken(memory, at, length) {
  if (length > ANSWER_BYTES_MAX) throw new Error(`It gave ${length} bytes; up to ${ANSWER_BYTES_MAX} are taken`);
  if (at + length > memory.buffer.byteLength) throw new Error("It gave a place outside of its memory");
  return new Uint8Array(new Uint8Array(memory.buffer, at, length));
}

function takenFrom(memory, packed) {
  if (typeof packed !== "bigint") throw new Error("It gave no 64-bit number");
  const both = BigInt.asUintN(64, packed);
  return taken(memory, Number(both >> 32n), Number(both & 0xffff_ffffn));
}

function callWasm(loaded, { describes, input, keeps }) {
  const instance = loaded.kept ?? instanceOf(loaded.module);
  if (keeps === true) loaded.kept = instance;
  if (describes === true) return { value: parse(decoder.decode(takenFrom(instance.memory, instance.describe()))) };
  const isEmbedder = Array.isArray(input.texts);
  const bytes = isEmbedder ? listed(input.texts) : encoder.encode(stringify(input));
  const answer = takenFrom(instance.memory, instance.call(instance.put(bytes), bytes.length));
  return isEmbedder ? { floats: Buffer.from(answer).toString("base64") } : { value: parse(decoder.decode(answer)) };
}

/** Texts as an embedder reads them: how many there are, then each with its length before it. */
function listed(texts) {
  const all = texts.map((text) => encoder.encode(text));
  const bytes = new Uint8Array(4 + all.reduce((sum, text) => sum + 4 + text.length, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, all.length, true);
  let at = 4;
  for (const text of all) {
    view.setUint32(at, text.length, true);
    bytes.set(text, at + 4);
    at += 4 + text.length;
  }
  return bytes;
}

// ---- One request after the other

let loaded;

/** Code comes with the first request that needs it. */
async function load({ language, code, name, environment, noNetwork }) {
  setEnvironment(environment ?? {});
  offerFetch(noNetwork);
  if (language === "wasm") return { module: await WebAssembly.compile(Buffer.from(code, "base64")) };
  return { script: await loadScript({ source: code, name }) };
}

async function answerTo(request) {
  if (request.code !== undefined) loaded = await load(request);
  if (loaded.module !== undefined) return callWasm(loaded, request);
  return request.args === undefined ? callScriptPlugin(loaded.script, request) : callTool(loaded.script, request);
}

/** What a first call would wait for otherwise, as the runtime gets its parts when they are used. */
async function warm() {
  printedMax = 0;
  console.log({ a: [1] }, "b");
  const { selkie_called } = await loadScript({ source: "const f = async (a: number) => [a]", name: "f" });
  textOf(await selkie_called(1));
  errorOf(new Error("none"));
}

function errorOf(error) {
  try {
    const isError = error instanceof Error;
    // Of a source that does not parse, the first mistake says more than that there are some.
    if (error instanceof AggregateError && error.errors.length > 0) return errorOf(error.errors[0]);
    const what = inItsWords(isError ? `${error.name}: ${error.message}` : `Error: ${textOf(error)}`);
    const stack = isError && typeof error.stack === "string" ? inItsWords(error.stack) : what;
    if (printed.stderr.length < printedMax) print("stderr", `${stack}\n`);
    return what.slice(0, ERROR_CHARS_MAX);
  } catch {
    return "Error: it threw something that cannot be told";
  }
}

/** What Deno says, with the names that things have for whoever wrote the tool. */
function inItsWords(text) {
  if (Deno === undefined) return text;
  return text
    .replaceAll(/^ *at .*data:application\/javascript.*\n?/gm, "")
    .replaceAll(/blob:null\/[\w-]+/g, "tool.ts")
    .replace(/^TypeError: Import "([^"]+)" not a dependency/, "Error: Cannot find package '$1'")
    .trimEnd();
}

/** Nobody ends this process when its server is gone, unless it ends itself. */
function endWithServer() {
  const server = Deno.ppid;
  const watch = setInterval(() => Deno.ppid !== server && exit(0), 5_000);
  if (typeof watch === "number") Deno.unrefTimer(watch);
  else watch.unref();
}

if (Deno !== undefined) endWithServer();
capture();
const { isForScripts } = nextLineNow();
if (isForScripts) await warm();
tell({ ready: true });
for (;;) {
  // What code has asked for and not waited for is answered first.
  await listening;
  const request = requested.shift() ?? nextLineNow();
  printed.stdout = "";
  printed.stderr = "";
  printedMax = request.printedMax ?? 0;
  let answer;
  try {
    answer = await answerTo(request);
  } catch (error) {
    answer = { error: errorOf(error) };
  }
  tell({ id: request.id, ...answer, ...printed });
}
