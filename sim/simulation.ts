// Before everything else, so that nobody keeps a clock from before.
import "./world/traps.ts";
// A package that is loaded lazily would be loaded by a thread, at a moment that no seed decides.
import "gpt-tokenizer/encoding/o200k_base";
import "../src/llm/call/chat-chunks.ts";
import type { Clients } from "./clients/clients.ts";
import { runWorkload, settle } from "./clients/workload.ts";
import { type Copies, createCopies } from "./judge/copies.ts";
import { checkAll } from "./judge/final-checks.ts";
import { createOracle, type Oracle, type Violation } from "./judge/oracle.ts";
import { type CheckShape, watched } from "./judge/watch.ts";
import { createDecisions, type Taken } from "./plan/decisions.ts";
import { drawOptions, type SimOptions } from "./plan/options.ts";
import type { SeedPlan } from "./plan/seed-plan.ts";
import type { HarnessMutant } from "./planted/harness-mutants.ts";
import { MUTANT_TABLE } from "./planted/mutant-table.ts";
import type { Mutant } from "./planted/mutants.ts";
import { createDocumentReader } from "./servers/document-reader.ts";
import { createModelServer } from "./servers/model-server.ts";
import { ROOT_KEY } from "./servers/providers.ts";
import { createToolServer } from "./servers/tool-server.ts";
import { createDisk, type DiskOptions, type SimDisk } from "./world/disk.ts";
import { createFaults } from "./world/faults.ts";
import { drawHazards, type Hazards } from "./world/hazards.ts";
import { createHome } from "./world/home.ts";
import { stoppedImage } from "./world/image.ts";
import { createMachine } from "./world/machine.ts";
import { createNetwork } from "./world/network.ts";
import { toldOf } from "./world/process.ts";
import { seededRandom } from "./world/random.ts";
import { createScheduler } from "./world/scheduler.ts";
import { withTraps } from "./world/traps.ts";

/** Virtual time within which clients must be done, and after which the faults end. */
const WORK_MS_MAX = 3 * 3_600_000;
/** Virtual time that everything may take to come to rest once the faults are over. */
const REST_MS_MAX = 2 * 3_600_000;
const EVENTS_MAX = 300_000;
/** The chance that a process on a copy ends while it starts, which is what is to be seen of it. */
const COPY_STRIKE_RATE = 0.5;

/** What came of one seed. */
export interface SimResult {
  readonly options: SimOptions;
  readonly hazards: Hazards;
  /** What came true of what the seed drew. */
  readonly taken: Taken;
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  /** The hash of the trace as it was after each {@link CHECKPOINT_LINES} lines. */
  readonly checkpoints: readonly string[];
  readonly databaseHash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly incarnations: number;
  readonly replies: number;
  readonly checks: number;
  readonly faults: ReadonlyMap<string, number>;
  readonly lastLines: readonly string[];
}

/** How to run a seed. */
export interface SimulateOptions {
  readonly mutant?: Mutant | undefined;
  readonly harness?: HarnessMutant | undefined;
  /** Makes the disk, where it is not the usual one. */
  readonly diskFrom?: (options: DiskOptions) => SimDisk;
  /** Given every line of the trace. */
  readonly show?: (line: string) => void;
  /** What shall come true of what the seed draws; all of it when absent. */
  readonly plan?: SeedPlan | undefined;
  /** Whether the disk gives rows that no query orders the other way round: nobody may notice. */
  readonly reversesRows?: boolean;
  /** Compares the shape of each answer with what is documented. */
  readonly checkShape?: CheckShape;
}

/** Runs one seed: some hours of virtual time around the shipped server, from an empty disk to a last word of each agent. */
export async function simulate(seed: number, how: SimulateOptions = {}): Promise<SimResult> {
  const oracle = createOracle();
  const surprised = (error: unknown) =>
    oracle.fail("S18 no surprise", `A rejection that nobody took: ${toldOf(error)}`);
  process.on("unhandledRejection", surprised);
  try {
    const trapped = (name: string, stack: string) => oracle.fail("H trap", `${name} was used past the world ${stack}`);
    return await withTraps(trapped, () => simulateWith(seed, oracle, how));
  } finally {
    process.off("unhandledRejection", surprised);
  }
}

