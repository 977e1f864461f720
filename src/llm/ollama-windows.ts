import { isRecord } from "../core/json.ts";

/** Asks Ollama's own API: the parsed answer, or undefined when there is none. With a body it is a POST. */
export type AskOllama = (path: string, body?: object) => Promise<unknown>;

/** The window that is asked for where Ollama runs a model with none yet and its Modelfile names none: room for an agent. */
export const OLLAMA_WINDOW_TOKENS = 16_384;
/** The most models that are asked for one by one. */
const SHOWN_MAX = 200;

/**
 * The context windows of these models: what one runs with, else what its Modelfile says or {@link OLLAMA_WINDOW_TOKENS},
 * but no more than it was made for. Undefined when nobody speaks Ollama's API here.
 */
export async function ollamaWindows(
  ask: AskOllama,
  names: readonly string[],
): Promise<ReadonlyMap<string, number> | undefined> {
  const running = runningOf(await ask("/api/ps"));
  if (running === undefined) return undefined;
  const windows = await Promise.all(
    names.slice(0, SHOWN_MAX).map(async (name) => {
      const runs = running.get(tagged(name));
      if (runs !== undefined) return [name, runs] as const;
      const { made, set = OLLAMA_WINDOW_TOKENS } = windowsIn(await ask("/api/show", { model: name }));
      return [name, Math.min(set, made ?? set)] as const;
    }),
  );
  return new Map(windows);
}

/** The windows with which models run at the moment; undefined when this is not Ollama's answer. */
export function runningOf(answer: unknown): ReadonlyMap<string, number> | undefined {
  const models = isRecord(answer) ? answer["models"] : undefined;
  if (!Array.isArray(models)) return undefined;
  const windows = new Map<string, number>();
  for (const model of models) {
    if (!isRecord(model)) continue;
    const { name, context_length: window } = model;
    if (typeof name === "string" && isWindow(window)) windows.set(tagged(name), window);
  }
  return windows;
}

/** The window that a model was made for, and the one that its Modelfile sets. */
function windowsIn(answer: unknown): { readonly made: number | undefined; readonly set: number | undefined } {
  if (!isRecord(answer)) return { made: undefined, set: undefined };
  const info = isRecord(answer["model_info"]) ? answer["model_info"] : {};
  const made = Object.entries(info).find(([key]) => key.endsWith(".context_length"))?.[1];
  const set = Number(/^\s*num_ctx\s+(\d+)/m.exec(String(answer["parameters"] ?? ""))?.[1]);
  return { made: isWindow(made) ? made : undefined, set: isWindow(set) ? set : undefined };
}

function isWindow(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0;
}

/** A name without a tag means the latest. */
function tagged(name: string): string {
  return name.includes(":", name.lastIndexOf("/") + 1) ? name : `${name}:latest`;
}
