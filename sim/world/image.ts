import { compose, type ServerOptions } from "../../src/app/compose.ts";
import { once } from "../../src/core/once.ts";
import { createDecisions } from "../plan/decisions.ts";
import { createDisk } from "./disk.ts";
import { createFaults } from "./faults.ts";
import { NO_HAZARDS } from "./hazards.ts";
import { seededRandom } from "./random.ts";
import { createScheduler } from "./scheduler.ts";
import { createIncarnation, createSimWorld, never } from "./world.ts";

const VIRTUAL_MS_MAX = 60_000;
const EVENTS_MAX = 1_000;

const SERVER: Omit<ServerOptions, "world" | "database"> = {
  providers: [],
  apiKey: null,
  origins: [],
  localOnly: true,
  llmRequestTimeoutMs: VIRTUAL_MS_MAX,
  llmStreamTimeoutMs: VIRTUAL_MS_MAX,
  log() {},
};

/**
 * The database file of a server that was started on an empty disk and stopped, the same in every process. Seeds that
 * begin with it need not make every table anew, which would be a tenth of their time.
 */
export const stoppedImage = once(makeImage);

async function makeImage(): Promise<Uint8Array> {
  const random = seededRandom("image");
  const scheduler = createScheduler(random.fork("schedule"));
  const disk = createDisk({
    scheduler,
    random: random.fork("disk"),
    faults: createFaults(createDecisions(), true),
    hazards: NO_HAZARDS,
    flushMs: 1,
    transactionMs: 0,
    reversesRows: false,
    losesFlushes: false,
  });
  try {
    const incarnation = createIncarnation(0, { events: scheduler.events, ghost() {} });
    const world = createSimWorld({ scheduler, incarnation, random, skewMs: () => 0, fetch: never });
    const database = disk.open(incarnation, () => {});
    let isOver = false;
    const startAndStop = async () => {
      await scheduler.wait("start", 0);
      await compose({ ...SERVER, world, database });
      await database.close();
      isOver = true;
    };
    const limits = { untilMs: VIRTUAL_MS_MAX, eventsMax: EVENTS_MAX, afterEach() {} };
    const [, end] = await Promise.all([startAndStop(), scheduler.run({ until: () => isOver, ...limits })]);
    if (end !== "done") throw new Error(`The first start of a server did not end (${end})`);
    return disk.image();
  } finally {
    disk.remove();
  }
}
