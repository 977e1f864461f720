import { Failure } from "../../core/failure.ts";
import { cut } from "../../core/text.ts";
import { refuseShownLineNumbers } from "../../umi/core/block-edit.ts";

/** Places that one patch may change in one block, and headers it may have. */
const HUNKS_MAX = 200;
const ACTIONS_MAX = 100;
const SHOWN_CHARS_MAX = 100;

/** Lines to find and the lines to put in their place. */
export interface Hunk {
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** One change of a patch over several blocks, in the order they are to be made. */
export type PatchAction =
  | { readonly type: "add"; readonly label: string; readonly description: string | null; readonly value: string }
  | { readonly type: "update"; readonly label: string; readonly hunks: readonly Hunk[] }
  | { readonly type: "delete"; readonly label: string }
  | { readonly type: "move"; readonly label: string; readonly newLabel: string };

/** Whether the patch names its blocks itself, by `*** Update Block: label` and the like. */
export function isMultiBlock(patch: string): boolean {
  return /^\*\*\* (?:Begin Patch|(?:Add|Update|Delete) Block:)/mu.test(patch);
}

/** Reads a diff of one block: lines that begin with a space, `-` or `+`, in places parted by `@@`. */
export function parseHunks(patch: string): readonly Hunk[] {
  return hunksOf(linesOf(patch));
}

/** Reads a patch whose headers name blocks. */
export function parseActions(patch: string): readonly PatchAction[] {
  const sections = sectionsOf(linesOf(patch));
  if (sections.length === 0) throw badPatch("it changes nothing");
  if (sections.length > ACTIONS_MAX) throw badPatch(`it has more than ${ACTIONS_MAX} headers`);
  const actions: PatchAction[] = [];
  for (const [index, section] of sections.entries()) {
    const previous = actions.at(-1);
    const action = parseAction(section, previous?.type === "move" ? previous.newLabel : previous?.label);
    const onlyMoved = sections[index + 1]?.header.startsWith("*** Move to:") === true;
    if (action.type === "update" && action.hunks.length === 0 && !onlyMoved)
      throw badPatch(`there are no lines under \`${shown(section.header)}\``);
    actions.push(action);
  }
  return actions.filter((action) => action.type !== "update" || action.hunks.length > 0);
}

/** Makes the changes in order, each where its lines are found; throws when they are nowhere, or in two places. */
export function applyHunks(value: string, hunks: readonly Hunk[]): string {
  let lines: readonly string[] = value === "" ? [] : value.split("\n");
  for (const { from, to } of hunks) {
    const at = from.length === 0 ? lines.length : placeOf(lines, from);
    lines = [...lines.slice(0, at), ...to, ...lines.slice(at + from.length)];
  }
  return lines.join("\n");
}

interface Section {
  readonly header: string;
  readonly body: string[];
}

/** Lines below `*** Move to:` belong to the block above it, as in the patches of files that models know. */
function sectionsOf(lines: readonly string[]): readonly Section[] {
  const sections: Section[] = [];
  let open: Section | undefined;
  for (const line of lines) {
    if (/^\*\*\* (?:Begin Patch|End Patch|End of File)\s*$/u.test(line)) continue;
    if (line.startsWith("*** ")) {
      const section = { header: line, body: [] };
      sections.push(section);
      if (!line.startsWith("*** Move to:")) open = section;
    } else if (open !== undefined) open.body.push(line);
    else if (line.trim() !== "") throw badPatch(`its first line is no header: \`${shown(line)}\``);
  }
  return sections;
}

function parseAction({ header, body }: Section, previous: string | undefined): PatchAction {
  const [, verb, name = ""] = /^\*\*\* (Add Block|Update Block|Delete Block|Move to):\s*(.*?)\s*$/u.exec(header) ?? [];
  if (verb === undefined || name === "")
    throw badPatch(`this header is unknown or lacks a label: \`${shown(header)}\``);
  if (verb === "Add Block") return { type: "add", label: name, ...parseAdded(body) };
  if (verb === "Update Block") return { type: "update", label: name, hunks: isBlank(body) ? [] : hunksOf(body) };
  if (verb === "Delete Block") {
    if (!isBlank(body)) throw badPatch("`*** Delete Block:` takes no lines");
    return { type: "delete", label: name };
  }
  if (previous === undefined) throw badPatch("`*** Move to:` must follow the block that it renames");
  return { type: "move", label: previous, newLabel: name };
}

function isBlank(body: readonly string[]): boolean {
  return body.every((line) => line.trim() === "");
}

function parseAdded(body: readonly string[]): { readonly description: string | null; readonly value: string } {
  const [first = "", ...rest] = body;
  const description = /^Description:\s*(.*?)\s*$/u.exec(first)?.[1];
  const added = (description === undefined ? body : rest).filter((line) => line !== "");
  const stray = added.find((line) => !line.startsWith("+"));
  if (stray !== undefined)
    throw badPatch(`lines of an added block begin with \`+\`, this one does not: \`${shown(stray)}\``);
  const value = added.map((line) => line.slice(1)).join("\n");
  refuseShownLineNumbers(value);
  return { description: description ?? null, value };
}

function hunksOf(lines: readonly string[]): readonly Hunk[] {
  const hunks: OpenHunk[] = [];
  let open: OpenHunk | undefined;
  for (const line of withoutFileNames(lines)) {
    // Git ends a diff with "\\ No newline at end of file".
    if (line.startsWith("\\")) continue;
    if (line.startsWith("@@")) {
      open = undefined;
      continue;
    }
    if (open === undefined) {
      open = { from: [], to: [] };
      hunks.push(open);
    }
    addLine(open, line);
  }
  const changing = hunks.filter(({ from, to }) => from.join("\n") !== to.join("\n") || from.length !== to.length);
  if (changing.length === 0) throw badPatch("it has no line that begins with `-` or `+`");
  if (changing.length > HUNKS_MAX) throw badPatch(`it changes more than ${HUNKS_MAX} places`);
  return changing;
}

interface OpenHunk {
  readonly from: string[];
  readonly to: string[];
}

function addLine({ from, to }: OpenHunk, line: string): void {
  const text = line.slice(1);
  refuseShownLineNumbers(text);
  // Models drop the space of an empty line, so an empty one stands for itself.
  const mark = line === "" ? " " : line[0];
  if (mark !== " " && mark !== "-" && mark !== "+")
    throw badPatch(`each line begins with a space, \`-\` or \`+\`, this one does not: \`${shown(line)}\``);
  if (mark !== "+") from.push(text);
  if (mark !== "-") to.push(text);
}

/** Drops the `--- a` and `+++ b` that diffs of files begin with. */
function withoutFileNames(lines: readonly string[]): readonly string[] {
  const named = lines[0]?.startsWith("--- ") === true && lines[1]?.startsWith("+++ ") === true;
  return named ? lines.slice(2) : lines;
}

function placeOf(lines: readonly string[], wanted: readonly string[]): number {
  let found = -1;
  for (let at = 0; at + wanted.length <= lines.length; at++) {
    if (!wanted.every((line, index) => lines[at + index] === line)) continue;
    if (found !== -1)
      throw badPatch(
        `lines ${found + 1} and ${at + 1} both match \`${shown(wanted.join("\n"))}\`; add lines around it`,
      );
    found = at;
  }
  if (found === -1) throw badPatch(`the block does not contain these lines: \`${shown(wanted.join("\n"))}\``);
  return found;
}

function linesOf(patch: string): readonly string[] {
  const lines = patch.replaceAll("\r\n", "\n").split("\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

function badPatch(reason: string): Failure {
  return new Failure("refused", `The patch was not applied: ${reason}`);
}

function shown(text: string): string {
  return cut(text, SHOWN_CHARS_MAX);
}
