import { expect } from "bun:test";
import type { Message } from "../../src/agent/message.ts";
import type { Repositories } from "../../src/agent/ports/ports.ts";
import { type AgentId, newId } from "../../src/core/id.ts";
import { world } from "../_harness/dialects.ts";
import { agent, conversation, message, run } from "./_samples.ts";
import { ALL, expectFailure, expectPages, reader, type Subject, unknown, write } from "./_subject.ts";

const texts = (list: readonly { readonly content: readonly object[] }[]) =>
  list.map(({ content: [part] }) => (part !== undefined && "text" in part ? part.text : ""));

/** Messages, their threads and contexts. */
export function messageContract(subject: Subject): void {
  subject("messages: append() keeps every field, and context() the order of the thread", async (opened) => {
    const ada = agent();
    const system = message(ada.id, "system", "You are Ada");
    const asked = message(ada.id, "user", 'Hi 🦭\n"x"', { otid: "o1", senderId: "me", name: "Me" });
    const called = message(ada.id, "assistant", "", {
      toolCalls: [{ id: "c1", name: "roll", arguments: '{"n": 1}' }],
      model: "m",
      createdAt: asked.createdAt,
    });
    await write(opened, async ({ agents, messages }) => {
      await agents.insert(ada);
      await messages.append(ada.id, [system, asked, called]);
    });
    const { messages } = reader(opened);
    expect(await messages.context(ada.id)).toEqual([system, asked, called]);
    expect(await messages.find(called.id)).toEqual(called);
    expect(await messages.contextIds([ada.id])).toEqual(new Map([[ada.id, [system.id, asked.id, called.id]]]));
    expect(await messages.countForAgent(ada.id)).toBe(3);
    await write(opened, (stores) => stores.messages.saveTokenCounts(new Map([[asked.id, 7]])));
    expect(await messages.tokenCounts(ada.id)).toEqual(new Map([[asked.id, 7]]));
    await write(opened, (stores) =>
      stores.messages.saveSystem(system.id, { text: "You are still Ada", blocksShown: [] }),
    );
    expect(texts(await messages.context(ada.id))[0]).toBe("You are still Ada");
    const strange = opened.store.reader(opened.stranger).messages;
    expect([await strange.context(ada.id), await strange.find(asked.id)]).toEqual([[], undefined]);
    await expectFailure(
      "conflict",
      write(opened, (stores) => stores.messages.append(ada.id, [asked])),
    );
  });

  subject(
    "messages: context() inside write() is what is stored, whatever was read at the same place before",
    async (opened) => {
      const [ada, bob] = [agent(), agent({ name: "Bob" })];
      const [first, undone, tried, kept] = ["first", "undone", "tried", "kept"].map((text) =>
        message(ada.id, "user", text),
      ) as [Message, Message, Message, Message];
      await write(opened, async ({ agents, messages }) => {
        await agents.insert(ada);
        await agents.insert(bob);
        await messages.append(ada.id, [first]);
      });
      const context = (of: AgentId) => write(opened, async ({ messages }) => texts(await messages.context(of)));
      expect(await context(ada.id)).toEqual(["first"]);
      const failing = write(opened, async ({ messages }) => {
        await messages.append(ada.id, [undone]);
        expect(texts(await messages.context(ada.id))).toEqual(["first", "undone"]);
        throw new Error("no");
      });
      await expect(failing).rejects.toThrow("no");
      await write(opened, async ({ messages, attempt }) => {
        await attempt(async () => {
          await messages.append(ada.id, [tried]);
          expect(texts(await messages.context(ada.id))).toEqual(["first", "tried"]);
          return { ok: false };
        });
        await messages.append(ada.id, [kept]);
      });
      expect(await context(ada.id)).toEqual(["first", "kept"]);
      const many = Array.from({ length: 20 }, (_, n) => message(ada.id, "user", `more ${n}`));
      await write(opened, ({ messages }) => messages.append(ada.id, many));
      expect(await context(ada.id)).toEqual(["first", "kept", ...texts(many)]);
      const called = message(ada.id, "assistant", "", {
        content: [
          { type: "reasoning", text: "so", isNative: true, signature: undefined },
        ] as unknown as Message["content"],
        toolCalls: [{ id: "c1", name: "roll", arguments: '{"n": 1}' }],
      });
      const returned = message(ada.id, "system", "before");
      await write(opened, ({ messages }) => messages.append(ada.id, [called, returned]));
      const inside = await write(opened, ({ messages }) => messages.context(ada.id));
      expect(inside).toEqual([...(await reader(opened).messages.context(ada.id))]);
      const changing = write(opened, async ({ messages }) => {
        await messages.saveSystem(returned.id, { text: "undone", blocksShown: [] });
        expect(texts(await messages.context(ada.id)).at(-1)).toBe("undone");
        throw new Error("no");
      });
      await expect(changing).rejects.toThrow("no");
      expect((await context(ada.id)).at(-1)).toBe("before");
      await write(opened, ({ messages }) => messages.saveSystem(returned.id, { text: "after", blocksShown: null }));
      expect((await context(ada.id)).at(-1)).toBe("after");
      await write(opened, ({ messages }) => messages.refuse(ada.id, [{ id: kept.id, isKept: true }]));
      const marks = await write(opened, async ({ messages }) =>
        (await messages.context(ada.id)).map(({ isError }) => isError),
      );
      expect(marks.slice(0, 3)).toEqual([null, true, null]);
      await write(opened, ({ agents }) => agents.remove(ada.id));
      await write(opened, ({ messages }) => messages.append(bob.id, [message(bob.id, "user", "new")]));
      expect(await context(bob.id)).toEqual(["new"]);
      const strange = (work: (stores: Repositories) => Promise<unknown>) => opened.store.write(opened.stranger, work);
      await strange(async ({ messages }) => expect(await messages.context(bob.id)).toEqual([]));
    },
  );

  subject("messages: addAnswers() lets a message of answers grow, unless a fork has it too", async (opened) => {
    const ada = agent();
    const answer = (toolCallId: string) => ({ toolCallId, name: "roll", status: "success", response: "{}" }) as const;
    const answerTo = (id: string) => ({ ...answer(id), stdout: null, stderr: null });
    const begun = message(ada.id, "tool", "", { name: null, toolReturns: [answerTo("c1")] });
    const whole = { ...begun, name: "roll", toolReturns: [answerTo("c1"), answerTo("c2")] };
    await write(opened, async ({ agents, messages }) => {
      await agents.insert(ada);
      await messages.append(ada.id, [begun]);
      await messages.saveTokenCounts(new Map([[begun.id, 7]]));
    });
    const context = () => write(opened, ({ messages }) => messages.context(ada.id));
    const grow = (next: Message) => write(opened, ({ messages }) => messages.addAnswers(ada.id, next));
    const failing = write(opened, async ({ messages }) => {
      expect(await messages.addAnswers(ada.id, whole)).toBe(true);
      expect(await messages.context(ada.id)).toEqual([whole]);
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await context()).toEqual([begun]);
    expect(await opened.store.write(opened.stranger, ({ messages }) => messages.addAnswers(ada.id, whole))).toBe(false);
    expect(await grow(whole)).toBe(true);
    expect(await context()).toEqual([whole]);
    expect(await reader(opened).messages.tokenCounts(ada.id)).toEqual(new Map());
    const fork = conversation(ada.id);
    await write(opened, async ({ conversations, messages }) => {
      await conversations.insert(fork);
      await messages.share(ada.id, fork.id);
    });
    expect(await grow(begun)).toBe(false);
    expect(await reader(opened).messages.context(fork.id)).toEqual([whole]);
    const said = message(ada.id, "user", "Hi");
    await write(opened, ({ messages }) => messages.append(ada.id, [said]));
    expect(await grow({ ...said, toolReturns: [answerTo("c1")] })).toBe(false);
  });

  subject("messages: context() inside write() is what was there before a removal that was undone", async (opened) => {
    const [ada, bob] = [agent(), agent({ name: "Bob" })];
    const talk = conversation(ada.id);
    const groupId = newId("group", world.random);
    const said = message(ada.id, "user", "said", { conversationId: talk.id, groupId });
    await write(opened, async ({ agents, conversations, messages }) => {
      for (const each of [ada, bob]) await agents.insert(each);
      await conversations.insert(talk);
      await messages.append(talk.id, [said]);
    });
    const removals: readonly ((stores: Repositories) => Promise<void>)[] = [
      ({ conversations }) => conversations.remove(talk.id),
      ({ agents }) => agents.remove(ada.id),
      ({ groups }) => groups.resetMessages(groupId),
    ];
    for (const remove of removals) {
      const undone = write(opened, async (stores) => {
        await remove(stores);
        await stores.messages.append(bob.id, [message(bob.id, "user", "in its place")]);
        for (const { id } of [talk, bob]) await stores.messages.context(id);
        throw new Error("no");
      });
      await expect(undone).rejects.toThrow("no");
      expect(await write(opened, ({ messages }) => messages.context(talk.id))).toEqual([said]);
    }
  });

  subject("messages: lists go through pages both ways, in the order of all and of a thread", async (opened) => {
    const ada = agent();
    const talk = conversation(ada.id);
    const own = Array.from({ length: 5 }, (_, n) => message(ada.id, n % 2 === 0 ? "user" : "assistant", `own ${n}`));
    const other = message(ada.id, "user", "elsewhere", { conversationId: talk.id });
    await write(opened, async ({ agents, conversations, messages }) => {
      await agents.insert(ada);
      await conversations.insert(talk);
      await messages.append(ada.id, own.slice(0, 2));
      await messages.append(talk.id, [other]);
      await messages.append(ada.id, own.slice(2));
    });
    const { messages } = reader(opened);
    const ids = own.map(({ id }) => id);
    await expectPages((page) => messages.listThread(ada.id, {}, page), ids);
    await expectPages((page) => messages.list({ agentId: ada.id, conversationId: null }, page), ids);
    expect(texts(await messages.list({ agentId: ada.id }, ALL))).toEqual([
      "own 0",
      "own 1",
      "elsewhere",
      "own 2",
      "own 3",
      "own 4",
    ]);
    expect(texts(await messages.listThread(ada.id, { roles: ["assistant"] }, ALL))).toEqual(["own 1", "own 3"]);
    await expectFailure("not_found", messages.list({}, { ...ALL, before: unknown(other.id) }));
  });

  subject("messages: keepInContext() takes out all but what is named, and leaves it in the thread", async (opened) => {
    const ada = agent();
    const all = ["0", "1", "2"].map((text) => message(ada.id, "user", text));
    const [first, , last] = all;
    if (first === undefined || last === undefined) throw new Error("There are three");
    await write(opened, async ({ agents, messages }) => {
      await agents.insert(ada);
      await messages.append(ada.id, all);
      await messages.keepInContext(ada.id, [last.id, first.id]);
    });
    await opened.store.write(opened.stranger, (stores) => stores.messages.keepInContext(ada.id, []));
    const { messages } = reader(opened);
    expect(texts(await messages.context(ada.id))).toEqual(["0", "2"]);
    expect(texts(await messages.listThread(ada.id, {}, ALL))).toEqual(["0", "1", "2"]);
  });

  subject("messages: evict() puts a summary in the place of what it takes out of the context", async (opened) => {
    const ada = agent();
    const said = ["system", "user", "assistant", "user"] as const;
    const all = said.map((role, n) => message(ada.id, role, `${n}`));
    const [system, , , last] = all;
    if (system === undefined || last === undefined) throw new Error("There are four");
    const [summary, final] = [message(ada.id, "summary", "earlier"), message(ada.id, "summary", "all of it")];
    await write(opened, async ({ agents, messages }) => {
      await agents.insert(ada);
      await messages.append(ada.id, all);
      await messages.evict(ada.id, last.id, summary);
    });
    const { messages } = reader(opened);
    expect(texts(await messages.context(ada.id))).toEqual(["0", "earlier", "3"]);
    expect(texts(await messages.listThread(ada.id, {}, ALL))).toEqual(["0", "1", "2", "earlier", "3"]);
    await write(opened, (stores) => stores.messages.evict(ada.id, null, final));
    expect(texts(await messages.context(ada.id))).toEqual(["0", "all of it"]);
  });

  subject("messages: shown() gives what a context held then, whatever left it since", async (opened) => {
    const ada = agent();
    const all = Array.from({ length: 6 }, (_, n) => message(ada.id, n === 0 ? "system" : "user", `${n}`));
    const [, one, two, three, four, five] = all;
    const summary = message(ada.id, "summary", "s");
    if (!one || !two || !three || !four || !five) throw new Error("There are six");
    await write(opened, async ({ agents, messages }) => {
      await agents.insert(ada);
      await messages.append(ada.id, all.slice(0, 4));
    });
    await write(opened, async ({ messages }) => {
      await messages.refuse(ada.id, [
        { id: one.id, isKept: true },
        { id: two.id, isKept: false },
      ]);
      await messages.append(ada.id, [four]);
    });
    await write(opened, async ({ messages }) => {
      await messages.supersede(ada.id, [four.id]);
      await messages.append(ada.id, [five]);
      await messages.evict(ada.id, three.id, summary);
    });
    const span = async (first: Message, last: Message, more: object = {}, stores = reader(opened)) => {
      const messages = { summary: null, first: first.id, last: last.id, count: 0, ...more };
      const shown = await stores.messages.shown(ada.id, { messages, aside: [] });
      return shown.map((each) => `${texts([each])[0]}${each.isError === true ? "!" : ""}`);
    };
    expect(await span(one, three)).toEqual(["1", "2", "3"]);
    expect(await span(one, four)).toEqual(["1!", "3", "4"]);
    expect(await span(one, five)).toEqual(["1!", "3", "5"]);
    expect(await span(three, five, { summary: summary.id })).toEqual(["s", "3", "5"]);
    expect(await span(three, five, { first: null })).toEqual([]);
    expect(await span(one, three, {}, opened.store.reader(opened.stranger))).toEqual([]);
    const aside = [
      { id: one.id, isKept: true },
      { id: three.id, isKept: false },
    ];
    const messages = { summary: null, first: one.id, last: three.id, count: 0 };
    const tried = await reader(opened).messages.shown(ada.id, { messages, aside });
    expect(tried.map(({ isError }) => isError)).toEqual([true, null]);
  });

  subject("messages: supersede() and refuse() take messages out, and spoken words out of memory", async (opened) => {
    const ada = agent();
    const [first, again, refused] = ["I like otters", "I like otters!", "Look at this"].map((text) =>
      message(ada.id, "user", text),
    );
    if (first === undefined || again === undefined || refused === undefined) throw new Error("There are three");
    await write(opened, async ({ agents, messages }) => {
      await agents.insert(ada);
      await messages.append(ada.id, [first, again, refused]);
    });
    expect(await reader(opened).entries.find(ada.id, [first.id])).toHaveLength(1);
    await write(opened, async ({ messages }) => {
      await messages.supersede(ada.id, [first.id]);
      await messages.refuse(ada.id, [{ id: refused.id, isKept: false }]);
    });
    const { messages, entries } = reader(opened);
    expect(texts(await messages.context(ada.id))).toEqual([again].map(() => "I like otters!"));
    expect(await messages.findAll([first.id, again.id])).toEqual([again]);
    expect(await entries.find(ada.id, [first.id])).toEqual([]);
    expect(texts(await messages.listSpoken({ agentId: ada.id }, 10))).toEqual(["Look at this", "I like otters!"]);
    expect(await messages.listThread(ada.id, {}, ALL)).toHaveLength(2);
    expect(await messages.listThread(ada.id, { includeErrors: true }, ALL)).toHaveLength(3);
    expect((await messages.find(refused.id))?.isError).toBe(true);
  });

  subject("messages: share() lets a fork keep what the conversation that goes had", async (opened) => {
    const ada = agent();
    const [talk, fork] = [conversation(ada.id), conversation(ada.id)];
    const system = message(ada.id, "system", "head", { conversationId: talk.id });
    const said = message(ada.id, "user", "I have a boat", { conversationId: talk.id });
    const later = message(ada.id, "user", "and a cat", { conversationId: talk.id });
    await write(opened, async ({ agents, conversations, messages }) => {
      await agents.insert(ada);
      for (const each of [talk, fork]) await conversations.insert(each);
      await messages.append(talk.id, [system, said]);
      await messages.share(talk.id, fork.id);
      await messages.append(talk.id, [later]);
    });
    expect(texts(await reader(opened).messages.context(fork.id))).toEqual(["I have a boat"]);
    await write(opened, ({ conversations }) => conversations.remove(talk.id));
    const { messages } = reader(opened);
    expect(texts(await messages.context(fork.id))).toEqual(["I have a boat"]);
    expect(await messages.find(later.id)).toBeUndefined();
    await write(opened, ({ conversations }) => conversations.remove(fork.id));
    expect(await messages.find(said.id)).toBeUndefined();
    expect(await reader(opened).entries.find(ada.id, [said.id])).toEqual([]);
  });

  subject("messages: runsOfOtid() and listSpoken() find what was sent where", async (opened) => {
    const ada = agent();
    const [first, second] = [run(ada.id, { status: "completed" }), run(ada.id)];
    const start = world.clock.now();
    await write(opened, async ({ agents, runs, messages }) => {
      await agents.insert(ada);
      for (const each of [first, second]) {
        await runs.insert(each);
        await messages.append(ada.id, [message(ada.id, "user", "Again", { otid: "same", runId: each.id })]);
      }
      await messages.append(ada.id, [message(ada.id, "tool", "no words"), message(ada.id, "assistant", "Yes")]);
    });
    const { messages } = reader(opened);
    expect(await messages.runsOfOtid(ada.id, null, "same", 10)).toEqual([second.id, first.id]);
    expect(await messages.runsOfOtid(ada.id, null, "other", 10)).toEqual([]);
    expect(texts(await messages.listSpoken({ roles: ["assistant"] }, 10))).toEqual(["Yes"]);
    expect(texts(await messages.listSpoken({ exceptRunId: second.id, conversationId: null }, 10))).toEqual([
      "Yes",
      "Again",
    ]);
    expect(await messages.listSpoken({ end: start }, 10)).toEqual([]);
    expect(await messages.list({ runId: first.id }, ALL)).toHaveLength(1);
    expect(await opened.store.reader(opened.stranger).messages.listSpoken({}, 10)).toEqual([]);
  });
}
