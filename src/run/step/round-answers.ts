import type { MemoryChange } from "../../agent/events.ts";
import type { Approval, ToolReturn } from "../../agent/message.ts";
import type { Repositories } from "../../agent/ports/ports.ts";
import { changingIsolated } from "../../agent/prompt/isolated-blocks.ts";
import { Failure } from "../../core/failure.ts";
import type { ImageBytes } from "../../core/image.ts";
import { cut } from "../../core/text.ts";
import type { InputPart, ToolCall } from "../../llm/model.ts";
import { heardOf, type ToolResult } from "../../tools/builtin.ts";
import { fittingImages } from "../../tools/returned-images.ts";
import { RETURN_CHARS_DEFAULT } from "../../tools/tool.ts";
import { errorLine, limitMessage, limitParts, limitText, packAnswer, wordsOf } from "../../tools/tool-answer.ts";
import type { Block } from "../../umi/core/block.ts";
import { editValue } from "../../umi/core/block-edit.ts";
import { blocksOfAgent, type CoreMemory, createCoreMemory, noSuchBlock } from "../../umi/core/core-blocks.ts";
import type { OutsideResult } from "./outside-calls.ts";
import { type MemoryChanges, watchBlocks } from "./tool-notes.ts";
import type { Turn } from "./turn-state.ts";

/** The answer to one call, whether the system prompt must be compiled again after it, and what it changed in memory. */
export interface Answered {
  readonly toolReturn: ToolReturn;
  readonly promptChanged: boolean;
  readonly changes: readonly MemoryChange[];
}

/** The result with its message cut to what the tool may return. */
export function limited(turn: Turn, call: ToolCall, result: ToolResult & { ok: true }): ToolResult {
  return { ...result, message: limitMessage(result.message, charsMaxOf(turn, call)) };
}

/** Characters that a tool may return; the usual number where the agent has no such tool any more. */
function charsMaxOf({ tools }: Turn, { name }: ToolCall): number {
  return tools.find((tool) => tool.name === name)?.returnCharLimit ?? RETURN_CHARS_DEFAULT;
}

/** The result as it is stored. */
export function packed(turn: Turn, call: ToolCall, result: ToolResult): Answered {
  const response = pack(turn, result.ok, result.message);
  const text = typeof result.message === "string" ? result.message : JSON.stringify(result.message);
  const stderr = result.ok ? null : [errorLine(call.name, text)];
  const toolReturn: ToolReturn = {
    toolCallId: call.id,
    name: call.name,
    status: result.ok ? "success" : "error",
    response,
    stdout: null,
    stderr,
  };
  return { toolReturn, promptChanged: result.ok && result.promptChanged, changes: [] };
}

/** What did not run has written nothing. */
export function withoutStderr(answered: Answered): Answered {
  return { ...answered, toolReturn: { ...answered.toolReturn, stderr: null } };
}

/** What a client answered that ran the tool itself. */
export function clientAnswer(turn: Turn, call: ToolCall, decision: Approval & { type: "tool" }): Answered {
  const { status, parts, stdout, stderr } = decision;
  // A tool of the client has no limit of its own: a fifth of the window, at four characters a token.
  const charsMax = Math.max(RETURN_CHARS_DEFAULT, Math.floor(turn.agent.llmConfig.contextWindow * 0.2 * 4));
  const message = limitMessage(decision.text, charsMax);
  const response = pack(turn, status === "success", message);
  return {
    toolReturn: {
      toolCallId: call.id,
      name: call.name,
      status,
      response,
      ...(parts !== undefined && { parts: limitParts(parts, charsMax) }),
      stdout,
      stderr,
    },
    promptChanged: false,
    changes: [],
  };
}

/** The answer to a call that was not begun before its run was cancelled; `doubt` says why it may have been all the same. */
export function notCalled(turn: Turn, call: ToolCall, doubt: string | undefined): Answered {
  const message =
    doubt === undefined
      ? `'${call.name}' was not called, because the request was cancelled`
      : unknownOutcome(call, doubt);
  return withoutStderr(packed(turn, call, { ok: false, message }));
}

function unknownOutcome({ name }: ToolCall, reason: string): string {
  return `The call of '${name}' was cut off: ${reason}. Whether it took effect is unknown; find that out before you call it again`;
}

