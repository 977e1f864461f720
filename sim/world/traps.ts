import { createRequire } from "node:module";

/** Told of a clock, a timer, a network or a source of chance that was used past the world, and from where. */
export type Caught = (global: string, stack: string) => void;

/** The runtime's own, which the scheduler takes its breath with. */
export const realImmediate = globalThis.setImmediate;

const STACK_LINES = 6;

/** Every module that is loaded, by its path. */
const modules = createRequire(import.meta.url).cache;

/** Who is told while a seed runs; outside of seeds everything is as the runtime made it. */
let caught: Caught | undefined;

/**
 * Runs a seed. Meanwhile whatever of the runtime no seed decides is told to `told`, and throws. The code outside the
 * world that needs any of it takes it before, as {@link realImmediate}. Also timers cannot outlive a seed this way, of
 * which Bun gives no list (its `process.getActiveResourcesInfo` is always empty).
 *
 * `import()` cannot be replaced. What it loaded is told when the seed is over: threads read it, so whoever waited for it
 * went on at a moment that no seed decides.
 */
export async function withTraps<T>(told: Caught, seed: () => Promise<T>): Promise<T> {
  const before = new Set(Object.keys(modules));
  caught = told;
  try {
    return await seed();
  } finally {
    caught = undefined;
    const late = Object.keys(modules).filter((path) => !before.has(path));
    if (late.length > 0) told("import()", late.slice(0, STACK_LINES).join(" "));
  }
}

function trap(global: string): void {
  if (caught === undefined) return;
  const error = new Error(`${global} was used past the world`);
  const stack = (error.stack ?? "").split("\n").slice(3, 3 + STACK_LINES);
  caught(global, stack.map((line) => line.trim()).join(" "));
  throw error;
}

type Callable = (...values: unknown[]) => unknown;

/** Each is looked at where it is called, so whoever has kept one from before a seed is caught too. */
function setTraps(owner: object, ownerName: string, names: readonly string[]): void {
  for (const name of names) {
    const original: unknown = Reflect.get(owner, name);
    if (typeof original !== "function") continue;
    const label = `${ownerName}${name}`;
    const trapped = new Proxy(original as Callable, {
      apply(target, self, values) {
        trap(label);
        return Reflect.apply(target, self, values);
      },
      construct(target, values, made) {
        trap(label);
        return Reflect.construct(target, values, made);
      },
    });
    // Some of Bun's own can be written and not defined.
    if (!Reflect.defineProperty(owner, name, { value: trapped, configurable: true, writable: true }))
      Reflect.set(owner, name, trapped);
  }
}

/** A date of a given moment is arithmetic; one of no moment is the clock. */
function setDateTraps(): void {
  const trapped = new Proxy(Date, {
    apply(target, self, values) {
      trap("Date()");
      return Reflect.apply(target, self, values);
    },
    construct(target, values, made) {
      if (values.length === 0) trap("new Date()");
      return Reflect.construct(target, values, made);
    },
  });
  Date.prototype.constructor = trapped;
  globalThis.Date = trapped;
}

setTraps(Date, "Date.", ["now"]);
setDateTraps();
setTraps(Math, "Math.", ["random"]);
setTraps(performance, "performance.", ["now"]);
setTraps(crypto, "crypto.", ["randomUUID", "getRandomValues"]);
setTraps(crypto.subtle, "crypto.subtle.", [
  ...[
    "digest",
    "sign",
    "verify",
    "encrypt",
    "decrypt",
    "generateKey",
    "importKey",
    "exportKey",
    "deriveBits",
    "deriveKey",
  ],
]);
setTraps(AbortSignal, "AbortSignal.", ["timeout"]);
setTraps(process, "process.", ["hrtime", "uptime"]);
setTraps(Bun, "Bun.", ["sleep", "sleepSync", "nanoseconds", "randomUUIDv7", "connect", "listen", "serve", "spawn"]);
setTraps(globalThis, "", ["setTimeout", "setInterval", "setImmediate", "fetch"]);
setTraps(globalThis, "", ["WebSocket", "Worker", "MessageChannel", "BroadcastChannel", "CompressionStream"]);
