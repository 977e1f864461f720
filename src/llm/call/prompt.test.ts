import { describe, expect, test } from "bun:test";
import { claudeDialect } from "../families/anthropic.ts";
import { PLAIN_DIALECT } from "../family.ts";
import type { ModelMessage, ModelRequest } from "../model.ts";
import { promptOf } from "./prompt.ts";

const BLANKS = ["", " ", "\n\n", " \t\u00a0"];

function request(messages: readonly ModelMessage[], system = "You are a seal."): ModelRequest {
  return { system, messages, tools: [], toolChoice: "auto", parallelToolCalls: false, stream: false };
}

function user(...texts: readonly string[]): ModelMessage {
  return { role: "user", parts: texts.map((text) => ({ type: "text", text })) };
}

function assistant(text: string, toolCalls: (ModelMessage & { role: "assistant" })["toolCalls"] = []): ModelMessage {
  return { role: "assistant", parts: [{ type: "text", text }], toolCalls };
}

/** Roles and contents as the packages get them. */
function told(messages: readonly ModelMessage[], system?: string) {
  const prompt = promptOf(request(messages, system), claudeDialect("anthropic"));
  return prompt.map(({ role, content }) => [role, content]);
}

const SYSTEM = ["system", "You are a seal."];
const text = (words: string): { type: "text"; text: string }[] => [{ type: "text", text: words }];

describe("promptOf()", () => {
  test.each(BLANKS)("sends no blank text, whoever said it: %j", (blank) => {
    const call = { id: "call-1", name: "look", arguments: "{}" };
    const answer = { toolCallId: "call-1", toolName: "look", parts: text(blank), isError: false };
    expect(
      told([
        user("hi"),
        assistant(blank),
        { role: "system", text: blank },
        user(blank, "look!", blank),
        assistant(blank, [call]),
        { role: "tool", answers: [answer] },
      ]),
    ).toEqual([
      SYSTEM,
      ["user", text("hi")],
      ["user", text("look!")],
      ["assistant", [{ type: "tool-call", toolCallId: "call-1", toolName: "look", input: {} }]],
      [
        "tool",
        [
          {
            type: "tool-result",
            toolCallId: "call-1",
            toolName: "look",
            output: { type: "text", value: "[no output]" },
          },
        ],
      ],
    ]);
    expect(told([user("hi")], blank)).toEqual([["user", text("hi")]]);
  });

  test.each(BLANKS)("says of a message without words that it is empty: %j", (blank) => {
    expect(told([user(blank)])).toEqual([SYSTEM, ["user", text("[an empty message]")]]);
    expect(told([user()])).toEqual([SYSTEM, ["user", text("[an empty message]")]]);
  });

  test("leaves out a reply that holds nothing but thought", () => {
    const thought = { type: "reasoning", text: "hm", signature: "s" } as const;
    const parts = [thought, { type: "text", text: "\n" }] as const;
    expect(told([user("hi"), { role: "assistant", parts, toolCalls: [] }, user("well?")])).toEqual([
      SYSTEM,
      ["user", text("hi")],
      ["user", text("well?")],
    ]);
  });

  test("ends with a person's or a tool's turn", () => {
    expect(told([user("hi"), assistant("hello")]).at(-1)).toEqual(["user", text("[go on]")]);
    expect(told([assistant("\n")])).toEqual([SYSTEM, ["user", text("[go on]")]]);
    expect(told([{ role: "system", text: "be kind" }]).at(-1)).toEqual(["user", text("[go on]")]);
    const plain = promptOf(request([user("hi"), { role: "system", text: "be kind" }]), {
      ...PLAIN_DIALECT,
      systemAnywhere: true,
    });
    expect(plain.map(({ role }) => role)).toEqual(["system", "user", "system"]);
  });
});
