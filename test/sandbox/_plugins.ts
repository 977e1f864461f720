import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assembled } from "../../examples/plugins/build.ts";
import { barePlace } from "../../src/sandbox/js/bun-place.ts";
import { findProgram } from "../../src/sandbox/js/program.ts";
import type { ScriptPlace } from "../../src/sandbox/js/script-place.ts";
import { type ClosingPluginHost, createPluginHost, type PluginHostOptions } from "../../src/sandbox/plugins/host.ts";
import { jailedBun, NO_NETWORK } from "./_script.ts";

const EXAMPLES = join(import.meta.dir, "../../examples/plugins");

/** The body by which one of the examples is uploaded. */
export async function example(
  name: string,
): Promise<{ readonly language: "wasm" | "typescript"; readonly code: string }> {
  const text = readFileSync(join(EXAMPLES, name), "utf8");
  return name.endsWith(".ts") ? { language: "typescript", code: text } : wat(text);
}

/** The body by which a module is uploaded that stands in WebAssembly's own words. */
export async function wat(text: string): Promise<{ readonly language: "wasm"; readonly code: string }> {
  return { language: "wasm", code: Buffer.from(await assembled("test.wat", text)).toString("base64") };
}

/** A process without a jail, as modules have it where none holds. */
export async function unjailed(): Promise<ScriptPlace> {
  return barePlace(await findProgram(process.execPath));
}

/** A place for plugins as the server has it. */
export async function pluginHost(
  changes: Partial<PluginHostOptions> = {},
  open: () => Promise<ScriptPlace> = jailedBun,
): Promise<ClosingPluginHost> {
  const place = await open();
  return createPluginHost({ place: async () => place, network: NO_NETWORK, parallel: 2, log: () => {}, ...changes });
}

/** A module that says this of itself and answers `call` by these instructions, with `$at` and `$length` of its input. */
export function moduleSaying(
  manifest: object,
  call: string,
  more = "",
): Promise<{ readonly language: "wasm"; readonly code: string }> {
  const said = JSON.stringify({ abi: 1, name: "test", kind: "tool", ...manifest });
  const answer = (at: number, length: number) =>
    `(i64.or (i64.shl (i64.const ${at}) (i64.const 32)) (i64.const ${length}))`;
  return wat(`(module
    (import "selkie" "host" (func $host (param i32 i32) (result i64)))
    (memory (export "memory") 2)
    (global $free (mut i32) (i32.const 65536))
    (data (i32.const 8) ${JSON.stringify(said)})
    (data (i32.const 4096) "{\\"result\\":1}")
    ${more}
    (func (export "alloc") (param $length i32) (result i32)
      (global.get $free) (global.set $free (i32.add (global.get $free) (local.get $length))))
    (func (export "describe") (result i64) ${answer(8, Buffer.byteLength(said))})
    (func (export "call") (param $at i32) (param $length i32) (result i64) ${call === "" ? answer(4_096, 12) : call}))`);
}
