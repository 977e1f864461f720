import { readFileSync } from "node:fs";
import WASM from "@jitl/quickjs-wasmfile-release-sync/wasm" with { type: "file" };
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
} from "quickjs-emscripten-core";
import { MEGABYTE } from "../jail.ts";
import { refuseImport } from "./missing.ts";
import PRELUDE from "./prelude.mjs" with { type: "text" };
import { printedLine } from "./printed.ts";

/** Memory of the interpreter with all that is in it. */
export const MEMORY_BYTES = 64 * MEGABYTE;
/** What it begins with: less than it was built for it does not take. */
const FIRST_BYTES = 16 * MEGABYTE;
const PAGE_BYTES = 65_536;
/** How deep functions may call one another, in bytes of the interpreter's own stack. */
const STACK_BYTES = 256 * 1024;
/** Jobs of promises that run before the time is looked at. */
const JOBS_AT_ONCE = 1_000;

/** Its own package names the same two modules, in a way that is not typed alike in every module system. */
const VARIANT: QuickJSSyncVariant = {
  type: "sync",
  importFFI: () => import("@jitl/quickjs-wasmfile-release-sync/ffi").then(({ QuickJSFFI }) => QuickJSFFI),
  importModuleLoader: () => import("@jitl/quickjs-wasmfile-release-sync/emscripten-module"),
};

/** What one call is. */
export interface PureCall {
  /** In JavaScript; it exports the tool's function as `selkie_called`. */
  readonly code: string;
  /** By place; null is one that is absent, any other is in a list by itself. */
  readonly args: unknown;
  readonly environment: unknown;
  /** When it has to be over, by `Date.now()`. */
  readonly endsAt: number;
  /** Characters that are kept of each of its two outputs, and of its answer. */
  readonly printedMax: number;
  readonly textMax: number;
  /** Whether the value is wanted besides its text. */
  readonly typed: boolean;
}

/** What came of a call. */
export interface PureResult {
  /** JSON, as the prelude writes it; null where it waits for something that never comes. */
  readonly outcome: string | null;
  /** Whether its time was over. */
  readonly isLate: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a call, once: afterwards the interpreter may be broken, and belongs thrown away with its process. */
export type Interpreter = (call: PureCall) => PureResult;

/** Loads QuickJS. Its memory is ours, so that it cannot become more than that. */
export async function loadInterpreter(memoryBytes: number = MEMORY_BYTES): Promise<Interpreter> {
  const pages = { initial: FIRST_BYTES / PAGE_BYTES, maximum: memoryBytes / PAGE_BYTES };
  const quickjs = await newQuickJSWASMModuleFromVariant(
    newVariant(VARIANT, {
      wasmModule: await WebAssembly.compile(readFileSync(WASM)),
      wasmMemory: new WebAssembly.Memory(pages),
    }),
  );
  return (call) => {
    const runtime = quickjs.newRuntime();
    runtime.setMaxStackSize(STACK_BYTES);
    runtime.setModuleLoader((name) => ({ error: refuseImport(name) }));
    return run(runtime, runtime.newContext(), call);
  };
}

function run(runtime: QuickJSRuntime, context: QuickJSContext, call: PureCall): PureResult {
  const printed = { stdout: "", stderr: "" };
  let isLate = false;
  // What comes back does not always tell that it was interrupted.
  runtime.setInterruptHandler(() => {
    isLate ||= Date.now() >= call.endsAt;
    return isLate;
  });
  offerPrinting(context, printed, call.printedMax);
  const prelude = evaluated(context, PRELUDE, "prelude");
  if (typeof prelude === "function") throw new Error("The prelude does not run");
  const ask = (name: string, ...given: readonly QuickJSHandle[]) =>
    context.unwrapResult(context.callFunction(context.getProp(prelude, name), context.undefined, ...given));
  const json = (value: unknown) => context.newString(JSON.stringify(value) ?? "null");

  ask("setEnvironment", json(call.environment));
  const module = evaluated(context, call.code, "tool.ts");
  if (typeof module === "function") {
    return { outcome: isLate ? null : context.getString(ask("thrown", module())), isLate, ...printed };
  }
  ask("call", module, json({ args: call.args, textMax: call.textMax, typed: call.typed }));
  while (!isLate && runtime.hasPendingJob()) {
    const { error } = runtime.executePendingJobs(JOBS_AT_ONCE);
    isLate ||= Date.now() >= call.endsAt;
    // What promises do is told by them. Of what else went wrong, memory that is used up, a next job would say the same.
    if (error !== undefined && !isLate) throw new Error(String(context.dump(error).message));
  }
  const outcome = isLate ? context.null : ask("result");
  return { outcome: context.typeof(outcome) === "string" ? context.getString(outcome) : null, isLate, ...printed };
}

/** What a module exports, or a promise of that; or else, from a function, what it has thrown. */
function evaluated(context: QuickJSContext, code: string, name: string): QuickJSHandle | (() => QuickJSHandle) {
  const result = context.evalCode(code, name, { type: "module" });
  const { error } = result;
  return error === undefined ? context.unwrapResult(result) : () => error;
}

/** The one thing that code in the interpreter can have done outside of it; it hears whether more is of use. */
function offerPrinting(context: QuickJSContext, printed: Record<"stdout" | "stderr", string>, charsMax: number): void {
  const print = context.newFunction("print", (where, text) => {
    const at = where !== undefined && context.getString(where) === "stderr" ? "stderr" : "stdout";
    const room = charsMax - printed[at].length;
    if (room > 0 && text !== undefined) printed[at] += printedLine(context.getString(text)).slice(0, room);
    return printed[at].length < charsMax ? context.false : context.true;
  });
  context.setProp(context.global, "selkie_print", print);
}
