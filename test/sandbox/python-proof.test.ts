import { afterEach, expect, test } from "bun:test";
import { bwrapJail, type Protection } from "../../src/sandbox/bwrap.ts";
import type { Jail, Opening } from "../../src/sandbox/jail.ts";
import { provePython } from "../../src/sandbox/python/python-proof.ts";
import { selfLockJail } from "../../src/sandbox/self-lock.ts";
import { BWRAP, describeWithPython, testPython } from "./_jail.ts";

const WHOLE = bwrapJail(BWRAP);

async function faults(jail: Jail, network = true): Promise<readonly string[]> {
  return provePython({ jail, python: await testPython(), arch: process.arch, network });
}

/** The whole jail, opened in another way than asked. */
function altered(change: (opening: Opening) => Opening): Jail {
  return { name: "altered", open: (opening) => WHOLE.open(change(opening)) };
}

/** A jail whose worker is told something else. */
function told(config: Opening["config"]): Jail {
  return altered((opening) => ({ ...opening, config: { ...opening.config, ...config } }));
}

let after = () => {};
afterEach(() => after());

describeWithPython("provePython()", () => {
  test("finds nothing in bubblewrap's jail, and nothing in one in which the worker locks itself", async () => {
    expect(await faults(WHOLE)).toEqual([]);
    expect(await faults(selfLockJail(BWRAP), false)).toEqual([]);
  });

  const planted: readonly (readonly [string, Jail, string])[] = [
    ["a network that is not its own", without("network"), "it reached a server of this machine"],
    ["no filter of system calls", without("filter"), "it made a socket"],
    ["all processes of the machine", without("processes"), "it saw processes of this machine"],
    ["no filter for the children of calls", told({ childFilter: null }), "it forked"],
    [
      "memory without a limit",
      altered((opening) => ({ ...opening, limits: { ...opening.limits, addressBytes: null } })),
      "it took 4 GB of memory",
    ],
    [
      "files without a limit",
      altered((opening) => ({
        ...opening,
        limits: { ...opening.limits, fileBytes: 1 << 30, diskBytes: 1 << 30 },
      })),
      "it wrote a file of any size",
    ],
  ];
  for (const [name, jail, fault] of planted)
    test(`finds ${name}`, async () => {
      expect(await faults(jail)).toContain(fault);
    });

  test("finds a file of the machine that can be read", async () => {
    const place = "/var/tmp";
    const open = altered((opening) => ({ ...opening, binds: [...opening.binds, { from: place, to: place }] }));
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = place;
    after = () => {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
    };
    expect(await faults(open)).toContain("it read a file of this machine");
  });

  test("finds nothing that is missing where a worker locks itself in with less", async () => {
    const jail = selfLockJail(BWRAP);
    const wider: Jail = {
      name: "wider",
      open: (opening) => jail.open({ ...opening, binds: [...opening.binds, { from: "/tmp", to: "/tmp" }] }),
    };
    expect(await faults(wider, false)).toContain("it read a file of this machine");
  });
});

function without(protection: Protection): Jail {
  return bwrapJail({ ...BWRAP, without: protection });
}
