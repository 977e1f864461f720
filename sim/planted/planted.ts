import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { simulate } from "../simulation.ts";
import { edited } from "./edited.ts";
import { MUTANT_TABLE } from "./mutant-table.ts";
import type { Mutant } from "./mutants.ts";

/** Runs a seed, as `simulate` does. */
export type Simulate = typeof simulate;

const ROOT = join(import.meta.dir, "../..");
/** Inside `node_modules`, so that what is built finds the packages. */
const BUILDS = join(ROOT, "node_modules/.cache/selkie-sim");

/**
 * The simulator with the source edits of this mutant built into it; the plain one when it has none. Throws when an edit
 * does not fit the source any more: a bug that is not planted must not count as one that was not found.
 */
export async function simulateWith(mutant: Mutant | undefined): Promise<Simulate> {
  const edits = mutant === undefined ? [] : MUTANT_TABLE[mutant].edits;
  if (mutant === undefined || edits.length === 0) return simulate;
  const name = `${mutant}-${process.pid}.js`;
  mkdirSync(BUILDS, { recursive: true });
  try {
    const built = await Bun.build({
      entrypoints: [join(ROOT, "sim/simulation.ts")],
      outdir: BUILDS,
      naming: name,
      target: "bun",
      packages: "external",
      plugins: [
        {
          name: "plant",
          setup(build) {
            for (const file of new Set(edits.map((edit) => edit.file)))
              build.onLoad({ filter: new RegExp(`/${file.replaceAll(".", "\\.")}$`) }, async ({ path }) => ({
                contents: edits.filter((edit) => edit.file === file).reduce(edited, await Bun.file(path).text()),
                loader: "ts",
              }));
          },
        },
      ],
    });
    if (!built.success) throw new AggregateError(built.logs, `${mutant} could not be planted`);
    const module = (await import(join(BUILDS, name))) as { readonly simulate: Simulate };
    return module.simulate;
  } finally {
    rmSync(join(BUILDS, name), { force: true });
  }
}
