import { readFileSync } from "node:fs";
import { join } from "node:path";

const README = join(import.meta.dir, "../README.md");

/** What README tells a newcomer to type and to save, so that it can be tried as it stands. */
export interface FirstSteps {
  /** The command that starts the server, in words. */
  readonly start: readonly string[];
  /** The program that talks to it; it takes what to say as its argument. */
  readonly program: string;
  /** What the program is run with: first to tell something, then to ask for it. */
  readonly says: readonly string[];
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
  const program = blocks.find(({ language }) => language === "ts")?.body;
  const says = lines.flatMap((line) => /^npx .* otter\.ts "([^"]+)"/.exec(line)?.[1] ?? []);
  if (start === undefined || program === undefined || says.length < 2)
    throw new Error("README no longer shows how to start the server, tell an agent something and ask for it");
  return { start: start.split(" "), program, says };
}
