import { cut } from "../../core/text.ts";

/** Characters of one line. */
const LINE_CHARS_MAX = 2_000;
const OPENING = "<leaving_lines>";
const CLOSING = "</leaving_lines>";
const NUMBERED = /^(\d+): (.*)$/;

/** What a voice agent's companion is told when lines are about to leave the agent's context; `from` is the number of the first. */
export function voiceTask(
  { leaving, staying }: { readonly leaving: readonly string[]; readonly staying: readonly string[] },
  from: number,
): string {
  const numbered = leaving.map((line, index) => `${from + index}: ${inOneLine(line)}`);
  return `<system-reminder>
The lines below have left the context of the agent whose memory you look after. [user] is the person, [assistant] is that
agent; neither is talking to you. Store what may be looked for again, by the numbers of the lines, and bring the block
about the person up to date. What stays in the agent's context is shown so that you understand the rest.
</system-reminder>

${OPENING}
${numbered.join("\n")}
${CLOSING}

<staying_lines>
${staying.map(inOneLine).join("\n")}
</staying_lines>`;
}

/** The lines that such a task named, by their numbers. */
export function leavingLinesIn(task: string): ReadonlyMap<number, string> {
  const from = task.indexOf(OPENING);
  const to = task.indexOf(CLOSING, from);
  if (from < 0 || to < 0) return new Map();
  const lines = task.slice(from, to).split("\n");
  return new Map(
    lines.flatMap((line) => {
      const [, number, text] = NUMBERED.exec(line) ?? [];
      return text === undefined ? [] : [[Number(number), text] as const];
    }),
  );
}

/** A line has no breaks, so that nothing in it looks like another. */
function inOneLine(text: string): string {
  return cut(text.replaceAll(/\s*[\n\r\u2028\u2029]\s*/g, " "), LINE_CHARS_MAX);
}
