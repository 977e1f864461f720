import { expect, test } from "bun:test";
import { ownCommand } from "../../src/app/own-command.ts";
import { findPluginPlace, findScriptPlace, findWasmPlace } from "../../src/sandbox/js/places.ts";

/** A machine whose program no jail can start, and that has no Deno. */
const BARE = { executable: "/nowhere/selkie", deno: "/nowhere/deno", pure: ownCommand("run-tool") };

test("findScriptPlace() takes the interpreter where nothing before it holds, and says why not", async () => {
  const { place, reports, untried } = await findScriptPlace({ ...BARE, mode: "auto" });
  if ("whyNone" in place) throw new Error(place.whyNone);
  expect([place.name, untried]).toEqual(["QuickJS in a process of its own", []]);
  expect(reports.map(({ name }) => name)).toEqual([
    "Bun under bubblewrap",
    "Deno without permissions",
    "QuickJS in a process of its own",
  ]);
  expect(reports[1]?.faults.join()).toContain("/nowhere/deno, and there is no such file");
  // Plugins want more than the language; modules in WebAssembly have a process without a jail.
  expect(await findPluginPlace(async () => place)).toMatchObject({ whyNone: expect.stringContaining("SELKIE_DENO") });
  const wasm = await findWasmPlace(async () => place, process.execPath, "auto");
  expect("name" in wasm && wasm.name).toBe("a process without a jail");
}, 120_000);

test("findScriptPlace() takes nothing but what the system holds when it is to be strict, and nothing when it is off", async () => {
  const { place } = await findScriptPlace({ ...BARE, mode: "strict" });
  const why = "whyNone" in place ? place.whyNone : "";
  expect(why).toContain("Deno without permissions: SELKIE_SANDBOX is strict");
  expect(why).toContain("QuickJS in a process of its own: SELKIE_SANDBOX is strict");
  expect((await findScriptPlace({ ...BARE, mode: "off" })).place).toMatchObject({
    whyNone: expect.stringContaining("SELKIE_SANDBOX to off"),
  });
});
