// What stands around foreign code inside the interpreter, and all that it can reach of it: it gives what the language does not
// have by itself, a console and the variables of the call, and turns what comes of a call into text. It shares a realm with
// the foreign code, so it keeps what it needs of the language before that can replace it.
const { parse, stringify } = JSON;
const { isArray } = Array;
const { getPrototypeOf, keys, prototype } = Object;
const ownName = prototype.toString;
const print = globalThis.selkie_print;
delete globalThis.selkie_print;

/** How deep what is printed is shown, how many things of each, and how much of a text. */
const DEPTH_MAX = 4;
const ITEMS_MAX = 101;
const TEXT_CHARS_MAX = 10_000;
/** Characters of returned images, with the words beside them. */
const PARTS_CHARS_MAX = 8 * 1024 * 1024;

// ---- What foreign code prints

/** A value as JSON can carry it out, for what prints it there: a pair of what it is and what it holds. */
function shown(value, above) {
  if (value === null || typeof value === "boolean") return ["plain", value];
  if (typeof value === "string") return ["plain", value.slice(0, TEXT_CHARS_MAX)];
  if (typeof value === "symbol") return ["symbol", String(value.description)];
  if (typeof value === "function") return ["function", String(value.name)];
  if (typeof value !== "object") return [typeof value, String(value)];
  return above.includes(value) ? ["words", "[Circular]"] : shownObject(value, above);
}

function shownObject(value, above) {
  if (value instanceof Error) return ["words", storyOf(value)];
  if (value instanceof Date) return ["date", value.getTime()];
  if (value instanceof RegExp) return ["words", String(value)];
  if (ArrayBuffer.isView(value)) return ["words", `${className(value)}(${value.byteLength}) [...]`];
  if (above.length >= DEPTH_MAX) return ["words", isArray(value) ? "[Array]" : "[Object]"];
  const inside = [...above, value];
  const list = (items) => items.map((item) => shown(item, inside));
  if (isArray(value)) return ["array", list(value.slice(0, ITEMS_MAX)), value.length];
  if (value instanceof Set) return ["set", list(firstOf(value))];
  if (value instanceof Map) return ["map", firstOf(value).map(list)];
  const fields = keys(value).slice(0, ITEMS_MAX);
  return ["object", fields.map((key) => [key, shown(value[key], inside)]), className(value)];
}

function firstOf(collection) {
  const items = [];
  for (const item of collection) if (items.push(item) === ITEMS_MAX) break;
  return items;
}

function className(value) {
  const made = getPrototypeOf(value);
  if (made === null) return "";
  return typeof made.constructor === "function" ? String(made.constructor.name) : ownName.call(value).slice(8, -1);
}

function storyOf(error) {
  const stack = typeof error.stack === "string" ? error.stack.trimEnd() : "";
  return `${String(error.name)}: ${String(error.message)}${stack === "" ? "" : `\n${stack}`}`;
}

function printing(where) {
  let isFull = false;
  return (...values) => {
    // What is printed when nothing is kept any more costs nothing.
    if (!isFull) isFull = print(where, stringify(values.map((value) => shown(value, []))));
  };
}

const [out, err] = [printing("stdout"), printing("stderr")];
globalThis.console = { log: out, info: out, debug: out, dir: out, table: out, warn: err, error: err, trace: err };
globalThis.queueMicrotask = (job) => void Promise.resolve().then(job);

/** The variables of the call. */
export function setEnvironment(text) {
  globalThis.process = { env: parse(text) };
}

// ---- A call and what comes of it

let outcome = null;

/** Calls the tool's function with its arguments by place. */
export function call(namespace, requestText) {
  const { args, ...wanted } = parse(requestText);
  called(namespace, args).then(
    (value) => {
      outcome = told(() => answerOf(value, wanted));
    },
    (error) => {
      outcome = told(() => errorOf(error));
    },
  );
}

async function called(namespace, given) {
  const { selkie_called: tool } = await namespace;
  if (typeof tool !== "function") throw new Error("The source has no function of the tool's name");
  return tool(...given.map((each) => (each === null ? undefined : each[0])));
}

/** What came of it as JSON; null while that is still to come. */
export function result() {
  return outcome;
}

/** What is thrown, as JSON. */
export function thrown(error) {
  return told(() => errorOf(error));
}

function told(answer) {
  try {
    return stringify(answer());
  } catch (error) {
    try {
      return stringify(errorOf(error));
    } catch {
      return '{"error":"Error: it has used up its memory, or threw something that cannot be told","trace":""}';
    }
  }
}

function answerOf(value, { textMax, typed }) {
  const text = textOf(value);
  const parts = partsOf(value, text);
  const whole = typed ? { value: typeof value === "string" ? value : parse(text) } : {};
  return { __proto__: null, text: text.slice(0, textMax), ...(parts === undefined ? {} : { parts }), ...whole };
}

function textOf(value) {
  if (typeof value === "string") return value;
  return stringify(value ?? null, (_, each) => (typeof each === "bigint" ? String(each) : each)) ?? "null";
}

/** The parts of a value where it is one or a list of them and there is an image; undefined for any other. */
function partsOf(value, text) {
  const parts = isArray(value) ? value : [value];
  if (!parts.some((part) => part?.type === "image" || part?.type === "image_url")) return undefined;
  if (text.length > PARTS_CHARS_MAX) throw new Error(`It returned images of more than ${PARTS_CHARS_MAX} characters`);
  return parse(text);
}

function errorOf(error) {
  // So it is when there is not even memory left for an error.
  if (error === null)
    return { __proto__: null, error: "Error: null was thrown, as it is when memory is used up", trace: "" };
  const isError = error instanceof Error;
  const what = isError ? `${error.name}: ${error.message}` : `Error: ${textOf(error)}`;
  return { __proto__: null, error: what, trace: isError ? storyOf(error) : what };
}
