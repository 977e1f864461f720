import { expect, test } from "bun:test";
import { slicedCounter } from "../../agent/prompt/tokens.ts";
import { createTokenThread } from "./token-thread.ts";

test("createTokenThread() counts as the thread that asks would, each text for itself", async () => {
  const thread = createTokenThread();
  const here = slicedCounter({ sleep: async () => {} });
  const texts = ["", "hello world", "The quick brown fox. ".repeat(30_000), "你好世界"];
  const counted = await Promise.all(texts.map((text) => thread.count(text)));
  thread.stop();
  expect(counted).toEqual(await Promise.all(texts.map((text) => here(text))));
  expect(counted[1]).toBe(2);
});
