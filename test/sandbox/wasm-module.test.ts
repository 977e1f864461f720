import { expect, test } from "bun:test";
import fc from "fast-check";
import { assembled } from "../../examples/plugins/build.ts";
import { Failure } from "../../src/core/failure.ts";
import { limitedModule, MEMORY_PAGES_MAX } from "../../src/sandbox/plugins/module.ts";

/** A module with what each must have, and something in addition or instead. */
function moduleOf(more = "", memory = `(memory (export "memory") 1)`): Promise<Uint8Array<ArrayBuffer>> {
  return assembled(
    "test.wat",
    `(module ${more} ${memory}
      (func (export "alloc") (param i32) (result i32) i32.const 1024)
      (func (export "call") (param i32 i32) (result i64) i64.const 0)
      (func (export "describe") (result i64) i64.const 0)
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`,
  );
}

/** How many pages the memory of a module can get. */
async function pagesOf(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const { instance } = await WebAssembly.instantiate(bytes, { selkie: { host: () => 0n } });
  const { grow, memory } = instance.exports as { grow: (pages: number) => number; memory: WebAssembly.Memory };
  let step = 65_536;
  for (; step >= 1; step /= 2) while (grow(step) !== -1);
  return memory.buffer.byteLength / 65_536;
}

test("limitedModule() limits a memory that had no limit, or a larger one, and keeps a smaller one", async () => {
  const sizes = { "1": MEMORY_PAGES_MAX, "1 65536": MEMORY_PAGES_MAX, "1 3": 3, "0": MEMORY_PAGES_MAX };
  for (const [size, expected] of Object.entries(sizes)) {
    const bytes = await moduleOf(
      `(import "selkie" "host" (func (param i32 i32) (result i64)))`,
      `(memory (export "memory") ${size})`,
    );
    expect(await pagesOf(limitedModule(bytes))).toBe(expected);
  }
  // Without it the memory grows as far as it says.
  expect(await pagesOf(await moduleOf("", `(memory (export "memory") 1 2000)`))).toBe(2_000);
});

test("limitedModule() refuses what wants more than a plugin may", async () => {
  const refused: readonly (readonly [words: string, bytes: Uint8Array<ArrayBuffer>])[] = [
    ["imports the function 'env.abort'", await moduleOf(`(import "env" "abort" (func))`)],
    [
      "imports the function 'wasi_snapshot_preview1.fd_write'",
      await moduleOf(`(import "wasi_snapshot_preview1" "fd_write" (func))`),
    ],
    ["imports the global 'selkie.host'", await moduleOf(`(import "selkie" "host" (global i32))`)],
    ["imports the table", await moduleOf(`(import "selkie" "host" (table 1 funcref))`)],
    ["imports the memory", await moduleOf(`(import "selkie" "host" (memory 1))`, "")],
    ["has a start function", await moduleOf("(func $go) (start $go)")],
    ["begins with 2000 pages", await moduleOf("", `(memory (export "memory") 2000)`)],
    ["exports no memory", await moduleOf("", "(memory 1)")],
    ["exports no function 'alloc'", await assembled("a.wat", `(module (memory (export "memory") 1))`)],
    ["exports no memory 'memory'", await assembled("a.wat", "(module)")],
    ["is a component", new Uint8Array([0, 0x61, 0x73, 0x6d, 13, 0, 1, 0])],
    ["does not begin as", new TextEncoder().encode("export const x = 1;")],
    ["is cut off", (await moduleOf()).slice(0, 40)],
    // Flags of a memory that is shared, and of one with 64-bit addresses.
    ["is shared, has 64-bit", withMemoryFlags(await moduleOf("", `(memory (export "memory") 1 2)`), 3)],
    ["is shared, has 64-bit", withMemoryFlags(await moduleOf("", `(memory (export "memory") 1 2)`), 5)],
  ];
  for (const [words, bytes] of refused) expect(() => limitedModule(bytes)).toThrow(words);
});

test("limitedModule() answers any bytes with a module or a refusal", async () => {
  const whole = await moduleOf();
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.uint8Array({ maxLength: 64 }), (at, byte, rest) => {
      for (const bytes of [
        Uint8Array.from(whole, (each, index) => (index === at ? byte : each)),
        Uint8Array.from([...whole.slice(0, at), ...rest]),
      ])
        try {
          limitedModule(bytes);
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
        }
    }),
    { numRuns: 1_000 },
  );
});

/** The module with other flags of its memory, whose section is `5, 4, 1, 1, 1, 2`. */
function withMemoryFlags(bytes: Uint8Array<ArrayBuffer>, flags: number): Uint8Array<ArrayBuffer> {
  const at = bytes.findIndex((_, index) => [5, 4, 1, 1, 1, 2].every((byte, offset) => bytes[index + offset] === byte));
  return Uint8Array.from(bytes, (byte, index) => (index === at + 3 ? flags : byte));
}
