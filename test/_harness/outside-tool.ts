// The process of one call that runs outside: reads the call from its input, prints as it goes, its answer in the last line.
import { appendFileSync, existsSync } from "node:fs";

interface Given {
  readonly callId: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly blocks: readonly { readonly label: string; readonly value: string }[];
}

const { callId, args, blocks } = (await Bun.stdin.json()) as Given;
const {
  does,
  file,
  gate,
  text = "done",
  ms = 0,
} = args as Partial<Record<"does" | "file" | "gate" | "text", string>> & {
  readonly ms?: number;
};

if (file !== undefined) appendFileSync(file, `begins ${callId}\n`);
if (ms > 0) await Bun.sleep(ms);
while (gate !== undefined && !existsSync(gate)) await Bun.sleep(5);
if (file !== undefined) appendFileSync(file, `ends ${callId}\n`);

switch (does) {
  case "fail":
    process.stderr.write("Traceback: it broke\n");
    answer({ status: "error", text: "it broke" });
    break;
  case "die":
    process.kill(process.pid, "SIGKILL");
    await Bun.sleep(60_000);
    break;
  case "flood":
    process.stdout.write("y".repeat(3_000_000));
    answer({ status: "success", text: "x".repeat(3_000_000) });
    break;
  case "remember":
    answer({ status: "success", text, blocks: { human: `${blocks[0]?.value}\n${text}` } });
    break;
  case "show":
    answer({ status: "success", text, images: args["images"] });
    break;
  case "quote":
    answer({ status: "success", text: "x".repeat(Number(args["chars"] ?? 0)) + (process.env["HOSTILE"] ?? "") });
    break;
  case "environment":
    answer({ status: "success", text: Object.keys(process.env).sort().join(" ") });
    break;
  default:
    process.stdout.write("printed\n");
    answer({ status: "success", text });
}

function answer(given: {
  readonly status: string;
  readonly text: string;
  readonly blocks?: object;
  readonly images?: unknown;
}): void {
  process.stdout.write(`\n${JSON.stringify({ blocks: {}, ...given })}\n`);
}
