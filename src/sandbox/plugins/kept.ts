import type { Plugin } from "../../agent/plugins/plugin.ts";
import type { EmbedCall } from "../../agent/plugins/plugin-host.ts";
import { Failure } from "../../core/failure.ts";
import type { JsonObject } from "../../core/json.ts";
import { createGate, type Gate, WAITING_MAX } from "../gate.ts";
import type { WorkerAnswer } from "../jail.ts";
import type { Answer, Stocked } from "../js/stock.ts";

/** Embedders whose process is kept; another one takes the place of one that has nothing to do. */
const KEPT_MAX = 4;
/** Calls of one instance: what it keeps of them in its memory is given back then. */
const CALLS_MAX = 1_000;
/** How long an instance waits for a call that does not come. */
const IDLE_MS = 600_000;
/** Bytes of a number in the answer of an embedder. */
const FLOAT_BYTES = 4;

/** What keeping embedders needs. */
export interface KeptOptions {
  /** A process that nothing has run in. */
  readonly take: (language: Plugin["language"]) => Promise<Stocked>;
  /** What it is told beside the texts, the first time. */
  readonly firstMessage: (plugin: Plugin, code: string) => JsonObject;
  /** Answers what a plugin asks for. */
  readonly answersOf: (call: EmbedCall) => Answer;
  /** Calls of one instance; {@link CALLS_MAX} when absent. */
  readonly callsMax?: number;
}

/** Embedders with their instances: setting one up may take long, and nobody's words stay in it that it could tell. */
export interface KeptEmbedders {
  /** See `PluginHost.embed`. */
  embed(call: EmbedCall): Promise<readonly Float32Array[]>;
  /** Ends all of them. */
  close(): Promise<void>;
}

interface Kept {
  /** Tells it from the same plugin with other code or other grants. */
  readonly key: string;
  /** One call at a time, for it has one memory. */
  readonly gate: Gate;
  process: Stocked | undefined;
  calls: number;
  idle: ReturnType<typeof setTimeout> | undefined;
}

/** Keeps none at first. */
export function createKeptEmbedders(options: KeptOptions): KeptEmbedders {
  const all = new Map<string, Kept>();
  const { callsMax = CALLS_MAX } = options;

  function keptFor({ id, hash, grants }: Plugin): Kept {
    const key = `${hash} ${grants.join()}`;
    const known = all.get(id);
    // Put at the end again, so that the first one was used longest ago.
    all.delete(id);
    if (known !== undefined && known.key !== key && known.gate.isIdle()) void end(known);
    const kept = known?.key === key ? known : opened(key);
    all.set(id, kept);
    return kept;
  }

  function opened(key: string): Kept {
    if (all.size >= KEPT_MAX) {
      const [id, idle] = [...all].find(([, { gate }]) => gate.isIdle()) ?? [];
      if (id === undefined || idle === undefined)
        throw new Failure("unavailable", `${KEPT_MAX} other embedders are at work`);
      all.delete(id);
      void end(idle);
    }
    return {
      key,
      gate: createGate({ most: 1, waitingMax: WAITING_MAX }),
      process: undefined,
      calls: 0,
      idle: undefined,
    };
  }

  async function asked(kept: Kept, call: EmbedCall): Promise<readonly Float32Array[]> {
    const { plugin, texts, timeoutMs } = call;
    clearTimeout(kept.idle);
    try {
      const isFirst = kept.process === undefined;
      kept.process ??= await options.take(plugin.language);
      const { worker, answerBy } = kept.process;
      answerBy(options.answersOf(call));
      const message = {
        ...(isFirst ? options.firstMessage(plugin, await call.code()) : {}),
        input: { texts: [...texts] },
        keeps: true,
      };
      // Whoever leaves does not end the instance that others use.
      const { signal } = new AbortController();
      const vectors = vectorsOf(await worker.call({ message, timeoutMs, signal }), call);
      if (++kept.calls >= callsMax) await end(kept);
      return vectors;
    } catch (error) {
      // An instance that failed once may be broken for good.
      await end(kept);
      throw error;
    } finally {
      kept.idle = setTimeout(() => {
        if (kept.gate.isIdle()) void end(kept);
      }, IDLE_MS);
      kept.idle.unref();
    }
  }

  return {
    async embed(call) {
      const kept = keptFor(call.plugin);
      const leave = await kept.gate.enter(call.signal);
      if (leave === undefined) throw new Failure("unavailable", "Too many calls of the embedder wait already");
      if (leave === null) throw call.signal.reason;
      const answer = asked(kept, call).finally(() => {
        leave();
        // Another one was made in its place meanwhile.
        if (all.get(call.plugin.id) !== kept) void end(kept);
      });
      return await unlessAborted(answer, call.signal);
    },

    async close() {
      const kept = [...all.values()];
      all.clear();
      await Promise.all(kept.map(end));
    },
  };
}

async function end(kept: Kept): Promise<void> {
  clearTimeout(kept.idle);
  const ended = kept.process;
  kept.process = undefined;
  kept.calls = 0;
  await ended?.worker.close();
}

/** Lets whoever does not wait any more go, while the call goes on. */
async function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const leave = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  aborted.promise.catch(() => {});
  answer.catch(() => {});
  try {
    return await Promise.race([answer, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

/** The vectors in an answer: numbers of four bytes in little-endian order, one vector after the other. */
function vectorsOf(answer: WorkerAnswer, { plugin, texts }: EmbedCall): readonly Float32Array[] {
  const { name, manifest } = plugin;
  if (answer.kind === "lost")
    throw new Failure("unavailable", `The embedder '${name}' gave no answer: ${answer.reason}`);
  const { floats, error } = answer.line;
  if (error !== undefined) throw new Failure("unavailable", `The embedder '${name}' failed: ${String(error)}`);
  const bytes = Buffer.from(typeof floats === "string" ? floats : "", "base64");
  const dimensions = manifest.dimensions ?? 0;
  const wanted = texts.length * dimensions * FLOAT_BYTES;
  if (bytes.length !== wanted)
    throw new Failure(
      "refused",
      `The embedder '${name}' gave ${bytes.length} bytes for ${texts.length} texts; with ${dimensions} dimensions they are ${wanted}`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numberAt = (text: number, i: number) => view.getFloat32((text * dimensions + i) * FLOAT_BYTES, true);
  return texts.map((_, text) => Float32Array.from({ length: dimensions }, (__, i) => numberAt(text, i)));
}
