import { expect, test } from "bun:test";
import { objectIn } from "./answer-json.ts";

const ANSWER = { facts: [{ text: 'She said "{no}" \\ twice' }] };
const JSON_TEXT = JSON.stringify(ANSWER);

test("objectIn() finds the object of an answer however it is wrapped", () => {
  const wrapped = [
    JSON_TEXT,
    `  ${JSON_TEXT}\n`,
    `\`\`\`json\n${JSON_TEXT}\n\`\`\``,
    `\`\`\`\n${JSON.stringify(ANSWER, null, 2)}\n\`\`\`\nDone.`,
    `<think>Which {facts}? {"facts": []} is too few.</think>\n\n${JSON_TEXT}`,
    `Here is what I found: ${JSON_TEXT} That is all.`,
    `The shape is {"facts": []}. So: ${JSON_TEXT}`,
    `{ not JSON } but ${JSON_TEXT}`,
  ];
  for (const words of wrapped) expect(objectIn(words)).toEqual(ANSWER);
});

test("objectIn() finds nothing where there is no object", () => {
  for (const words of ["", "null", "[1]", "No facts.", '{"facts": [', "{".repeat(100_000), "{a}".repeat(1_000)])
    expect(objectIn(words)).toBeUndefined();
});

test("objectIn() takes little time over many openings", () => {
  const start = performance.now();
  expect(objectIn('{"a'.repeat(300_000))).toBeUndefined();
  expect(performance.now() - start).toBeLessThan(5_000);
});
