import { describe, expect, test } from "bun:test";
import { instantOf } from "../../core/clock.ts";
import type { LanguageModel, ModelDelta, ModelMessage, ModelRequest, ToolSchema } from "../../llm/model.ts";
import { createModels } from "../../llm/registry.ts";
import { createRehearsal, isRehearsal } from "./rehearsal.ts";
import { turnOf } from "./rehearsal-turn.ts";

let ids = 0;
const random = {
  uuid: () => `${(++ids).toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`,
  fraction: () => 0.5,
};
const builtIn = createRehearsal({ random });
const { model } = builtIn;

function request(fields: Partial<ModelRequest> = {}): ModelRequest {
  const messages = [person("hello there")];
  const plain = { system: "Be brief.", messages, tools: [], parallelToolCalls: false, stream: false };
  return { ...plain, toolChoice: "auto", ...fields };
}

async function heard(called: LanguageModel, asked: ModelRequest) {
  const events: ModelDelta[] = [];
  const { reply } = await called.call(asked, new AbortController().signal, (delta) => events.push(delta));
  return { events, reply };
}

function joinedDeltas(events: readonly ModelDelta[], type: "text_delta" | "tool_call_delta"): string {
  return events.map((event) => (event.type === type ? event.text : "")).join("");
}

function tool(name: string, required: readonly string[] = [], properties: ToolSchema["parameters"] = {}): ToolSchema {
  return { name, description: name, parameters: { type: "object", properties, required } };
}

const INSERT = tool("memory_insert", ["label", "new_string"]);
const REPLACE = tool("memory_replace", ["label", "old_string", "new_string"]);

function person(text: string): ModelMessage {
  return { role: "user", parts: [{ type: "text", text }] };
}

function withHuman(value: string, note = ""): string {
  return `You are an agent.\n<memory_blocks>\n<human>\n<description>\nThe person\n</description>\n<metadata>\n${note}- chars_current=1\n</metadata>\n<value>\n${value}\n</value>\n</human>\n</memory_blocks>`;
}

function asked(text: string, fields: Partial<ModelRequest> = {}): ModelRequest {
  return request({ system: withHuman(""), messages: [person(text)], tools: [INSERT, REPLACE], ...fields });
}

/** The messages after the calls of `turn` were made and answered. */
function answered(asked: ModelRequest, isError = false, message = "ok"): ModelRequest {
  const calls = turnOf(asked).calls.map((call, i) => ({
    id: `call_${i}`,
    name: call.name,
    arguments: JSON.stringify(call.arguments),
  }));
  const answers = calls.map((call) => ({
    toolCallId: call.id,
    toolName: call.name,
    parts: [{ type: "text" as const, text: message }],
    isError,
  }));
  return {
    ...asked,
    messages: [...asked.messages, { role: "assistant", parts: [], toolCalls: calls }, { role: "tool", answers }],
  };
}