async function simulateWith(seed: number, oracle: Oracle, how: SimulateOptions): Promise<SimResult> {
  const { mutant, harness, plan, diskFrom = createDisk } = how;
  const random = seededRandom(`seed ${seed}`);
  const narrows = mutant === undefined ? undefined : MUTANT_TABLE[mutant].narrows;
  const options = { ...drawOptions(seed, random.fork("options")), ...narrows?.options, ...plan?.options };
  const drawn = drawHazards(random.fork("hazards"));
  // When approvals expire is told by the wall clock: who sets it, moves that.
  const jumpRate = options.approvalTimeoutS === null ? drawn.jumpRate : 0;
  const hazards = { ...drawn, jumpRate, ...narrows?.hazards, ...plan?.hazards };
  const decisions = createDecisions(plan);
  const scheduler = createScheduler(random.fork("schedule"), { ...hazards, show: how.show, decisions });
  const faults = createFaults(decisions, harness === "injects_nothing");
  const diskOptions = {
    scheduler,
    random: random.fork("disk"),
    faults,
    hazards,
    flushMs: options.flushMs,
    transactionMs: options.transactionMs,
    image: options.startsEmpty ? undefined : await stoppedImage(),
    reversesRows: how.reversesRows === true,
    losesFlushes: mutant === "loses_flushes",
  };
  const disk = diskFrom(diskOptions);
  try {
    const parts = { options, hazards, scheduler, faults, oracle, decisions };
    const model = createModelServer({ ...parts, random: random.fork("model") });
    const tools = createToolServer({ ...parts, random: random.fork("tools") });
    const documents = createDocumentReader({ ...parts, random: random.fork("documents") });
    const servers = { home: createHome(), model, tools, documents };
    const hardware = { ...parts, ...servers, random: random.fork("machine"), disk, mutant, harness };
    const machine = createMachine(hardware);
    const copies = createCopies({
      ...hardware,
      image: disk.copied,
      diskOf(image) {
        const troubles = { ...hazards, startStrikeRate: COPY_STRIKE_RATE };
        return createDisk({ ...diskOptions, random: random.fork("copy"), hazards: troubles, image });
      },
    });
    const network = createNetwork({
      ...parts,
      random: random.fork("network"),
      key: options.intrusions > 0 ? ROOT_KEY : null,
      delayMs: options.networkMs,
      mayLackEnd: hazards.refusalRate > 0 || hazards.unreadableRate > 0 || disk.refuses,
      listener: machine.listener,
    });
    machine.start();
    await play(
      { ...parts, random: random.fork("workload"), network: watched(network, oracle, how.checkShape) },
      machine.mayCrash,
      copies,
    );
    const databaseHash = checkRemains(disk, oracle);
    return {
      options,
      hazards,
      taken: decisions.taken(),
      violations: harness === "finds_nothing" ? [] : oracle.violations,
      traceHash: scheduler.hash(),
      checkpoints: scheduler.checkpoints(),
      databaseHash,
      events: scheduler.events(),
      virtualMs: scheduler.nowMs(),
      incarnations: machine.incarnations(),
      replies: model.replies(),
      checks: oracle.checks(),
      faults: faults.counts(),
      lastLines: scheduler.lastLines(),
    };
  } finally {
    disk.remove();
  }
}

/** Looks at the whole database in the end: whether the file is sound, and whether something is in it that must not be. */
function checkRemains(disk: SimDisk, { fail, deletedMarks, access: { refusedMarks } }: Oracle): string {
  const { hash, problems, holding } = disk.remains([...deletedMarks, ...refusedMarks]);
  for (const problem of problems) fail("S15 file", problem);
  for (const found of holding) {
    const isRefused = refusedMarks.some((mark) => found.startsWith(mark));
    if (found.startsWith("slk_")) fail("S16 secret", `A client's key is stored: ${found}`);
    else if (isRefused) fail("S25 access", `What nobody may store is stored: ${found}`);
    else fail("S13 deleted", `Of a deleted agent there is still ${found}`);
  }
  return hash;
}

/** The workload with faults, then the time without them. */
async function play(clients: Clients, mayCrash: (label: string) => void, copies: Copies): Promise<void> {
  const { scheduler, oracle, faults } = clients;
  const hasFailed = () => oracle.violations.length > 0;
  const phase = async (name: string, work: Promise<void>, limitMs: number) => {
    let isOver = false;
    work.then(
      () => {
        isOver = true;
      },
      (error: unknown) => oracle.fail("H simulator", error instanceof Error ? String(error.stack) : String(error)),
    );
    scheduler.note(`phase: ${name}`);
    const end = await scheduler.run({
      until: () => isOver || hasFailed(),
      untilMs: scheduler.nowMs() + limitMs,
      eventsMax: EVENTS_MAX,
      afterEach,
    });
    if (end !== "done")
      oracle.fail("L1 ends", `After ${limitMs / 60_000} virtual minutes '${name}' was not over (${end})`);
  };
  const afterEach = (label: string) => {
    mayCrash(label);
    copies.mayCopy(label);
  };
  await phase("work", runWorkload(clients), WORK_MS_MAX);
  faults.stop();
  if (!hasFailed()) await phase("rest", settle(clients), REST_MS_MAX);
  const copy = copies.settle();
  if (copy !== undefined && !hasFailed()) await phase("copy", copy, REST_MS_MAX);
  if (!hasFailed()) await phase("checks", checkAll(clients), REST_MS_MAX);
}
