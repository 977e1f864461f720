import { expect, test } from "bun:test";
import { instantOf } from "../core/clock.ts";
import type { AgentId, MessageId, StepId } from "../core/id.ts";
import type { Message } from "./message.ts";
import { toTranscript } from "./transcript.ts";

function row(role: Message["role"], stepId: string, change: Partial<Message> = {}): Message {
  return {
    id: `message-${role}-${stepId}` as MessageId,
    agentId: "agent-1" as AgentId,
    conversationId: null,
    role,
    content: [],
    toolCalls: [],
    toolReturns: [],
    approvals: [],
    name: null,
    model: null,
    otid: null,
    senderId: null,
    groupId: null,
    stepId: stepId as StepId,
    runId: null,
    isError: null,
    blocksShown: null,
    createdAt: instantOf(0),
    ...change,
  };
}

function call(id: string) {
  return { toolCalls: [{ id, name: "look", arguments: "{}" }] };
}

function answers(...ids: readonly string[]) {
  return {
    toolReturns: ids.map((toolCallId) => ({
      toolCallId,
      name: "look",
      status: "success" as const,
      response: "seen",
      stdout: null,
      stderr: null,
    })),
  };
}

/** Who speaks, with the calls that are made and answered. */
function shapeOf(rows: readonly Message[]): readonly string[] {
  return toTranscript(rows, 1_000).messages.map((message) => {
    if (message.role === "assistant") return `assistant ${message.toolCalls.map(({ id }) => id)}`;
    return message.role === "tool" ? `tool ${message.answers.map(({ toolCallId }) => toolCallId)}` : message.role;
  });
}

test("toTranscript() shows a step whose calls were split as the one reply it was", () => {
  const rows = [
    row("user", "s1", { content: [{ type: "text", text: "Hi" }] }),
    row("assistant", "s1", call("a")),
    row("approval", "s1", call("b")),
    row("tool", "s1", answers("a", "b")),
  ];
  expect(shapeOf(rows)).toEqual(["user", "assistant a,b", "tool a,b"]);
});

test("toTranscript() keeps a call that asks for approval apart from the steps before it", () => {
  const rows = [
    row("user", "s1", { content: [{ type: "text", text: "Hi" }] }),
    row("assistant", "s1", call("a")),
    row("tool", "s1", answers("a")),
    row("approval", "s2", call("b")),
    row("tool", "s2", answers("b")),
    row("approval", "s3", call("c")),
    row("tool", "s3", answers("c")),
  ];
  expect(shapeOf(rows)).toEqual(["user", "assistant a", "tool a", "assistant b", "tool b", "assistant c", "tool c"]);
});
