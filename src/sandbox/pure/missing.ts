/** What browsers have beside the language, and jails with a whole runtime. */
const WEB = [
  "AbortController|AbortSignal|Blob|BroadcastChannel|ByteLengthQueuingStrategy|CompressionStream|CountQueuingStrategy",
  "Crypto|CustomEvent|DOMException|DecompressionStream|Event|EventSource|EventTarget|File|FormData|Headers|Intl",
  "MessageChannel|ReadableStream|Request|Response|TextDecoder|TextEncoder|TransformStream|URL|URLSearchParams|WebAssembly",
  "WebSocket|Worker|WritableStream|XMLHttpRequest|atob|btoa|clearImmediate|clearInterval|clearTimeout|crypto|fetch",
  "localStorage|navigator|performance|setImmediate|setInterval|setTimeout|structuredClone",
].join("|");
/** What only Bun and Node have. */
const OF_BUN = "Buffer|Bun|__dirname|__filename|global|module|require|exports";

const NOT_DEFINED = /^(ReferenceError: )'?([\w$]+)'? is not defined$/;
const WITHOUT = "tools run on this server in an interpreter that has the language and nothing else";
/** What a server's owner can do about it. */
const BUBBLEWRAP = "bubblewrap on the server ('apt-get install bubblewrap')";
const DENO = "Deno (SELKIE_DENO)";

/** An error of a tool, with what the interpreter lacks and which jail would have it, where that is the reason. */
export function explainedError(error: string): string {
  const [, kind, name] = NOT_DEFINED.exec(error) ?? [];
  if (kind === undefined || name === undefined) return error;
  const plain = `${kind}${name} is not defined`;
  if (named(WEB, name)) return `${plain}: ${WITHOUT}; ${BUBBLEWRAP} or ${DENO} would have it`;
  return named(OF_BUN, name) ? `${plain}: ${WITHOUT}; ${BUBBLEWRAP} would have it` : plain;
}

function named(list: string, name: string): boolean {
  return list.split("|").includes(name);
}

/** What whoever imports something is told. */
export function refuseImport(name: string): Error {
  const what = /^(?:node|bun):/.test(name) || !/^[@\w]/.test(name) ? "module" : "package";
  return new Error(`Cannot find ${what} '${name}': ${WITHOUT}; ${BUBBLEWRAP} would have it`);
}

/** Why a tool that needs something beside the language cannot run here. */
export function refusedNeed(need: "packages" | "network"): string {
  if (need === "packages") return `it needs packages of npm, and ${WITHOUT}; ${BUBBLEWRAP} would have them`;
  return `it asks for the network, and ${WITHOUT}; ${BUBBLEWRAP} or ${DENO} would have it`;
}
