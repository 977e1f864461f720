import { Failure } from "../../core/failure.ts";
import { isRecord, type JsonObject, parseJson } from "../../core/json.ts";
import type { OutsideAnswer, OutsideCall, ToolRuntime } from "../../tools/runtime.ts";
import type { Worker } from "../jail.ts";
import { asksForNetwork, type NetworkGrant } from "../net/grant.ts";
import type { ToolNetwork } from "../net/tool-network.ts";
import type { HeldPackages } from "../packages/package-cache.ts";
import { pipRequirements } from "../packages/requirements.ts";
import { askerOf, type ToolPackages } from "../packages/tool-packages.ts";
import { callPython } from "./python-call.ts";
import { pythonOpening } from "./python-opening.ts";
import type { PythonPlace } from "./python-place.ts";
import { createWorkerPool, type PoolLimits } from "./python-pool.ts";

/** What Python tools run with. */
export interface PythonRuntimeOptions {
  /** Where they run; asked with each call, so it should remember. `again` looks anew, as what it knew failed. */
  readonly place: (again?: "again") => Promise<PythonPlace>;
  readonly network: Pick<ToolNetwork, "grantOf" | "refusalOf" | "open">;
  readonly packages: Pick<ToolPackages, "python">;
  readonly limits?: PoolLimits;
}

/** Runs Python tools, until it is closed. */
export interface PythonRuntime extends ToolRuntime {
  /** Ends all workers. */
  close(): Promise<void>;
}

/** Letta's names of sources that are Python. Those without one are old. */
const PYTHON_SOURCES: readonly (string | null)[] = ["python", "json", null];

/** A {@link ToolRuntime} for tools in Python, each call in a process of its own, in a jail. */
export function createPythonRuntime(options: PythonRuntimeOptions): PythonRuntime {
  const pool = createWorkerPool(options.limits);
  return {
    runs: ({ toolType, sourceType, sourceCode }) =>
      toolType === "custom" && sourceCode !== null && PYTHON_SOURCES.includes(sourceType),
    async call(call) {
      let packages: HeldPackages | null = null;
      try {
        const { python, lacks } = foundAt(await options.place());
        if (lacks !== undefined) checkNeeds(call, options.network, lacks);
        const hold = () => options.packages.python(call.tool, python, askerOf(call));
        const grant = lacks === undefined ? options.network.grantOf(call.tool) : null;
        const noNetwork = grant === null ? { noNetwork: lacks ?? options.network.refusalOf(call.tool) } : {};
        packages = await hold();
        const key = JSON.stringify([call.actor.organizationId, packages?.path ?? null, grant?.key ?? null]);
        return await pool.use(key, {
          open: () => open(options, { hold, grant }),
          work: (worker) => callPython(worker, { ...requestOf(call), ...noNetwork }),
          signal: call.signal,
        });
      } catch (error) {
        return answerTo(error, call);
      } finally {
        packages?.release();
      }
    },
    close: pool.close,
  };
}

/** Throws a `refused` Failure for a tool that needs what the place does not have. */
function checkNeeds({ tool }: OutsideCall, network: PythonRuntimeOptions["network"], lacks: string): void {
  if (pipRequirements(tool.pipRequirements).length > 0)
    throw new Failure("refused", `it needs packages of pip, and ${lacks}`);
  if (asksForNetwork(tool) && network.grantOf(tool) !== null)
    throw new Failure("refused", `it asks for the network, and ${lacks}`);
}

/** What the workers of a key have in common. */
interface Needs {
  /** Holds their packages for as long as a worker lives. */
  readonly hold: () => Promise<HeldPackages | null>;
  readonly grant: NetworkGrant | null;
}

/** Opens a worker. Where what was proved no longer holds, the machine is looked at again. */
async function open(options: PythonRuntimeOptions, needs: Needs): Promise<Worker> {
  const found = foundAt(await options.place());
  try {
    return await openAt(options, found, needs);
  } catch {
    return openAt(options, foundAt(await options.place("again")), needs);
  }
}

function foundAt({ found, refusal = "there is no jail for it" }: PythonPlace): NonNullable<PythonPlace["found"]> {
  if (found === undefined) throw new Failure("unavailable", refusal);
  return found;
}

async function openAt(
  { network }: PythonRuntimeOptions,
  { jail, python }: NonNullable<PythonPlace["found"]>,
  { hold, grant }: Needs,
): Promise<Worker> {
  const packages = await hold();
  const proxy = grant === null ? null : await network.open(grant);
  const leave = async () => {
    packages?.release();
    await proxy?.close();
  };
  try {
    const wish = { python, arch: process.arch, packages: packages?.path ?? null, proxy: proxy?.path ?? null };
    const worker = await jail.open(pythonOpening(wish));
    void worker.ended.then(leave);
    return worker;
  } catch (error) {
    await leave();
    throw error;
  }
}

/** What never ran is an error that the model hears; what was called off meanwhile did not run either. */
function answerTo(error: unknown, { tool, signal }: OutsideCall): OutsideAnswer {
  const text = signal.aborted ? "it was called off before it began" : reasonOf(error);
  return {
    status: "error",
    text: `Error executing function ${tool.name}: ${text}`,
    stdout: [],
    stderr: [],
    blocks: {},
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function requestOf({ tool, args, agent, environment, limits, signal, wantsValue = false }: OutsideCall) {
  return {
    typed: wantsValue,
    source: tool.sourceCode ?? "",
    name: tool.name,
    args: jsonOf(args),
    schema: tool.argsJsonSchema,
    agent: agent === null ? null : { ...agent, blocks: agent.blocks.map((block) => ({ ...block })) },
    environment,
    timeoutMs: limits.timeoutMs,
    charsMax: limits.outputCharsMax,
    signal,
  };
}

/** Arguments came as JSON; what is of no such kind is left out as JSON leaves it out. */
function jsonOf(args: OutsideCall["args"]): JsonObject {
  const parsed = parseJson(JSON.stringify(args));
  return isRecord(parsed) ? parsed : {};
}