/** What a tool answered that ran outside, with what it changes in memory. */
export async function outsideAnswer(
  turn: Turn,
  { call, result }: { readonly call: ToolCall; readonly result: OutsideResult },
  repositories: Repositories,
): Promise<Answered> {
  const { answer, shown: blocksShown } = result;
  if (answer.status === "unknown")
    return withoutStderr(packed(turn, call, { ok: false, message: unknownOutcome(call, answer.reason) }));
  const { status, text, stdout, stderr, blocks, images = [] } = answer;
  const charsMax = charsMaxOf(turn, call);
  const changes: MemoryChanges = new Map();
  const core = coreOf(turn, repositories, changes);
  const kept = await repositories.attempt(() => keepBlocks(core, blocksShown, blocks));
  // It has done its work where it ran. Only what it changed in memory can be refused here.
  const told = kept.ok ? text : `${text}\n\nWhat it changed in memory was not kept: ${kept.message}`;
  const ok = status === "success" && kept.ok;
  const { message, parts } = toldWith(images, told, charsMax);
  // Of code that printed nothing Letta says so; of what cannot print it says nothing.
  const prints = turn.tools.some(({ name, toolType }) => name === call.name && toolType === "custom");
  const written = (lines: readonly string[]) => (lines.length === 0 && !prints ? null : limitLines(lines, charsMax));
  const { toolReturn } = packed(
    turn,
    call,
    ok ? { ok, message, promptChanged: kept.promptChanged } : { ok: false, message },
  );
  return {
    toolReturn: {
      ...toolReturn,
      ...(parts !== undefined && { parts }),
      stdout: written(stdout),
      stderr: stderr.length === 0 && !ok ? toolReturn.stderr : written(stderr),
    },
    promptChanged: kept.ok && kept.promptChanged,
    changes: kept.ok ? [...changes.values()] : [],
  };
}

/** The words of an answer, and the parts that it is shown in where there are images with it. */
function toldWith(
  images: readonly ImageBytes[],
  told: string,
  charsMax: number,
): { readonly message: string; readonly parts?: readonly InputPart[] } {
  const { fitting, leftOut } = fittingImages(images);
  const text = limitText(leftOut === 0 ? told : `${told}\n[${leftOut} images left out]`.trimStart(), charsMax);
  if (fitting.length === 0) return { message: text };
  const words: readonly InputPart[] = text === "" ? [] : [{ type: "text", text }];
  const parts = [...words, ...fitting.map((image): InputPart => ({ type: "image", ...image }))];
  return { message: wordsOf(parts), parts };
}

/** The agent's core memory, as this conversation has it, for one call; what that changes is put into `changes`. */
export function coreOf(
  {
    agent,
    actor,
    clock,
    random,
    isolatedBlockIds,
  }: Pick<Turn, "agent" | "actor" | "clock" | "random" | "isolatedBlockIds">,
  { blocks }: Pick<Repositories, "blocks">,
  changes: MemoryChanges,
): CoreMemory {
  const own = blocksOfAgent(changingIsolated(blocks, agent.id, isolatedBlockIds), agent.id);
  return createCoreMemory({ clock, random, userId: actor.userId, blocks: watchBlocks(own, changes) });
}

/** Stores what a tool changed of the blocks that it was shown; refused where one was changed meanwhile, or may not be. */
export async function keepBlocks(
  core: CoreMemory,
  shown: readonly Block[],
  values: Readonly<Record<string, string>>,
): Promise<ToolResult> {
  let promptChanged = false;
  try {
    for (const [label, value] of Object.entries(values)) {
      const before = shown.find((block) => block.label === label);
      await core.edit(label, (block, at) => {
        if (block.id !== before?.id) throw noSuchBlock(label, shown);
        if (value === before.value) return block;
        if (block.version !== before.version)
          throw new Failure("conflict", `Block "${label}" was changed while the tool ran`);
        promptChanged = true;
        return editValue(block, value, at);
      });
    }
    return { ok: true, message: "", promptChanged };
  } catch (error) {
    return { ok: false, message: heardOf(error) };
  }
}

/** The lines, as many characters of them as fit. */
function limitLines(lines: readonly string[], charsMax: number): readonly string[] {
  let left = charsMax;
  return lines.flatMap((line) => {
    if (left <= 0) return [];
    const kept = cut(line, left);
    left -= kept.length;
    return [kept];
  });
}

/** An answer in the JSON that older clients and models know: its status, its text, and the time where the agent is. */
function pack(turn: Turn, ok: boolean, message: ToolResult["message"]): string {
  return packAnswer({ ok, message, at: turn.clock.now(), zone: turn.agent.timezone }, turn.timeFormat);
}
