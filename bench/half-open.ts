// How soon a server answers while many connections are held half-open, and how many of them it closes.
// Usage: bun bench/half-open.ts [--executable dist/selkie] [--port 21410] [--connections 5000] [--descriptors 20000]
//        [--kind body|drip|headers|kept] [--seconds 10] [--key KEY]
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { percentile, untilAnswers, useOf } from "./process.ts";

const { values } = parseArgs({
  options: {
    executable: { type: "string", default: "dist/selkie" },
    port: { type: "string", default: "21410" },
    connections: { type: "string", default: "5000" },
    descriptors: { type: "string", default: "20000" },
    kind: { type: "string", default: "body" },
    seconds: { type: "string", default: "10" },
    key: { type: "string" },
  },
});
/** How long opening them all may take. */
const OPENING_SECONDS = 3;
/** Between two looks at the health, and two bytes of a slow sender. */
const PAUSE_MS = 20;
const DRIP_MS = 1_000;
/** How long one look may take before it counts as not answered. */
const HEALTH_MS_MAX = 5_000;

const HALF_BODY = "POST /v1/agents/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n{";
const FIRST: Readonly<Record<string, string>> = {
  body: HALF_BODY,
  drip: HALF_BODY,
  headers: "GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
  kept: "GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
};

const port = Number(values.port);
const directory = mkdtempSync(join(tmpdir(), "selkie-bench-"));
const limited = ["sh", "-c", `ulimit -n ${values.descriptors}; exec "$@"`, "sh", values.executable];
const server = Bun.spawn([...limited, "serve", "--port", values.port, "--data", directory], {
  stdout: "ignore",
  stderr: "inherit",
  env: values.key === undefined ? {} : { SELKIE_API_KEY: values.key },
});

// In a thread of its own: this one is busy with opening connections.
const watcher = new Worker(
  URL.createObjectURL(
    new Blob([
      `const healthMs = async () => {
         const began = performance.now();
         const response = await fetch("http://127.0.0.1:${port}/v1/health", {
           headers: { connection: "close" },
           signal: AbortSignal.timeout(${HEALTH_MS_MAX}),
         }).catch(() => undefined);
         return response?.ok === true ? performance.now() - began : Number.POSITIVE_INFINITY;
       };
       self.onmessage = async ({ data: seconds }) => {
         const samples = [];
         for (const until = performance.now() + seconds * 1000; performance.now() < until; ) {
           samples.push(await healthMs());
           await Bun.sleep(${PAUSE_MS});
         }
         self.postMessage(samples);
       };`,
    ]),
  ),
);

async function healthFor(seconds: number) {
  const samples = await new Promise<readonly number[]>((resolve) => {
    watcher.onmessage = (event: MessageEvent<readonly number[]>) => resolve(event.data);
    watcher.postMessage(seconds);
  });
  return { looks: samples.length, p50: percentile(samples, 0.5), max: Math.max(...samples) };
}

function hold(count: number) {
  const first = FIRST[values.kind] ?? HALF_BODY;
  const isSlow = values.kind === "drip" || values.kind === "headers";
  const held = { open: 0, closed: 0 };
  for (let i = 0; i < count; i++) {
    const socket = connect(port, "127.0.0.1", () => {
      held.open++;
      socket.write(first);
    });
    const drip = isSlow ? setInterval(() => socket.write("x"), DRIP_MS) : undefined;
    socket.on("data", () => {});
    socket.on("error", () => {});
    socket.on("close", () => {
      clearInterval(drip);
      held.closed++;
    });
  }
  return held;
}

try {
  await untilAnswers(`http://127.0.0.1:${port}/v1/health`, 10_000);
  const before = useOf(server.pid).cpuMs;
  await healthFor(0.2);
  const looking = healthFor(OPENING_SECONDS);
  const held = hold(Number(values.connections));
  const opening = await looking;
  const health = await healthFor(Number(values.seconds));
  const { cpuMs, rssMb } = useOf(server.pid);
  console.log(JSON.stringify({ kind: values.kind, opening, health, held, cpuMs: cpuMs - before, rssMb }));
} finally {
  server.kill();
  await server.exited;
  rmSync(directory, { recursive: true, force: true });
}
process.exit();
