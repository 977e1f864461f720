import { compose, type ServerOptions } from "../src/app/compose.ts";
import { Failure } from "../src/core/failure.ts";
import type { SqlDatabase } from "../src/store/driver.ts";
import type { SimDisk } from "./disk.ts";
import type { Faults } from "./faults.ts";
import { HOOK_ADDRESS } from "./hook-server.ts";
import type { ModelServer } from "./model-server.ts";
import { type Mutant, mutated } from "./mutants.ts";
import type { Listener } from "./network.ts";
import type { Crash, SimOptions } from "./options.ts";
import type { Oracle } from "./oracle.ts";
import { reveals, SIM_PROVIDERS } from "./providers.ts";
import type { SeededRandom } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import { createIncarnation, createSimWorld, type Incarnation } from "./world.ts";

const STACK_LINES = 4;
/** How long a stopping process waits for its runs, as `app/serve.ts` does. */
const DRAIN_MS = 8_000;
/** How long a stopping process waits for the requests that are left, as `app/serve.ts` does. */
const CLOSE_MS_MAX = 1_000;
/** How long a machine is down. */
const DOWN_MS_MAX = 2_000;
/** Chances that an event which committed nothing has, compared with one that did. */
const QUIET_SHARE = 0.1;

/** The machine that runs the server, one process after another. */
export interface Machine {
  listener(): Listener | undefined;
  start(): void;
  /** Between two events: perhaps the process ends here. */
  mayCrash(): void;
  incarnations(): number;
}

/** What a machine is made of. */
export interface MachineOptions {
  readonly options: SimOptions;
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly faults: Faults;
  readonly oracle: Oracle;
  readonly disk: SimDisk;
  readonly model: ModelServer;
  readonly mutant: Mutant | undefined;
}

/** The one {@link Machine}. */
export function createMachine(made: MachineOptions): Machine {
  const { options, scheduler, random, faults, oracle, disk, mutant } = made;
  let number = 0;
  let crashesLeft = options.crashesMax;
  let commits = 0;
  let running: Incarnation | undefined;
  let listener: Listener | undefined;

  function start(): void {
    number++;
    const incarnation = createIncarnation(number);
    running = incarnation;
    scheduler.note(`start ${incarnation.name}`);
    boot(incarnation).catch((error: unknown) => {
      if (isDiskFull(error)) crash("kill", incarnation);
      else oracle.fail("S15 file", `The server did not start: ${toldOf(error)}`);
    });
  }

  async function boot(incarnation: Incarnation): Promise<void> {
    const opened = disk.open(incarnation, (how) => ended(incarnation, how));
    const database = mutated(opened, mutant, { scheduler, incarnation });
    const server = await compose(serverOptions(made, incarnation, database));
    listener = { incarnation, api: server.api };
    if (mutant !== "never_recovers") await server.runner.recover();
    stopping = async () => {
      await scheduler.wait("signal to stop", 0, incarnation);
      listener = undefined;
      await server.runner.drain(DRAIN_MS);
      await scheduler.wait("requests end", random.between(0, CLOSE_MS_MAX), incarnation);
      incarnation.end();
      await database.close();
      ended(incarnation);
    };
  }

  let stopping: (() => Promise<void>) | undefined;

  /** `how` where the disk ended it. */
  function ended(incarnation: Incarnation, how?: string): void {
    if (how !== undefined) noteCrash(made, how, incarnation);
    incarnation.end();
    running = undefined;
    listener = undefined;
    stopping = undefined;
    void scheduler.wait("machine is down", random.between(1, DOWN_MS_MAX)).then(start);
  }

  function crash(kind: Crash, incarnation: Incarnation): void {
    noteCrash(made, kind, incarnation);
    if (kind === "stop" && stopping !== undefined) {
      const stop = stopping;
      stopping = undefined;
      stop().catch((error: unknown) => oracle.fail("S18 no surprise", `The server did not stop: ${error}`));
      return;
    }
    // The process is gone before its files are looked at.
    incarnation.end();
    if (kind === "power") disk.losePower();
    else disk.kill();
    ended(incarnation);
  }

  return {
    listener: () => listener,
    incarnations: () => number,
    start,
    mayCrash() {
      const hasCommitted = disk.commits() !== commits;
      commits = disk.commits();
      if (running === undefined || crashesLeft === 0) return;
      const rate = options.crashRate * (hasCommitted ? 1 : QUIET_SHARE);
      if (!faults.chance(random, rate)) return;
      crashesLeft--;
      crash(random.pick(options.crashes as [Crash, ...Crash[]]), running);
    },
  };
}

function noteCrash({ scheduler, faults }: MachineOptions, how: string, { name }: Incarnation): void {
  scheduler.note(`crash: ${how} ${name}`);
  faults.applied(`crash ${how}`);
}

/** The same options that `app/serve.ts` gives, in the world of one incarnation. */
function serverOptions(made: MachineOptions, incarnation: Incarnation, database: SqlDatabase): ServerOptions {
  const { options, scheduler, random, oracle } = made;
  const own = random.fork(`incarnation ${incarnation.number}`);
  const world = createSimWorld({
    scheduler,
    incarnation,
    random: own,
    skewMs: own.between(-options.skewMs, options.skewMs),
    fetch: made.model.fetchFor(incarnation),
  });
  return {
    world,
    database,
    providers: SIM_PROVIDERS,
    apiKey: null,
    origins: [],
    localOnly: true,
    llmRequestTimeoutMs: 60_000,
    llmStreamTimeoutMs: 600_000,
    resolveHost: async () => [HOOK_ADDRESS],
    log(message, error) {
      scheduler.note(`log: ${message}`);
      if (reveals(`${message} ${toldOf(error)}`)) oracle.fail("S16 secret", `The log shows a key: ${message}`);
      // The server's own log: a cause that is no expected failure is a bug.
      if (error !== undefined && !isDiskFull(error)) oracle.fail("S18 no surprise", `${message}: ${toldOf(error)}`);
    },
  };
}

/** What the disk refuses, the server says: that is no bug of its own. */
function isDiskFull(error: unknown): boolean {
  return error instanceof Failure && error.kind === "full";
}

/** An error with the places that it came from. */
function toldOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.name} ${error.message} ${error.stack?.split("\n").slice(1, STACK_LINES).join(" ") ?? ""}`;
}
