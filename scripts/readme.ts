import { readFileSync } from "node:fs";
import { join } from "node:path";

const README = join(import.meta.dir, "../README.md");

/** What README tells a newcomer to type and to save, so that it can be tried as it stands. */
export interface FirstSteps {
  /** The command that starts the server, in words. */
  readonly start: readonly string[];
  /** The command that runs every check and test, in words. */
  readonly test: readonly string[];
  /** The program that talks to the server, to be saved as `otter.ts`. */
  readonly program: string;
  /** The commands that run it, in words; the last of each is what is said: first something to keep, then a question. */
  readonly talk: readonly (readonly string[])[];
}

/** Reads the first steps out of README. */
export function firstSteps(): FirstSteps {
  const text = readFileSync(README, "utf8");
  const blocks = [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, body = ""]) => ({
    language,
    body,
  }));
  const lines = blocks.filter(({ language }) => language === "sh").flatMap(({ body }) => body.split("\n"));
  const start = lines.find((line) => /^npx \S+ \S+ start$/.test(line));
  const test = lines.find((line) => /^npx \S+ \S+ run test$/.test(line));
  const program = blocks.find(({ language }) => language === "ts")?.body;
  const talk = lines.flatMap((line) => {
    const [, command, said] = /^(npx .* otter\.ts) "([^"]+)"$/.exec(line) ?? [];
    return command === undefined || said === undefined ? [] : [[...command.split(" "), said]];
  });
  if (start === undefined || test === undefined || program === undefined || talk.length < 2)
    throw new Error("README no longer shows how to start and test the server, tell an agent something and ask for it");
  return { start: start.split(" "), test: test.split(" "), program, talk };
}
