// Builds the example plugins: `bun examples/plugins/build.ts`.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import wabt from "wabt";

/** The module that a text in WebAssembly's own words stands for. */
export async function assembled(name: string, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const { parseWat } = await wabt();
  const module = parseWat(name, text);
  try {
    return new Uint8Array(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

if (import.meta.main)
  for (const name of readdirSync(import.meta.dir).filter((file) => file.endsWith(".wat"))) {
    const module = await assembled(name, readFileSync(join(import.meta.dir, name), "utf8"));
    await Bun.write(join(import.meta.dir, name.replace(".wat", ".wasm")), module);
  }
