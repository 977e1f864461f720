import { afterAll, expect, test } from "bun:test";
import { startTestServer } from "../_harness/server.ts";
import { callOf } from "./_calls.ts";
import { describeWithPython } from "./_jail.ts";
import { pythonRuntime } from "./_python-server.ts";

const CALL_MS_MAX = 6_000;
/** Between two tokens, and how long a reader may hear nothing while the machine is under attack: a busy one takes its time. */
const TOKEN_MS = 20;
const GAP_MS_MAX = 2_000;

/** What tools try at once, and what their answers may say. */
const ATTACKS: Readonly<Record<string, string>> = {
  "a loop": "def f():\n    while True:\n        pass",
  "a fork bomb": "import os\ndef f():\n    while True:\n        os.fork()",
  "four gigabytes": "def f():\n    return len(bytearray(4 * 1024 ** 3))",
  "a gigabyte of output": "def f():\n    for _ in range(1024):\n        print('x' * 2 ** 20)",
  // Closed by hand: what a file that is merely dropped could not write, Python says to nobody.
  "a hundred thousand files":
    "def f():\n    for i in range(100_000):\n        with open(f'/tmp/{i}', 'w') as file:\n            file.write('x' * 4096)\n    return 'all of them'",
};

describeWithPython("tools that attack the machine all at once", () => {
  const runtime = pythonRuntime();
  afterAll(() => runtime.close());

  test("end at their limits, and a stream goes on meanwhile", async () => {
    const server = await startTestServer();
    let isOver = false;
    const speak = async function* () {
      while (!isOver) {
        yield 'data: {"choices":[{"index":0,"delta":{"content":"so "}}]}\n\n';
        await Bun.sleep(TOKEN_MS);
      }
      yield 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
    };
    const headers = { "content-type": "text/event-stream" };
    server.model.always(() => ({ respond: () => new Response(speak(), { headers }) }));
    const agent = await server.agent();
    const body = { messages: [{ role: "user", content: "Speak" }], streaming: true, stream_tokens: true };
    const response = await server.stream(`/v1/agents/${agent}/messages`, body);
    let widest = 0;
    const read = async () => {
      let last = performance.now();
      for await (const _ of response.body ?? []) {
        widest = Math.max(widest, performance.now() - last);
        last = performance.now();
      }
    };
    const reading = read();
    const calls = Object.values(ATTACKS).map((source) => runtime.call(callOf(source, { timeoutMs: CALL_MS_MAX })));
    const answers = await Promise.all(calls);
    isOver = true;
    await reading;
    const names = Object.keys(ATTACKS);
    for (const [index, answer] of answers.entries()) {
      const isPrinted = names[index] === "a gigabyte of output" && answer.status === "success";
      const kept = answer.status === "success" ? answer.stdout.join("").length : 0;
      expect([names[index], isPrinted ? "success" : answer.status]).toEqual([
        names[index],
        expect.stringMatching(isPrinted ? "success" : /^(error|unknown)$/),
      ]);
      expect(kept).toBeLessThanOrEqual(1_100_000);
    }
    // Each ends at its own limit: a slow machine would end them all by time, with no other limit there.
    const said = answers.map((answer) => (answer.status === "unknown" ? answer.reason : answer.text));
    expect(said[names.indexOf("a fork bomb")]).toContain("Operation not permitted");
    expect(said[names.indexOf("four gigabytes")]).toContain("MemoryError");
    expect(said[names.indexOf("a hundred thousand files")]).toContain("No space left");
    expect(widest).toBeLessThan(GAP_MS_MAX);
    // Whoever comes next is served.
    expect(await runtime.call(callOf("def f():\n    return 'next'"))).toMatchObject({ text: "next" });
    await server.close();
  }, 120_000);
});
