import { answerAll } from "./numbered-worker.ts";

declare const self: Worker;

// Says what it is told in capitals, the first later than what comes after it, and fails where it is told so.
answerAll(self, async (word: string) => {
  if (word === "fail") throw new Error("told to fail");
  if (word === "slow") await Bun.sleep(50);
  return word.toUpperCase();
});