describe("a stated fact", () => {
  test("is kept by memory_insert and then confirmed", () => {
    const first = asked("My name is Ada and I like tea");
    expect(turnOf(first)).toEqual({
      text: "",
      calls: [
        {
          name: "memory_insert",
          arguments: { label: "human", new_string: "The user is called Ada.\nThe user likes tea.", insert_line: -1 },
        },
      ],
    });
    expect(turnOf(answered(first))).toEqual({
      text: "I have kept in my memory that you are called Ada and you like tea.",
      calls: [],
    });
  });

  test("is confirmed, not kept again, once the prompt shows it", () => {
    const second = { ...answered(asked("I live in Paris")), system: withHuman("The user lives in Paris.") };
    expect(turnOf(second)).toEqual({ text: "I have kept in my memory that you live in Paris.", calls: [] });
  });

  test("is not kept when the block has it", () => {
    expect(turnOf(asked("My name is Ada", { system: withHuman("Name: Ada") }))).toEqual({
      text: "I already know that you are called Ada.",
      calls: [],
    });
    expect(turnOf(asked("my name is ada", { system: withHuman("1→ I am Ada") })).calls).toEqual([]);
  });

  test("replaces what it changes", () => {
    const changed = asked("I moved to Berlin", { system: withHuman("Name: Ada\nThe user lives in Paris.") });
    expect(turnOf(changed).calls).toEqual([
      {
        name: "memory_replace",
        arguments: { label: "human", old_string: "The user lives in Paris.", new_string: "The user lives in Berlin." },
      },
    ]);
  });

  test("is added when its old place cannot be told apart", () => {
    const twice = asked("My name is Bob", { system: withHuman("Name: Ada\nName: Ada B") });
    expect(turnOf(twice).calls[0]?.name).toBe("memory_insert");
  });

  test("takes one call at a time unless several are allowed", () => {
    const both = asked("My name is Bob and I like tea", { system: withHuman("Name: Ada") });
    expect(turnOf(both).calls.map((call) => call.name)).toEqual(["memory_replace"]);
    expect(turnOf(answered(both)).calls.map((call) => call.name)).toEqual(["memory_insert"]);
    expect(turnOf({ ...both, parallelToolCalls: true }).calls.map((call) => call.name)).toEqual([
      "memory_replace",
      "memory_insert",
    ]);
  });

  test.each([
    [tool("core_memory_append"), { label: "human", content: "The user is called Ada." }],
    [tool("memory"), { command: "insert", path: "/memories/human", insert_text: "The user is called Ada." }],
  ])("is kept with whatever tool there is: %p", (only, args) => {
    expect(turnOf(asked("My name is Ada", { tools: [only] })).calls).toEqual([{ name: only.name, arguments: args }]);
  });

  test("is owned not to be kept where it cannot be", () => {
    for (const fields of [
      { tools: [] },
      { system: "No blocks." },
      { system: withHuman("", "- read_only=true\n") },
      { toolChoice: "none" as const },
    ]) {
      const turn = turnOf(asked("My name is Ada", fields));
      expect(turn.calls).toEqual([]);
      expect(turn.text).toContain("no means to keep it");
    }
  });

  test("that a tool refused is reported", () => {
    const turn = turnOf(answered(asked("My name is Ada"), true, "The block is full"));
    expect(turn).toEqual({ text: "I could not keep that: The block is full", calls: [] });
  });

  test("and a question in one message are both heard", () => {
    const turn = turnOf({
      ...answered(asked("My name is Ada. What do you know about me?")),
      system: withHuman("Name: Ada"),
    });
    expect(turn.text).toBe("I have kept in my memory that you are called Ada. I know that you are called Ada.");
  });
});

describe("a question", () => {
  const system = withHuman(
    "Name: Ada\nThe user lives in Paris.\nLikes: tea\nLikes: chess\nI don't like milk\nDog's name: Rex\nPrefers short answers",
  );

  test.each([
    ["What is my name?", "You are called Ada."],
    ["where do I live?", "You live in Paris."],
    ["What do I like?", "You like tea and you like chess."],
    ["what's my dog called?", "Your dog is called Rex."],
    ["What is the name of my dog?", "Your dog is called Rex."],
    ["How old am I?", "I do not know how old you are."],
    ["What do I dislike?", "You do not like milk."],
    ["What answers do I prefer?", "My memory of you says: Prefers short answers"],
  ])("%p is answered from the block", (question, answer) => {
    expect(turnOf(asked(question, { system })).text).toBe(answer);
  });

  test("about everything gets everything", () => {
    expect(turnOf(asked("What do you know about me?", { system })).text).toBe(
      "I know that you are called Ada, you live in Paris, you like tea, you like chess, you do not like milk and your dog is called Rex. My memory also says: Prefers short answers",
    );
    expect(turnOf(asked("What do you know about me?")).text).toBe("I know nothing about you yet.");
  });

  test("is answered from earlier messages, but the block knows better", () => {
    const messages = [person("I live in Rome. I work at Acme."), person("Where do I work?")];
    expect(turnOf(asked("", { system, messages })).text).toBe("You work at Acme.");
    expect(turnOf(asked("", { system, messages: [...messages, person("Where do I live?")] })).text).toBe(
      "You live in Paris.",
    );
  });
});

