import type { Plugin } from "../../agent/plugins/plugin.ts";
import type {
  PluginAnswer,
  PluginAnswers,
  PluginCall,
  PluginCode,
  PluginHost,
} from "../../agent/plugins/plugin-host.ts";
import { Failure } from "../../core/failure.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { createGate, WAITING_MAX } from "../gate.ts";
import type { Worker, WorkerAnswer } from "../jail.ts";
import type { ScriptPlace } from "../js/script-place.ts";
import { createStock, type Stocked } from "../js/stock.ts";
import type { ToolNetwork } from "../net/tool-network.ts";
import { createKeptEmbedders, type KeptOptions } from "./kept.ts";
import { readManifest } from "./manifest.ts";
import { limitedModule } from "./module.ts";

/** How long a plugin may take to say what it is. */
const DESCRIBE_MS_MAX = 5_000;
/** Processes that are booted ahead. */
const STOCK = 1;
/** What a plugin may ask the server in one call. */
const ASKED_MAX = 100;
/** Characters of one line that a plugin writes to the log. */
const LOG_CHARS_MAX = 1_000;
/** Things that are recalled at once. */
const RECALL_MAX = 50;

/** What running plugins needs. */
export interface PluginHostOptions {
  /** Where code of a language runs; null where no place holds, with why. */
  readonly place: (language: Plugin["language"]) => Promise<ScriptPlace | { readonly whyNone: string }>;
  readonly network: Pick<ToolNetwork, "grantOf" | "refusalOf" | "fetch">;
  /** Calls that are at work at once. */
  readonly parallel: number;
  /** See {@link KeptOptions.callsMax}. */
  readonly embedderCallsMax?: number;
  /** Takes what plugins write to the log. */
  readonly log: (message: string) => void;
}

/** See {@link PluginHost}. */
export interface ClosingPluginHost extends PluginHost {
  /** Ends what was booted ahead. */
  close(): Promise<void>;
}

/** Runs plugins in jailed processes, a fresh one for each call. */
export function createPluginHost(options: PluginHostOptions): ClosingPluginHost {
  const gate = createGate({ most: options.parallel, waitingMax: WAITING_MAX });
  const stocks = {
    wasm: createStock(async (answer) => (await placeOf(options, "wasm")).open(answer, null), STOCK),
    typescript: createStock(async (answer) => (await placeOf(options, "typescript")).open(answer, null), STOCK),
  };

  const embedders = createKeptEmbedders({
    take: (language) => stocks[language].take(),
    firstMessage: (plugin, code) => ({
      ...messageOf({ language: plugin.language, code }),
      ...refusalFor(options, plugin),
    }),
    answersOf: (call) => answersOf(options, { ...call, answers: NO_ANSWERS }),
    ...(options.embedderCallsMax === undefined ? {} : { callsMax: options.embedderCallsMax }),
  });

  /** One request to a fresh process. Rejects with a Failure where there is none. */
  async function ask(language: Plugin["language"], { message, answerBy, ...rest }: Asked): Promise<WorkerAnswer> {
    const leave = await gate.enter(rest.signal);
    if (leave === undefined) throw new Failure("unavailable", "Too many calls wait already");
    if (leave === null) return { kind: "lost", how: "cancelled", reason: "it was called off before it began" };
    let worker: Worker | undefined;
    try {
      const taken = await stocks[language].take();
      worker = taken.worker;
      taken.answerBy(answerBy);
      return await worker.call({ message, ...rest });
    } finally {
      void Promise.resolve(worker?.close()).then(() => {
        leave();
        if (gate.isIdle()) stocks[language].refill();
      });
    }
  }

  return {
    async examine(draft) {
      const code = checked(draft);
      const message = {
        ...messageOf({ ...draft, code }),
        describes: true,
        noNetwork: "A plugin says what it is by itself",
      };
      const answerBy = () => Promise.reject(new Failure("forbidden", "A plugin says what it is by itself"));
      const { signal } = new AbortController();
      const answer = await ask(draft.language, { message, answerBy, timeoutMs: DESCRIBE_MS_MAX, signal });
      if (answer.kind === "lost") throw new Failure("refused", `The plugin did not say what it is: ${answer.reason}`);
      const { value, error } = answer.line;
      if (error !== undefined) throw new Failure("refused", `The plugin did not say what it is: ${String(error)}`);
      return { manifest: readManifest(value), code };
    },

    async call(call) {
      const { plugin, code, input, timeoutMs, signal } = call;
      try {
        const message = { ...messageOf({ language: plugin.language, code }), input, ...refusalFor(options, plugin) };
        const answerBy = answersOf(options, call);
        return toAnswer(await ask(plugin.language, { message, answerBy, timeoutMs, signal }));
      } catch (error) {
        return { kind: "error", reason: error instanceof Error ? error.message : String(error) };
      }
    },

    embed: embedders.embed,

    async close() {
      await Promise.all([embedders.close(), stocks.wasm.close(), stocks.typescript.close()]);
    },
  };
}

