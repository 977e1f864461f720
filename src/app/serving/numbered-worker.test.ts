import { expect, test } from "bun:test";
import { createNumberedWorker } from "./numbered-worker.ts";

test("createNumberedWorker() gives each question its own answer, in whatever order they come", async () => {
  const worker = createNumberedWorker<string, string>({ entry: "serving/_test-worker", failed: "It failed" });
  const order: string[] = [];
  const asked = ["slow", "quick"].map(async (word) => {
    const answer = await worker.ask(word);
    order.push(answer);
    return answer;
  });
  expect(await Promise.all(asked)).toEqual(["SLOW", "QUICK"]);
  expect(order).toEqual(["QUICK", "SLOW"]);
  worker.stop();
});

test("a worker that fails rejects all that wait for it, and the next question gets a new one", async () => {
  const worker = createNumberedWorker<string, string>({ entry: "serving/_test-worker", failed: "It failed" });
  const asked = ["slow", "fail"].map((word) => worker.ask(word));
  for (const { status, ...rest } of await Promise.allSettled(asked)) {
    const reason = String("reason" in rest && rest.reason);
    expect([status, reason]).toEqual(["rejected", expect.stringMatching(/^Error: It failed: .*told to fail/s)]);
  }
  expect(await worker.ask("again")).toBe("AGAIN");
  worker.stop();
});