describe("what is recalled behind a message", () => {
  const recalled = (text: string, ...lines: readonly string[]): ModelRequest =>
    asked(
      `${text}\n<recalled_memory>\nFound in your memory for the message above.\n${lines.join("\n")}\n</recalled_memory>`,
    );
  const peanuts = "- said on 2026-01-02 by the user: I am allergic to peanuts.";

  test("is not what the person says or asks", () => {
    expect(turnOf(recalled("What is my husband called?", peanuts)).text).toBe(
      "I do not know what your husband is called.",
    );
    expect(turnOf(recalled("Hi!", peanuts)).text).toStartWith("Hello!");
    expect(turnOf(recalled("Thanks", "- said on 2026-01-02 by the user: What is my name?")).text).toBe(
      "You are welcome.",
    );
    expect(turnOf(recalled("It rained.", peanuts)).calls).toEqual([]);
  });

  test("answers a question about it", () => {
    expect(turnOf(recalled("What am I allergic to?", peanuts)).text).toBe("You are allergic to peanuts.");
    const fact = "- fact, since 2026-01-02: The user's husband is called Tom.";
    expect(turnOf(recalled("What is my husband called?", fact)).text).toBe("Your husband is called Tom.");
    const home = "- fact, since 2026-01-02: The user lives in Oslo.";
    expect(turnOf(recalled("Where do I live?", home)).text).toBe("You live in Oslo.");
    const train = "- said on 2026-01-02 by the user: My train to Bath leaves at nine.";
    expect(turnOf(recalled("When does my train leave?", train)).text).toBe(
      "You told me: “My train to Bath leaves at nine.”",
    );
    const others = "- said on 2026-01-02 by you: Your train leaves at ten.";
    expect(turnOf(recalled("When does my train leave?", others)).text).not.toContain("ten");
  });
});

describe("a question that no rule knows", () => {
  test.each([
    ["My sister's dog is called Bo.", "What is my dog called?", "I do not know what your dog is called."],
    ["My husband Tom bakes bread.", "What does my husband bake?", "You told me: “My husband Tom bakes bread.”"],
    ["My husband Tom bakes bread.", "What does my wife bake?", undefined],
    ["I never eat meat.", "Do I eat meat?", "You told me: “I never eat meat.”"],
    ["Where is my red bag?", "Where is my red bag?", undefined],
  ])("after %p, %p", (said, question, answer) => {
    const messages = [person(said), { role: "assistant", parts: [], toolCalls: [] } as const, person(question)];
    const { text } = turnOf(asked("", { messages }));
    if (answer === undefined) expect(text).not.toContain("You told me: ");
    else expect(text).toBe(answer);
  });
});

