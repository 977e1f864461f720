import type { SqlDatabase } from "../../src/store/base/driver.ts";
import type { OutsideAnswer, OutsideCall, ToolRuntime } from "../../src/tools/runtime.ts";
import type { Oracle } from "../judge/oracle.ts";
import type { SimOptions } from "../plan/options.ts";
import { KEEPS, NOTE, OWN_BLOCK } from "../plan/plan.ts";
import type { Faults } from "../world/faults.ts";
import type { SeededRandom } from "../world/random.ts";
import type { Scheduler } from "../world/scheduler.ts";
import { type Incarnation, never } from "../world/world.ts";

/** How a tool that runs outside can fail. All but the first two have done their work by then. */
export const TOOL_FAULTS = ["lost_before", "error", "lost", "died", "stall", "deaf_stall", "broken"] as const;

/** Longer than a call is waited for. */
const STALL_MS = 600_000;
/** How often a tool is slow, and how long it takes then: no transaction of one's own lasts as long. */
const SLOW_SHARE = 0.4;
const SLOW_MS = [5_000, 40_000] as const;

/** The places outside where tools run. */
export interface ToolServer {
  /** The way there of one incarnation; `transaction` tells which transaction it has open. */
  runtimeFor(incarnation: Incarnation, transaction: () => number | undefined): ToolRuntime;
}

/** What it is made of. */
export interface ToolServerOptions {
  readonly options: SimOptions;
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly faults: Faults;
  readonly oracle: Oracle;
}

/** Tools that leave their note outside: slow, failing, lost on the way there or back. What is on its way arrives, whoever dies. */
export function createToolServer(made: ToolServerOptions): ToolServer {
  return {
    runtimeFor: (incarnation, transaction) => ({
      runs: (tool) => tool.toolType === "custom",
      call: (call) =>
        incarnation.mayAct("a tool") ? watched(made, { incarnation, transaction, call: ofRun(call) }) : never(),
    }),
  };
}

interface Calling {
  readonly incarnation: Incarnation;
  readonly transaction: () => number | undefined;
  readonly call: RunCall;
}

/** Nobody here calls a tool by hand. */
type RunCall = OutsideCall & { readonly [Key in "runId" | "agent"]: NonNullable<OutsideCall[Key]> };

/** The call as one that a run makes. */
function ofRun(call: OutsideCall): RunCall {
  const { runId, agent } = call;
  if (runId === null || agent === null) throw new Error("Only runs call tools here");
  return { ...call, runId, agent };
}

/** Tells the oracle when the call begins, and when nobody waits for it any more. */
async function watched(made: ToolServerOptions, calling: Calling): Promise<OutsideAnswer> {
  const { runId, tool, signal } = calling.call;
  const isAlone = !tool.enableParallelExecution;
  const over = made.oracle.outside.began({ process: calling.incarnation.number, runId, isAlone });
  signal.addEventListener("abort", over, { once: true });
  try {
    return await run(made, calling);
  } finally {
    over();
  }
}

async function run(made: ToolServerOptions, { incarnation, transaction, call }: Calling): Promise<OutsideAnswer> {
  const { options, scheduler, random, faults, oracle } = made;
  const { signal, runId, callId, args, tool } = call;
  const note = String(args[NOTE]);
  const open = transaction();
  const fault = faults.chance(random, options.outsideFaultRate) ? random.pick(TOOL_FAULTS) : undefined;
  if (fault !== undefined) faults.applied(`tool ${fault}`);
  await scheduler.wait("to the tool", random.between(0, options.networkMs));
  // Whoever sent it may be gone, and hears nothing of it.
  if (fault === "lost_before") await scheduler.wait("way to the tool breaks", 0, incarnation);
  if (fault === "lost_before") return answerWith("lost", call);
  if (fault !== "error") oracle.outside.ran({ runId, callId, note, mayRepeat: tool.metadata["idempotent"] === true });
  const isStalled = fault === "stall" || fault === "deaf_stall";
  const slowMs = random.chance(SLOW_SHARE) ? random.between(...SLOW_MS) : random.between(0, options.thinkMs);
  const heard = fault === "deaf_stall" ? undefined : signal;
  const worksMs = fault === "died" ? slowMs * random.fraction() : slowMs;
  await scheduler.wait("tool works", isStalled ? STALL_MS : worksMs, incarnation, heard);
  if (open !== undefined && open === transaction() && worksMs >= SLOW_MS[0] && !incarnation.isReplaced)
    oracle.fail("S22 writer free", `The tool that leaves ${note} ran inside a transaction`);
  if (fault === "broken") throw new Error("The runtime broke its promise");
  const answer = answerWith(signal.aborted ? "lost" : fault, call);
  if (answer.status === "success") oracle.outside.answered(note);
  return answer;
}

function answerWith(fault: (typeof TOOL_FAULTS)[number] | undefined, call: RunCall): OutsideAnswer {
  const note = String(call.args[NOTE]);
  switch (fault) {
    case "lost":
      return { status: "unknown", reason: "the connection broke" };
    case "died":
      return { status: "unknown", reason: "its process died" };
    case "error":
      return { status: "error", text: "no", stdout: [], stderr: [], blocks: {} };
    default:
      return {
        status: "success",
        text: `left ${note}`,
        stdout: [printedFor(note)],
        stderr: [],
        blocks: blocksAfter(call),
      };
  }
}

/** What a tool prints that leaves a note. */
export function printedFor(note: string): string {
  return `leaving ${note}`;
}

/** The agent's own block with what the call adds to it. */
function blocksAfter({ args, agent }: RunCall): Readonly<Record<string, string>> {
  const shown = agent.blocks.find(({ label }) => label === OWN_BLOCK)?.value;
  return args[KEEPS] === undefined ? {} : { [OWN_BLOCK]: `${shown}\n${args[KEEPS]}` };
}

/** The database, and a look at the number of the transaction that is open on it. */
export function withTransactions(database: SqlDatabase): {
  readonly database: SqlDatabase;
  readonly transaction: () => number | undefined;
} {
  const { writer } = database;
  let count = 0;
  let isOpen = false;
  return {
    transaction: () => (isOpen ? count : undefined),
    database: {
      ...database,
      writer: {
        async execute(sql, parameters) {
          if (sql === "begin immediate") count++;
          if (sql === "begin immediate") isOpen = true;
          if (sql === "commit" || sql === "rollback") isOpen = false;
          return writer.execute(sql, parameters);
        },
      },
    },
  };
}