/** No agent is there whose these could be. */
const NO_ANSWERS: PluginAnswers = { secret: async () => null, recall: async () => [] };

interface Asked {
  readonly message: JsonObject;
  readonly answerBy: Parameters<Stocked["answerBy"]>[0];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

async function placeOf({ place }: PluginHostOptions, language: Plugin["language"]): Promise<ScriptPlace> {
  const found = await place(language);
  if ("whyNone" in found) throw new Failure("unavailable", found.whyNone);
  return found;
}

/** The code as it is kept: of a module, with its memory limited. */
function checked({ language, code }: PluginCode): string {
  if (language === "typescript") return code;
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(code)) throw new Failure("refused", "The code of a module must be base64");
  return Buffer.from(limitedModule(Buffer.from(code, "base64"))).toString("base64");
}

function messageOf({ language, code }: PluginCode): JsonObject {
  return { language, code, environment: {}, printedMax: LOG_CHARS_MAX };
}

/** What of the network a plugin may use, as if it were a tool that names its hosts. */
function askingTool({ name, manifest }: Plugin) {
  return { name, metadata: { network: [...manifest.network] } };
}

function refusalFor({ network }: PluginHostOptions, plugin: Plugin): { readonly noNetwork?: string } {
  if (!plugin.grants.includes("fetch")) return { noNetwork: "the plugin was not granted 'fetch'" };
  const asking = askingTool(plugin);
  return network.grantOf(asking) === null ? { noNetwork: network.refusalOf(asking) } : {};
}

/** Answers what a plugin asks for, where that was granted to it. */
function answersOf(
  options: PluginHostOptions,
  { plugin, answers, signal }: Pick<PluginCall, "plugin" | "answers" | "signal">,
): Asked["answerBy"] {
  let asked = 0;
  return async (question) => {
    const { op } = question;
    if (++asked > ASKED_MAX) throw new Failure("too_many", `A plugin may ask ${ASKED_MAX} things in one call`);
    if (!plugin.grants.some((grant) => grant === op))
      throw new Failure("forbidden", `The plugin was not granted '${String(op).slice(0, 20)}'`);
    return answerTo(options, { plugin, answers, signal, question });
  };
}

async function answerTo(
  { network, log }: PluginHostOptions,
  {
    plugin,
    answers,
    signal,
    question,
  }: Pick<PluginCall, "plugin" | "signal"> & {
    readonly answers: PluginAnswers;
    readonly question: JsonObject;
  },
): Promise<Json> {
  const { op, message, name, query, limit, request } = question;
  if (op === "log") {
    log(`Plugin ${plugin.name}: ${JSON.stringify(String(message).slice(0, LOG_CHARS_MAX))}`);
    return null;
  }
  if (op === "secret") return answers.secret(String(name));
  if (op === "recall") return answers.recall(String(query), Math.min(Math.max(Number(limit) || 5, 1), RECALL_MAX));
  const grant = network.grantOf(askingTool(plugin));
  if (grant === null) throw new Failure("forbidden", network.refusalOf(askingTool(plugin)));
  return JSON.parse(JSON.stringify(await network.fetch({ grant, request, signal })));
}

function toAnswer(answer: WorkerAnswer): PluginAnswer {
  if (answer.kind === "lost") return { kind: "unknown", reason: answer.reason };
  const { value, floats, error } = answer.line;
  if (error !== undefined) return { kind: "error", reason: String(error) };
  return { kind: "value", value: floats ?? value ?? null };
}