describe("anything else", () => {
  test.each(["Hello", "Who are you?", "Are you an AI?", "What can you do?", "Write me a poem"])(
    "%p is answered honestly",
    (text) => {
      const turn = turnOf(asked(text));
      expect(turn.calls).toEqual([]);
      expect(turn.text).toContain("rehearsal model");
      expect(turn.text).toMatch(/OPENAI_API_KEY|ANTHROPIC_API_KEY/);
      expect(turn.text.length).toBeLessThan(220);
    },
  );

  test("small talk gets a few words, and what no rule knows gets various ones", () => {
    for (const text of ["thanks!", "How are you?", "ok", "bye", "How's it going?"])
      expect([text, turnOf(asked(text)).text.length < 80]).toEqual([text, true]);
    const lost = [
      "It rained all day.",
      "We won the match",
      "The train was late again.",
      "Work was hard",
      "So tired...",
    ];
    const answers = lost.map((text) => turnOf(asked(text)).text);
    expect(new Set(answers).size).toBeGreaterThan(2);
    expect(answers.every((text) => text.length < 120 && !/sorry|cannot answer/i.test(text))).toBe(true);
  });

  test.each([
    "Ich heiße Ada und wohne in Rom.",
    "Hola, soy Ada y mi perro está aquí",
    "私の名前はエイダです",
    "Je suis ton ami et mon chat",
  ])("%p is told that the rules read English", (text) => expect(turnOf(asked(text)).text).toContain("English only"));

  test("hears the person, not the notes a client puts around it", () => {
    const noted = "<system-reminder>What is my name?</system-reminder>\nHi!\n<system-reminder>\nx\n</system-reminder>";
    expect(turnOf(asked(noted, { system: withHuman("Name: Ada") })).text).toStartWith("Hello, Ada!");
  });

  test("greets by name", () => {
    expect(turnOf(asked("Hi!", { system: withHuman("Name: Ada") })).text).toStartWith("Hello, Ada!");
  });

  test("is put in JSON when asked for", () => {
    const schema = { type: "object", properties: { answer: { type: "string" }, count: { type: "integer" } } };
    const shaped = (responseFormat: ModelRequest["responseFormat"]) =>
      JSON.parse(turnOf(asked("thanks", { ...(responseFormat && { responseFormat }) })).text);
    expect(shaped({ type: "json_object" })).toEqual({ reply: "You are welcome." });
    expect(shaped({ type: "json_schema", jsonSchema: { name: "x", schema } })).toEqual({
      answer: "You are welcome.",
      count: 0,
    });
  });

  test("keeps facts when a conversation is summarised", () => {
    const turn = turnOf(
      request({
        system: "Summarize the conversation.",
        messages: [person("user: My name is Ada.\nassistant: Hello.")],
      }),
    );
    expect(turn.text).toContain("you are called Ada");
  });
});

describe("with send_message", () => {
  const properties = {
    message: { type: "string" },
    thinking: { type: "string" },
    request_heartbeat: { type: "boolean" },
  };
  const SEND = tool("send_message", ["thinking", "message"], properties);
  const APPEND = tool("core_memory_append", ["thinking", "label", "content", "request_heartbeat"], properties);
  const packed = (text: string) => JSON.stringify({ type: "user_message", message: text, time: "now" });

  test("speaks by calling it", () => {
    const turn = turnOf(asked(packed("thanks"), { tools: [APPEND, SEND], toolChoice: "required" }));
    expect(turn).toEqual({
      text: "",
      calls: [{ name: "send_message", arguments: { thinking: "Following my rules.", message: "You are welcome." } }],
    });
  });

  test("keeps facts first and asks to go on", () => {
    const first = asked(packed("My name is Ada"), { tools: [APPEND, SEND], toolChoice: "required" });
    expect(turnOf(first).calls).toEqual([
      {
        name: "core_memory_append",
        arguments: {
          thinking: "Following my rules.",
          request_heartbeat: true,
          label: "human",
          content: "The user is called Ada.",
        },
      },
    ]);
    expect(turnOf(answered(first)).calls[0]?.name).toBe("send_message");
  });

  test("passes over notices in a person's place", () => {
    const heartbeat = person(JSON.stringify({ type: "heartbeat", reason: "x" }));
    const turn = turnOf(asked("", { messages: [person(packed("What is my name?")), heartbeat], tools: [SEND] }));
    expect(turn.calls[0]?.arguments["message"]).toBe("I do not know your name.");
  });

  test("ends after it has spoken", () => {
    const turn = turnOf(answered(asked("thanks", { tools: [SEND] })));
    expect(turn.calls).toEqual([]);
  });
});

test("turnOf() calls the tool it must call, with plain arguments", () => {
  const other = tool("roll", ["sides", "kind"], { sides: { type: "integer" }, kind: { type: "string", enum: ["d"] } });
  expect(turnOf(asked("hello", { tools: [other], toolChoice: { tool: "roll" } })).calls).toEqual([
    { name: "roll", arguments: { sides: 0, kind: "d" } },
  ]);
});

