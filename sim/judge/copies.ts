import type { Hono } from "hono";
import type { Fetch } from "../../src/core/world.ts";
import type { ToolRuntime } from "../../src/tools/runtime.ts";
import { HOOK_ADDRESS } from "../servers/hook-server.ts";
import type { FileDisk } from "../world/disk.ts";
import { endsIn, type Pending, pendingIn } from "../world/file-copy.ts";
import { copiedHome } from "../world/home.ts";
import { boot, isExpected, type Life, type MachineOptions, toldOf } from "../world/process.ts";
import { createIncarnation, type Incarnation } from "../world/world.ts";

/** After which events a folder is copied: while a model is asked, or a callback is under way. */
const MOMENTS = ["model thinks", "model piece", "callback arrives", "callback is answered"];
/** How long a copy is left alone: longer than callbacks, approvals and queued runs wait for anything. */
const ALONE_MS = 900_000;
/** Numbers of the processes on copies are higher than those of any other. */
const FIRST_NUMBER = 1_000;
const DOWN_MS = 5;
/** What a run of the original may have come to: what it had asked for stays asked, without a time. */
const ENDS = ["failed error", "completed requires_approval"];

/** Copies of the data folder that are started elsewhere while the original goes on. */
export interface Copies {
  /** After an event: perhaps the folder is copied now. */
  mayCopy(label: string): void;
  /** Resolves when the copy was looked at; undefined where there is none, or it was. */
  settle(): Promise<void> | undefined;
}

/** What copies are made with. */
export interface CopiesOptions extends MachineOptions {
  /** The bytes of the database as it is now; absent where the disk makes no copies. */
  readonly image: (() => Uint8Array) | undefined;
  readonly diskOf: (image: Uint8Array) => FileDisk;
}

/** The one {@link Copies}: a seed has one copy at most. */
export function createCopies(made: CopiesOptions): Copies {
  const { image, hazards, faults, random: given } = made;
  const random = given.fork("copies");
  let isMade = false;
  let living: Promise<void> | undefined;
  return {
    mayCopy(label) {
      if (image === undefined || isMade || !MOMENTS.includes(label)) return;
      if (!faults.chance(random, hazards.copyRate)) return;
      faults.applied("folder copied");
      isMade = true;
      living = live({ ...made, random }, image(), random.chance(0.5)).finally(() => {
        living = undefined;
      });
    },
    settle: () => living,
  };
}

/** Starts servers on a copy until one has worked for a while, then looks at what they left. */
async function live(made: CopiesOptions, image: Uint8Array, hasSameNumber: boolean): Promise<void> {
  const { scheduler, oracle, diskOf } = made;
  const before = pendingIn(image);
  scheduler.note(`copied: ${JSON.stringify(before.counts)}`);
  const disk = diskOf(image);
  try {
    const copy = createProcesses({ ...made, disk, home: copiedHome(hasSameNumber) });
    while (!copy.isServing()) await scheduler.wait("copy starts", ALONE_MS);
    await scheduler.wait("copy was alone", ALONE_MS);
    copy.end();
    disk.kill();
    check(made, before, disk.copied());
  } catch (error) {
    oracle.fail("H simulator", `The copy could not be looked at: ${toldOf(error)}`);
  } finally {
    disk.remove();
  }
}

function check({ oracle }: MachineOptions, before: Pending, bytes: Uint8Array): void {
  const { counts } = pendingIn(bytes);
  oracle.checked();
  for (const [what, count] of Object.entries(counts))
    if (count > 0) oracle.fail("S21 copy", `A copy has ${count} ${what} of its original left`);
  for (const ended of endsIn(bytes, before.runIds))
    if (!ENDS.includes(ended)) oracle.fail("S21 copy", `A run of the original ended in a copy as ${ended}`);
}

/** One process on the copy after the other, as they end by what happens on its disk. */
function createProcesses(made: MachineOptions) {
  const { scheduler, oracle, disk } = made;
  const model = { replies: () => 0, fetchFor: () => refusing(made) };
  const alone = { ...made, model, tools: { runtimeFor: () => idle(made) } };
  let running: Incarnation | undefined;
  let api: Hono | undefined;
  let starts = 0;
  let isOver = false;

  function start(): void {
    const ghost = (what: string) => oracle.fail("H ghost", what);
    const incarnation = createIncarnation(FIRST_NUMBER + starts++, { events: scheduler.events, ghost });
    running = incarnation;
    const life: Life = {
      incarnation,
      skewMs: () => 0,
      found() {},
      canStop() {},
      listens(given) {
        api = given;
      },
      ended: () => again(incarnation),
    };
    boot(alone, life).catch((error: unknown) => {
      if (!incarnation.isAlive) return;
      if (!isExpected(error, incarnation)) oracle.fail("S15 file", `A copy did not start: ${toldOf(error)}`);
      incarnation.end();
      disk.kill();
      again(incarnation);
    });
  }

  function again(ended: Incarnation): void {
    ended.end();
    api = undefined;
    if (!isOver) void scheduler.wait("copy is down", DOWN_MS).then(start);
  }

  start();
  return {
    isServing: () => api !== undefined,
    end() {
      isOver = true;
      running?.end();
    },
  };
}

/** Where tools run for a copy: it calls none that its original had begun. */
function idle({ oracle }: MachineOptions): ToolRuntime {
  return {
    runs: () => true,
    call({ tool }) {
      oracle.fail("S21 copy", `A copy called ${tool.name} for its original`);
      return Promise.resolve({ status: "unknown", reason: "there is no way out" });
    },
  };
}

/** The network of a copy: it lists models and does nothing else, and whoever asks it for more does what the original does. */
function refusing({ oracle }: MachineOptions): Fetch {
  return async (input) => {
    const url = String(input);
    if (/\/models(\?|$)/.test(url)) return Response.json({ data: [] });
    if (url.includes(HOOK_ADDRESS)) oracle.fail("S21 copy", "A copy sent a callback of its original");
    else if (!url.endsWith("/embeddings")) oracle.fail("S21 copy", "A copy asked a model for its original");
    throw new TypeError("The network is unreachable");
  };
}
