import { Failure } from "../../core/failure.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { returnedParts } from "../../tools/returned-images.ts";
import type { OutsideAnswer, OutsideCall, ToolRuntime } from "../../tools/runtime.ts";
import { typescriptCall } from "../../tools/schema/typescript-schema.ts";
import { createGate, WAITING_MAX } from "../gate.ts";
import type { WorkerAnswer } from "../jail.ts";
import { asksForNetwork } from "../net/grant.ts";
import type { ToolNetwork } from "../net/tool-network.ts";
import type { HeldPackages } from "../packages/package-cache.ts";
import { npmRequirements } from "../packages/requirements.ts";
import { askerOf, type ToolPackages } from "../packages/tool-packages.ts";
import type { ScriptNeeds, ScriptPlace } from "./script-place.ts";
import { createStock, type Stocked } from "./stock.ts";

/** Processes that are booted ahead. */
const STOCK = 2;
/** Characters that are kept of what a call prints to one of its two outputs. */
const PRINTED_CHARS_MAX = 250_000;

/** What running JavaScript needs. */
export interface ScriptRuntimeOptions {
  /** Where it runs, looked for and proved at the first call; null where no jail holds, with why. */
  readonly place: () => Promise<ScriptPlace | { readonly whyNone: string }>;
  readonly network: Pick<ToolNetwork, "grantOf" | "refusalOf" | "fetch">;
  readonly packages: Pick<ToolPackages, "javascript">;
  /** Calls that are at work at once. */
  readonly parallel: number;
}

/** Runs tools in TypeScript and JavaScript, each call in a process of its own. */
export interface ScriptRuntime extends ToolRuntime {
  /** Ends what was booted ahead. */
  close(): Promise<void>;
}

/** See {@link ScriptRuntime}. The first call boots processes for the next ones. */
export function createScriptRuntime(options: ScriptRuntimeOptions): ScriptRuntime {
  const gate = createGate({ most: options.parallel, waitingMax: WAITING_MAX });
  const stock = createStock(async (answer) => (await placeOf(options)).open(answer, null), STOCK);
  const boot = async (packages: string | null): Promise<Stocked> => {
    if (packages === null) return stock.take();
    let by: Parameters<Stocked["answerBy"]>[0] | undefined;
    const worker = await (await placeOf(options)).open(async (question) => by?.(question) ?? null, packages);
    return {
      worker,
      answerBy(answer) {
        by = answer;
      },
    };
  };
  return {
    runs: ({ toolType, sourceType, sourceCode }) =>
      toolType === "custom" && sourceType === "typescript" && sourceCode !== null,
    async call(call) {
      const leave = await gate.enter(call.signal);
      if (leave === undefined) return failed(call, `${WAITING_MAX} calls wait already; try again later`);
      if (leave === null) return { status: "unknown", reason: "it was called off before it began" };
      let ending: Promise<void> | undefined;
      let held: HeldPackages | null = null;
      try {
        const message = messageOf(call, options.network);
        const refusal = (await placeOf(options)).refusalOf(needsOf(call, options.network));
        if (refusal !== undefined) return failed(call, refusal);
        held = await options.packages.javascript(call.tool, askerOf(call));
        const { worker, answerBy } = await boot(held?.path ?? null);
        answerBy((question) => answerTo(question, call, options.network));
        const answer = await worker.call({ message, timeoutMs: call.limits.timeoutMs, signal: call.signal });
        // It is told to end, and does nothing any more; the next call need not wait until the system has cleared it away.
        ending = worker.close();
        return answerOf(call, answer);
      } catch (error) {
        return failed(call, error instanceof Error ? error.message : String(error));
      } finally {
        void Promise.resolve(ending).then(() => {
          held?.release();
          leave();
          if (gate.isIdle()) stock.refill();
        });
      }
    },
    close: stock.close,
  };
}

async function placeOf({ place }: ScriptRuntimeOptions): Promise<ScriptPlace> {
  const found = await place();
  if ("whyNone" in found) throw new Failure("unavailable", found.whyNone);
  return found;
}

function needsOf({ tool }: OutsideCall, network: ScriptRuntimeOptions["network"]): ScriptNeeds {
  return {
    needsPackages: npmRequirements(tool.npmRequirements).length > 0,
    needsNetwork: asksForNetwork(tool) && network.grantOf(tool) !== null,
  };
}

/** What the process is told: the source, which function of it, and its arguments by place, where absent ones are null; by name too where an object may take them. */
function messageOf(
  { tool, args, environment, limits, wantsValue = false }: OutsideCall,
  network: ScriptRuntimeOptions["network"],
): JsonObject {
  const code = tool.sourceCode ?? "";
  const { name, parameters, mayBeMade } = typescriptCall(code, tool.name);
  const given =
    parameters === null ? [[args]] : parameters.map((each) => (Object.hasOwn(args, each) ? [args[each]] : null));
  const refusal = network.grantOf(tool) === null ? { noNetwork: network.refusalOf(tool) } : {};
  return {
    language: "typescript",
    code,
    ...(name === null ? {} : { name }),
    ...(mayBeMade ? { made: { name: tool.name, args: JSON.parse(JSON.stringify(args)) } } : {}),
    // What the model wrote was JSON.
    args: JSON.parse(JSON.stringify(given)),
    environment: { ...environment },
    printedMax: Math.min(limits.outputCharsMax, PRINTED_CHARS_MAX),
    textMax: limits.outputCharsMax,
    typed: wantsValue,
    timeoutMs: limits.timeoutMs,
    ...refusal,
  };
}

/** What the code of a call may ask: to fetch from where it was granted. */
async function answerTo(
  { op, request }: JsonObject,
  { tool, signal }: OutsideCall,
  network: ScriptRuntimeOptions["network"],
): Promise<Json> {
  const grant = network.grantOf(tool);
  if (op !== "fetch" || grant === null) throw new Failure("forbidden", "This was not granted");
  return JSON.parse(JSON.stringify(await network.fetch({ grant, request, signal })));
}

function answerOf(call: OutsideCall, answer: WorkerAnswer): OutsideAnswer {
  if (answer.kind === "lost") return { status: "unknown", reason: answer.reason };
  const { text, parts, value, error, isLate, stdout, stderr } = answer.line;
  if (isLate === true) return { status: "unknown", reason: `it did not answer within ${call.limits.timeoutMs} ms` };
  const printed = { stdout: listOf(call, stdout), stderr: listOf(call, stderr) };
  if (typeof error === "string") return { ...failed(call, error), ...printed };
  if (typeof text !== "string") return { ...failed(call, "its answer was none"), ...printed };
  const told = returnedParts(parts) ?? { text, images: [] };
  const shown = told.text.slice(0, call.limits.outputCharsMax).toWellFormed();
  return {
    status: "success",
    ...printed,
    blocks: {},
    text: shown,
    images: told.images,
    ...(value === undefined ? {} : { value }),
  };
}

function failed(
  { tool, limits }: OutsideCall,
  reason: string,
): Extract<OutsideAnswer, { status: "error" | "success" }> {
  const text = `Error executing function ${tool.name}: ${reason}`.slice(0, limits.outputCharsMax).toWellFormed();
  return { status: "error", text, stdout: [], stderr: [], blocks: {} };
}

function listOf({ limits }: OutsideCall, printed: Json | undefined): readonly string[] {
  return typeof printed === "string" && printed !== "" ? [printed.slice(0, limits.outputCharsMax).toWellFormed()] : [];
}