describe("among the models of a server", () => {
  const urls: string[] = [];
  const fetch = async (url: string | URL | Request) => {
    urls.push(String(url));
    return Response.json({ data: [{ id: "llama" }] });
  };
  const clock = { now: () => instantOf(0), elapsedMs: () => 0, sleep: () => new Promise<void>(() => undefined) };
  const world = { clock, random, fetch };
  const known = (providers: Parameters<typeof createModels>[0]["providers"]) =>
    createModels({ ...world, providers, builtIn });

  test("it is listed last, and found whatever else there is", async () => {
    const handles = async (models: ReturnType<typeof known>) =>
      (await models.list()).map(({ config }) => config.handle);
    const vllm = { name: "vllm", kind: "vllm", baseUrl: "http://x" } as const;
    expect(await handles(known([vllm]))).toEqual(["vllm/llama", "selkie/rehearsal"]);
    expect(await handles(known([]))).toEqual(["selkie/rehearsal"]);
    expect((await known([]).list())[0]).toMatchObject({ maxContextWindow: 128_000, config: { maxTokens: 4_096 } });
    expect((await known([]).find("selkie/rehearsal"))?.config.model).toBe("rehearsal");
  });

  test("it answers without any provider, and another of its provider is not configured", async () => {
    const models = known([]);
    urls.length = 0;
    const { reply } = await heard(models.open(builtIn.info.config), request());
    expect(JSON.stringify(reply.parts)).toContain("rehearsal model");
    expect(urls).toEqual([]);
    const other = { ...builtIn.info.config, handle: "groq/x", providerName: "groq", model: "x" };
    expect(() => models.open(other)).toThrow('The model provider "groq" of "groq/x" is not configured');
  });
});

describe("createRehearsal()", () => {
  test("streams word by word what it says at once otherwise", async () => {
    const plain = await heard(model, asked("Hello"));
    const streamed = await heard(model, asked("Hello", { stream: true }));
    expect(plain.events.length).toBe(1);
    expect(streamed.events.length).toBeGreaterThan(20);
    expect(joinedDeltas(streamed.events, "text_delta")).toBe(joinedDeltas(plain.events, "text_delta"));
    expect(streamed.reply).toEqual(plain.reply);
    expect(plain.reply.parts).toEqual([{ type: "text", text: joinedDeltas(plain.events, "text_delta") }]);
  });

  test("reads the beginning and the end of what is very long", () => {
    const filler = "The quick brown fox jumps. ".repeat(200_000);
    const started = performance.now();
    expect(JSON.stringify(turnOf(asked(`My name is Ada. ${filler}`)).calls)).toContain("Ada");
    const question = asked(`${filler} What is my name?`, { system: withHuman("Name: Ada") });
    expect(turnOf(question).text).toContain("Ada");
    expect(performance.now() - started).toBeLessThan(250);
  });

  test("takes no longer for blanks, however many there are", () => {
    const started = performance.now();
    for (const said of ["I like tea", "What is my"]) turnOf(asked(`${said}${" ".repeat(5_000)}x`));
    expect(performance.now() - started).toBeLessThan(500);
  });

  test("gives tool calls ids, deltas and a reply that agree", async () => {
    const { events, reply } = await heard(model, asked("My name is Ada", { stream: true }));
    const [call] = reply.toolCalls;
    expect(call?.id).toMatch(/^call_[0-9a-f]{24}$/);
    expect(events[0]).toEqual({ type: "tool_call_start", id: call?.id ?? "", name: "memory_insert" });
    expect(joinedDeltas(events, "tool_call_delta")).toBe(call?.arguments ?? "");
    expect(reply.finishReason).toBe("tool_calls");
  });

  test("stops when its signal aborts", async () => {
    const controller = new AbortController();
    const said: string[] = [];
    const calling = model.call(asked("Hello", { stream: true }), controller.signal, (delta) => {
      said.push(delta.type);
      if (said.length === 2) controller.abort(new Error("enough"));
    });
    await expect(calling).rejects.toThrow("enough");
    expect(said.length).toBe(2);
  });

  test("is what its own entry of the list means", () => {
    const { config } = builtIn.info;
    expect(isRehearsal(config)).toBe(true);
    expect(isRehearsal({ ...config, handle: null, providerName: "openai" })).toBe(false);
  });
});
