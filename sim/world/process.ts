import type { Hono } from "hono";
import { compose, type ServerOptions } from "../../src/app/compose.ts";
import type { Home } from "../../src/app/disk/home.ts";
import { realSecrets } from "../../src/app/secrets.ts";
import { Failure } from "../../src/core/failure.ts";
import type { Secrets } from "../../src/core/secrecy/secrets.ts";
import { ModelFailure } from "../../src/llm/failure.ts";
import { withLeaseBook } from "../judge/lease-checks.ts";
import type { Oracle } from "../judge/oracle.ts";
import type { SimOptions } from "../plan/options.ts";
import { databaseOf, type HarnessMutant, worldOf } from "../planted/harness-mutants.ts";
import { type Mutant, mutated } from "../planted/mutants.ts";
import type { DocumentReader } from "../servers/document-reader.ts";
import { HOOK_ADDRESS } from "../servers/hook-server.ts";
import type { ModelServer } from "../servers/model-server.ts";
import { ROOT_KEY, reveals, SIM_PROVIDERS } from "../servers/providers.ts";
import { type ToolServer, withTransactions } from "../servers/tool-server.ts";
import type { SimDisk } from "./disk.ts";
import type { Faults } from "./faults.ts";
import type { Hazards } from "./hazards.ts";
import type { SeededRandom } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import { createSimWorld, type Incarnation } from "./world.ts";

const STACK_LINES = 4;
/** How long a stopping process waits for its runs, as `app/serve.ts` does. */
const DRAIN_MS = 8_000;
/** How long a stopping process waits for the requests that are left, as `app/serve.ts` does. */
const CLOSE_MS_MAX = 1_000;

/** What a machine is made of. */
export interface MachineOptions {
  readonly options: SimOptions;
  readonly hazards: Hazards;
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly faults: Faults;
  readonly oracle: Oracle;
  readonly disk: SimDisk;
  /** The mark of the data folder. */
  readonly home: Home;
  readonly model: ModelServer;
  readonly tools: ToolServer;
  readonly documents: DocumentReader;
  readonly mutant: Mutant | undefined;
  readonly harness: HarnessMutant | undefined;
}

/** What a process tells its machine. */
export interface Life {
  readonly incarnation: Incarnation;
  readonly skewMs: () => number;
  /** It is over; `how` where the disk ended it. */
  ended(how?: string): void;
  /** It says something of the data that it found. */
  found(notes: readonly string[]): void;
  /** Undefined when it does not listen any more. */
  listens(api: Hono | undefined): void;
  canStop(stop: () => Promise<void>): void;
}

/** Starts as `app/serve.ts` does. */
export async function boot(made: MachineOptions, life: Life): Promise<void> {
  const { disk, scheduler, random, mutant } = made;
  const { incarnation } = life;
  const planted = mutated(disk.open(incarnation, life.ended), mutant, { scheduler, incarnation });
  const leased = withLeaseBook(databaseOf(planted, made.harness), disk, incarnation.name, made.oracle.leases);
  const { database, transaction } = withTransactions(leased);
  const toolRuntime = made.tools.runtimeFor(incarnation, transaction);
  const onLeaseLost = () => fenced(made, incarnation);
  const server = await compose({ ...serverOptions(made, life), database, toolRuntime, home: made.home, onLeaseLost });
  if (server.notes.length > 0) life.found(server.notes);
  incarnation.phase = "recovery";
  const unfinished = await server.store.unfinishedRuns();
  life.listens(server.api);
  if (mutant !== "never_recovers") await server.runner.recover(unfinished);
  incarnation.phase = "work";
  life.canStop(async () => {
    await scheduler.wait("signal to stop", 0, incarnation);
    life.listens(undefined);
    await server.runner.drain(DRAIN_MS);
    await scheduler.wait("requests end", random.between(0, CLOSE_MS_MAX), incarnation);
    incarnation.end();
    await database.close();
    life.ended();
  });
}

/** Another process has taken over the database: `app/serve.ts` exits at once. */
function fenced({ scheduler, faults, oracle, disk }: MachineOptions, incarnation: Incarnation): void {
  if (!incarnation.isReplaced) oracle.fail("S10 lease", `${incarnation.name} lost its lease to nobody`);
  faults.applied("replaced process refused");
  scheduler.note(`fenced ${incarnation.name}`);
  incarnation.end();
  disk.release(incarnation);
}

/** The same options that `app/serve.ts` gives, in the world of one incarnation. */
function serverOptions(made: MachineOptions, { incarnation, skewMs }: Life): Omit<ServerOptions, "database"> {
  const { scheduler, random, oracle } = made;
  const fetch = made.model.fetchFor(incarnation);
  const world = createSimWorld({
    scheduler,
    incarnation,
    random: random.fork(`incarnation ${incarnation.number}`),
    skewMs,
    fetch,
  });
  return {
    world: worldOf(world, made.harness),
    providers: SIM_PROVIDERS,
    apiKey: made.options.intrusions > 0 ? ROOT_KEY : null,
    secrets: { ...realSecrets(), bytes: bytesOf(random.fork(`secrets ${incarnation.number}`)) },
    origins: [],
    localOnly: true,
    llmRequestTimeoutMs: 60_000,
    llmStreamTimeoutMs: 600_000,
    ...(made.options.arrivalsMax === null ? {} : { arrivalsMax: made.options.arrivalsMax }),
    readDocument: made.documents.readerFor(incarnation),
    resolveHost: async () => [HOOK_ADDRESS],
    log(message, error) {
      if (!incarnation.isAlive) return;
      scheduler.note(`log: ${message}`);
      if (reveals(`${message} ${toldOf(error)}`)) oracle.fail("S16 secret", `The log shows a key: ${message}`);
      // The server's own log: a cause that is no expected failure is a bug.
      if (error !== undefined && !isExpected(error, incarnation))
        oracle.fail("S18 no surprise", `${message}: ${toldOf(error)}`);
    },
  };
}

/** Bytes for keys that the seed gives again: here a secret must be one that can be repeated. */
function bytesOf(random: SeededRandom): Secrets["bytes"] {
  return (count) => Uint8Array.from({ length: count }, () => random.int(256));
}

/** What a provider, the disk or a successor does wrong, the server says: that is no bug of its own. */
export function isExpected(error: unknown, { isReplaced }: Incarnation): boolean {
  if (!(error instanceof Failure)) return false;
  if (error instanceof ModelFailure) return true;
  return error.kind === "full" || error.kind === "unreadable" || (error.kind === "unavailable" && isReplaced);
}

/** An error with the places that it came from. */
export function toldOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.name} ${error.message} ${error.stack?.split("\n").slice(1, STACK_LINES).join(" ") ?? ""}`;
}
