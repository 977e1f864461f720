import type { Crash } from "../plan/options.ts";
import { type Aim, createAim } from "./aim.ts";
import type { Listener } from "./network.ts";
import { boot, isExpected, type Life, type MachineOptions, toldOf } from "./process.ts";
import { createWallClock, type WallClock } from "./wall-clock.ts";
import { createIncarnation, type Incarnation } from "./world.ts";

/** How long a machine is down. */
const DOWN_MS_MAX = 2_000;
/** How long a process is paused at most: from shorter than the start of the next to longer than most answers take. */
const PAUSE_MS_MAX = 20_000;
/** How long after it woke no other crashes: a crash of the machine would end it, too. */
const AWAKE_MS = 500;
/** How often a process is paused and not ended, where both can be. */
const PAUSE_SHARE = 0.6;
/** Chances that an event which committed nothing has, compared with one that did. */
const QUIET_SHARE = 0.1;

/** The machine that runs the server, one process after another. */
export interface Machine {
  listener(): Listener | undefined;
  start(): void;
  /** After an event, between it and the next: perhaps the process ends here. */
  mayCrash(label: string): void;
  incarnations(): number;
}

/** What a machine knows. */
interface Running extends MachineOptions {
  readonly wall: WallClock;
  readonly aim: Aim;
  starts: number;
  pausesLeft: number;
  /** Until then no process ends by a crash. */
  spareUntilMs: number;
  running: Incarnation | undefined;
  listener: Listener | undefined;
  stopping: (() => Promise<void>) | undefined;
}

/** The one {@link Machine}. */
export function createMachine(made: MachineOptions): Machine {
  const { options, scheduler, random, disk } = made;
  const machine: Running = {
    ...made,
    wall: createWallClock(made),
    aim: createAim(made),
    starts: 0,
    pausesLeft: made.hazards.pausesMax,
    spareUntilMs: 0,
    running: undefined,
    listener: undefined,
    stopping: undefined,
  };
  const isDue = createDue(made, machine.aim);
  return {
    listener: () => machine.listener,
    incarnations: () => machine.starts,
    start: () => start(machine),
    mayCrash(label) {
      machine.wall.mayJump();
      const { running, spareUntilMs, pausesLeft } = machine;
      if (!isDue(label, running !== undefined && scheduler.nowMs() >= spareUntilMs) || running === undefined) return;
      const drawn = random.fork(`crash at ${scheduler.events()}`);
      const mayPause = pausesLeft > 0 && running.phase === "work" && disk.mayPause();
      if (mayPause && drawn.chance(PAUSE_SHARE)) pause(machine, running);
      else crash(machine, drawn.pick(options.crashes as [Crash, ...Crash[]]), running);
    },
  };
}

function start(machine: Running): void {
  const { scheduler, oracle } = machine;
  machine.starts++;
  const ghost = (what: string) => oracle.fail("H ghost", what);
  const incarnation = createIncarnation(machine.starts, { events: scheduler.events, ghost });
  machine.running = incarnation;
  machine.aim.take();
  scheduler.note(`start ${incarnation.name}`);
  const life: Life = {
    incarnation,
    skewMs: machine.wall.of(incarnation),
    found: (notes) => oracle.fail("S21 copy", `The original takes itself for a copy: ${notes.join(" ")}`),
    ended: (how) => ended(machine, incarnation, how),
    listens(api) {
      // One that was paused while it stopped has nothing to say of its successor.
      if (machine.running !== incarnation) return;
      machine.listener = api === undefined ? undefined : { incarnation, api };
    },
    canStop(stop) {
      machine.stopping = stop;
    },
  };
  boot(machine, life).catch((error: unknown) => {
    if (!incarnation.isAlive) return;
    if (isExpected(error, incarnation)) crash(machine, "kill", incarnation);
    else oracle.fail("S15 file", `The server did not start: ${toldOf(error)}`);
  });
}

/** `how` where the disk ended it. */
function ended(machine: Running, incarnation: Incarnation, how?: string): void {
  if (how !== undefined) noteCrash(machine, how, incarnation);
  incarnation.end();
  // What was paused has a successor under way.
  if (incarnation !== machine.running) return;
  leave(machine);
  void whenUp(machine).then(() => start(machine));
}

function leave(machine: Running): void {
  machine.running = undefined;
  machine.listener = undefined;
  machine.stopping = undefined;
}

function whenUp({ scheduler, random }: Running): Promise<void> {
  return scheduler.wait("machine is down", random.between(1, DOWN_MS_MAX));
}

function crash(machine: Running, kind: Crash, incarnation: Incarnation): void {
  const { disk, oracle, stopping } = machine;
  noteCrash(machine, kind, incarnation);
  if (kind === "stop" && stopping !== undefined) {
    machine.stopping = undefined;
    stopping().catch((error: unknown) => oracle.fail("S18 no surprise", `The server did not stop: ${error}`));
    return;
  }
  // The process is gone before its files are looked at.
  incarnation.end();
  if (kind === "power") disk.losePower();
  else disk.kill();
  ended(machine, incarnation);
}

/** The process stands still, another takes its place, and some time later it goes on as if nothing had been. */
function pause(machine: Running, incarnation: Incarnation): void {
  const { scheduler, random, faults } = machine;
  noteCrash(machine, "pause", incarnation);
  machine.pausesLeft--;
  incarnation.isPaused = true;
  leave(machine);
  const pausedMs = PAUSE_MS_MAX ** random.fraction();
  machine.spareUntilMs = scheduler.nowMs() + pausedMs + AWAKE_MS;
  void whenUp(machine).then(() => {
    incarnation.isReplaced = true;
    start(machine);
  });
  void scheduler.wait("paused process wakes", pausedMs).then(() => {
    incarnation.isPaused = false;
    scheduler.ownersChanged();
    if (incarnation.isAlive) faults.applied("paused process woke");
  });
}

/** Whether a crash is due after an event: for its own sake, or because the seed says so. */
function createDue({ options, random, faults, disk }: MachineOptions, aim: Aim) {
  let crashesLeft = options.crashesMax;
  let commits = 0;
  return (label: string, canCrash: boolean): boolean => {
    const hasCommitted = disk.commits() !== commits;
    commits = disk.commits();
    if (!canCrash || crashesLeft === 0) return false;
    const point = aim.hit(label);
    if (point !== undefined) faults.applied(`crash ${point}`);
    const isDue = point !== undefined || faults.chance(random, options.crashRate * (hasCommitted ? 1 : QUIET_SHARE));
    if (isDue) crashesLeft--;
    return isDue;
  };
}

function noteCrash({ scheduler, faults }: MachineOptions, how: string, { name }: Incarnation): void {
  scheduler.note(`crash: ${how} ${name}`);
  faults.applied(`crash ${how}`);
}
