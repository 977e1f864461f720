import { expect } from "bun:test";
import { newGroup } from "../../src/agent/group.ts";
import { newIdentity } from "../../src/agent/identity.ts";
import { newId } from "../../src/core/id.ts";
import { world } from "../_harness/dialects.ts";
import { agent, archive, block, conversation, message, passage, run, step, tool } from "./_samples.ts";
import { ALL, expectFailure, expectPages, reader, type Subject, unknown, write } from "./_subject.ts";

const BY_CREATION = { ...ALL, orderBy: "created_at" } as const;

/** Agents and what is attached to them: blocks, tools, identities, groups, conversations. */
export function agentContract(subject: Subject): void {
  agents(subject);
  blocks(subject);
  tools(subject);
  identities(subject);
  groups(subject);
  conversations(subject);
}

function agents(subject: Subject): void {
  subject("agents: find() and listForAgent() give what is committed, whatever was read before", async (opened) => {
    const ada = agent();
    const [roll, ring] = [tool("roll"), tool("ring")];
    await write(opened, async ({ agents, tools }) => {
      await agents.insert(ada);
      for (const each of [roll, ring]) await tools.upsert(each);
      await tools.attach(ada.id, roll.id);
    });
    const seen = async (stores = reader(opened)) => [
      (await stores.agents.find(ada.id))?.name,
      ...(await stores.tools.listForAgent(ada.id)).map(({ description }) => description),
    ];
    const before = ["Ada", "Does it"];
    expect([await seen(), await seen()]).toEqual([before, before]);
    const changing = write(opened, async (stores) => {
      await stores.agents.save({ ...ada, name: "Bo" });
      expect(await seen(stores)).toEqual(["Bo", "Does it"]);
      await stores.tools.save({ ...roll, description: "Rolls", updatedAt: world.clock.now() });
      await stores.tools.attach(ada.id, ring.id);
      expect(await seen(stores)).toEqual(["Bo", "Rolls", "Does it"]);
      if (opened.database.dialect === "sqlite") expect(await seen()).toEqual(before);
      throw new Error("no");
    });
    await expect(changing).rejects.toThrow("no");
    expect(await seen()).toEqual(before);
    await write(opened, ({ tools }) => tools.attach(ada.id, ring.id));
    expect(await seen()).toEqual([...before, "Does it"]);
    await write(opened, ({ tools }) => tools.save({ ...ring, description: "Rings", updatedAt: world.clock.now() }));
    expect(await seen()).toEqual([...before, "Rings"]);
    await write(opened, ({ tools }) => tools.detach(ada.id, roll.id));
    expect(await seen()).toEqual(["Ada", "Rings"]);
    const again = { ...ring, description: "Rings twice", updatedAt: world.clock.now() };
    await write(opened, ({ tools }) => tools.upsert(again));
    expect(await seen()).toEqual(["Ada", "Rings twice"]);
    for (const reason of ["error", "end_turn", "end_turn"] as const) {
      await write(opened, ({ agents }) => agents.noteRun(ada.id, reason));
      expect((await reader(opened).agents.find(ada.id))?.lastStopReason).toBe(reason);
    }
    expect(await seen(opened.store.reader(opened.stranger))).toEqual([undefined]);
    await write(opened, ({ tools }) => tools.remove(ring.id));
    expect(await seen()).toEqual(["Ada"]);
    await write(opened, ({ agents }) => agents.remove(ada.id));
    expect(await seen()).toEqual([undefined]);
  });

  subject("agents: find() gives what insert() and save() stored, to its organisation alone", async (opened) => {
    const ada = agent({ hidden: false, lastRunDurationMs: 1.25, memorySettings: null });
    await write(opened, ({ agents }) => agents.insert(ada));
    expect(await reader(opened).agents.find(ada.id)).toEqual(ada);
    const renamed = { ...ada, name: "Bo 🦭", lastRunCompletion: world.clock.now(), enableSleeptime: true };
    await write(opened, ({ agents }) => agents.save(renamed));
    expect(await reader(opened).agents.find(ada.id)).toEqual(renamed);
    const strange = opened.store.reader(opened.stranger).agents;
    expect([await strange.find(ada.id), await strange.list({}, BY_CREATION), await strange.count({})]).toEqual([
      undefined,
      [],
      0,
    ]);
    await expectFailure(
      "not_found",
      opened.store.write(opened.stranger, ({ agents }) => agents.save(ada)),
    );
    await expectFailure(
      "not_found",
      opened.store.write(opened.stranger, ({ agents }) => agents.remove(ada.id)),
    );
    await expectFailure(
      "conflict",
      write(opened, ({ agents }) => agents.insert(ada)),
    );
    expect(await reader(opened).agents.find(ada.id)).toEqual(renamed);
  });

  subject("agents: list() goes through pages both ways, ties and rows without a date too", async (opened) => {
    const at = world.clock.now();
    const all = Array.from({ length: 5 }, (_, n) => agent({ createdAt: at, name: `A${n}` })).toSorted((a, b) =>
      a.id < b.id ? -1 : 1,
    );
    await write(opened, async ({ agents }) => {
      for (const each of all) await agents.insert(each);
    });
    const ids = all.map(({ id }) => id);
    await expectPages((page) => reader(opened).agents.list({}, { ...page, orderBy: "created_at" }), ids);
    const [first, second] = [all[3], all[1]];
    if (first === undefined || second === undefined) throw new Error("There are five");
    await write(opened, async ({ agents }) => {
      await agents.save({ ...first, lastRunCompletion: at });
      await agents.save({ ...second, lastRunCompletion: world.clock.now() });
    });
    const completed = await reader(opened).agents.list({}, { ...ALL, orderBy: "last_run_completion" });
    expect(completed.map(({ id }): string => id)).toEqual([first.id, second.id, ids[0], ids[2], ids[4]].map(String));
    const descending = { limit: 2, order: "desc", orderBy: "last_run_completion" } as const;
    const newest = await reader(opened).agents.list({}, descending);
    expect(newest.map(({ id }) => id)).toEqual([second.id, first.id]);
    const rest = await reader(opened).agents.list({}, { ...descending, limit: 9, after: first.id });
    expect(rest.map(({ id }): string => id)).toEqual([ids[4], ids[2], ids[0]].map(String));
    expect(await reader(opened).agents.list({}, { ...descending, after: unknown(first.id) })).toHaveLength(2);
  });

  subject("agents: list() narrows by name, text, tags, archive, block and stop reason", async (opened) => {
    const [ada, bo, cy] = [agent({ name: "Ada_1" }), agent({ name: "Bo%" }), agent({ name: "Cy", hidden: true })];
    const human = block("human");
    const notes = archive("notes");
    await write(opened, async (stores) => {
      for (const each of [ada, bo, cy]) await stores.agents.insert(each);
      await stores.agents.setTags(ada.id, ["x", "y", "x"]);
      await stores.agents.setTags(bo.id, ["y"]);
      await stores.agents.noteRun(bo.id, "end_turn");
      await stores.blocks.insert(human);
      await stores.blocks.attach(bo.id, human);
      await stores.archives.insert(notes);
      await stores.archives.attach(ada.id, notes.id, false);
    });
    const { agents } = reader(opened);
    const found = async (filter: Parameters<typeof agents.list>[0]) => {
      const list = (await agents.list(filter, BY_CREATION)).map(({ name }) => name);
      expect(await agents.count(filter)).toBe(list.length);
      return list;
    };
    expect(await found({})).toEqual(["Ada_1", "Bo%"]);
    expect(await found({ showHidden: true })).toEqual(["Ada_1", "Bo%", "Cy"]);
    expect(await found({ queryText: "DA_" })).toEqual(["Ada_1"]);
    expect(await found({ queryText: "o%" })).toEqual(["Bo%"]);
    expect(await found({ queryText: "a%1" })).toEqual([]);
    expect(await found({ tags: ["x", "y"] })).toEqual(["Ada_1", "Bo%"]);
    expect(await found({ tags: ["x", "y"], matchAllTags: true })).toEqual(["Ada_1"]);
    expect(await found({ blockId: human.id })).toEqual(["Bo%"]);
    expect(await found({ archiveId: notes.id })).toEqual(["Ada_1"]);
    expect(await found({ lastStopReason: "end_turn" })).toEqual(["Bo%"]);
    expect(await agents.tagsOf([ada.id, cy.id])).toEqual(
      new Map([
        [ada.id, ["x", "y"]],
        [cy.id, []],
      ]),
    );
  });

  subject("agents: what hangs on an agent is neither read nor changed by another organisation", async (opened) => {
    const ada = agent();
    const [human, roll, notes] = [block("human"), tool("roll"), archive("notes")];
    const draft = { identifierKey: "me", name: "Me", identityType: "user", projectId: null } as const;
    const me = newIdentity(world, opened.actor, draft);
    const said = message(ada.id, "user", "hello");
    await write(opened, async (stores) => {
      await stores.agents.insert(ada);
      await stores.agents.setTags(ada.id, ["a", "b", "a"]);
      await stores.blocks.insert(human);
      await stores.blocks.attach(ada.id, human);
      await stores.tools.upsert(roll);
      await stores.tools.attach(ada.id, roll.id);
      await stores.archives.insert(notes);
      await stores.archives.attach(ada.id, notes.id, true);
      await stores.identities.insert(me);
      await stores.identities.attachAgent(me.id, ada.id);
      await stores.identities.attachBlock(me.id, human.id);
      await stores.messages.append(ada.id, [said]);
    });
    await opened.store.write(opened.stranger, async (stores) => {
      expect(await stores.agents.tagsOf([ada.id])).toEqual(new Map([[ada.id, []]]));
      await stores.agents.setTags(ada.id, ["theirs"]);
      await stores.blocks.detach(ada.id, human.id);
      await stores.tools.detach(ada.id, roll.id);
      await stores.archives.detach(ada.id, notes.id);
      await stores.identities.detachAgent(me.id, ada.id);
      await stores.identities.detachBlock(me.id, human.id);
      await stores.messages.evict(ada.id, null, null);
      await expectFailure("not_found", stores.agents.remove(ada.id));
    });
    const stores = reader(opened);
    expect((await stores.agents.tagsOf([ada.id])).get(ada.id)).toEqual(["a", "b"]);
    expect(await stores.blocks.listForAgent(ada.id)).toHaveLength(1);
    expect(await stores.tools.listForAgent(ada.id)).toHaveLength(1);
    expect((await stores.archives.ownedBy(ada.id))?.id).toBe(notes.id);
    expect((await stores.identities.linksOf([me.id])).get(me.id)).toEqual({ agentIds: [ada.id], blockIds: [human.id] });
    expect(await stores.messages.context(ada.id)).toEqual([said]);
  });

  subject("agents: remove() takes along all that hangs on the agent, and leaves what others share", async (opened) => {
    const [ada, bo] = [agent(), agent()];
    const [shared, isolated] = [block("shared"), block("isolated")];
    const [own, common] = [archive("own"), archive("common")];
    const talk = conversation(ada.id, { isolatedBlockIds: [isolated.id] });
    const done = run(ada.id, { conversationId: talk.id });
    const first = step(ada.id, done.id);
    const said = message(ada.id, "user", "I like otters", { conversationId: talk.id });
    const note = passage(own.id, "Otters swim");
    await write(opened, async (stores) => {
      for (const each of [ada, bo]) await stores.agents.insert(each);
      for (const each of [shared, isolated]) await stores.blocks.insert(each);
      for (const each of [ada, bo]) await stores.blocks.attach(each.id, shared);
      for (const each of [own, common]) await stores.archives.insert(each);
      await stores.archives.attach(ada.id, own.id, true);
      await stores.archives.attach(bo.id, common.id, true);
      await stores.conversations.insert(talk);
      await stores.runs.insert(done);
      await stores.steps.insert(first);
      await stores.events.append([{ runId: done.id, firstSeqId: 1, events: [{ framesBefore: 0, data: "{}" }] }]);
      await stores.messages.append(talk.id, [said]);
      await stores.passages.insert([note]);
    });
    expect(await reader(opened).entries.find(ada.id, [said.id])).toHaveLength(1);
    await write(opened, ({ agents }) => agents.remove(ada.id));
    const stores = reader(opened);
    expect(await stores.agents.find(ada.id)).toBeUndefined();
    expect(await stores.conversations.find(talk.id)).toBeUndefined();
    expect(await stores.runs.find(done.id)).toBeUndefined();
    expect(await stores.steps.find(first.id)).toBeUndefined();
    expect(await stores.events.after(done.id, 0, 10)).toEqual([]);
    expect(await stores.messages.find(said.id)).toBeUndefined();
    expect(await stores.messages.context(talk.id)).toEqual([]);
    expect(await stores.entries.find(ada.id, [said.id])).toEqual([]);
    expect([await stores.archives.find(own.id), await stores.passages.find(note.id)]).toEqual([undefined, undefined]);
    expect((await stores.blocks.list({}, ALL)).map(({ id }) => id)).toEqual([shared.id]);
    expect(await stores.blocks.listForAgent(bo.id)).toEqual([shared]);
    expect(await stores.archives.ownedBy(bo.id)).toEqual(common);
    await expectFailure(
      "not_found",
      write(opened, ({ agents }) => agents.remove(ada.id)),
    );
  });
}

function blocks(subject: Subject): void {
  subject("blocks: save() refuses another version than the next", async (opened) => {
    const human = block("human", { tags: ["b", "a", "b"], metadata: { n: 1 } });
    await write(opened, ({ blocks }) => blocks.insert(human));
    expect(await reader(opened).blocks.find(human.id)).toEqual({ ...human, tags: ["a", "b"] });
    const changed = { ...human, value: "Ada L.", tags: ["c"], version: 2 };
    await write(opened, ({ blocks }) => blocks.save(changed));
    await expectFailure(
      "conflict",
      write(opened, ({ blocks }) => blocks.save({ ...changed, value: "Eve" })),
    );
    await expectFailure(
      "conflict",
      opened.store.write(opened.stranger, ({ blocks }) => blocks.save({ ...changed, version: 3 })),
    );
    expect(await reader(opened).blocks.find(human.id)).toEqual(changed);
    expect(await opened.store.reader(opened.stranger).blocks.find(human.id)).toBeUndefined();
  });

  subject("blocks: versions() gives what save() replaced, to its organisation alone", async (opened) => {
    const first = block("human");
    const [runId, stepId] = [newId("run", world.random), newId("step", world.random)];
    const second = { ...first, label: "person", value: "Bo", limit: 7, version: 2, updatedAt: world.clock.now() };
    await write(opened, async ({ blocks }) => {
      await blocks.insert(first);
      await blocks.save(second, { runId, stepId });
    });
    const undone = write(opened, async ({ blocks }) => {
      await blocks.save({ ...second, value: "Cy", version: 3 }, { restoredVersion: 1 });
      throw new Error("no");
    });
    await expect(undone).rejects.toThrow("no");
    const { userId, keyId } = opened.actor;
    const of = ({ version, label, value, limit, description, updatedAt }: typeof first) => ({
      ...{ blockId: first.id, version, label, value, limit, description, userId, keyId, createdAt: updatedAt },
      restoredVersion: null,
    });
    const one = { ...of(first), runId: null, stepId: null };
    const two = { ...of(second), runId, stepId };
    const page = { limit: 5, order: "asc" } as const;
    expect(await reader(opened).blocks.versions(first.id, page)).toEqual([one, two]);
    expect(await reader(opened).blocks.versions(first.id, { ...page, order: "desc", after: 2 })).toEqual([one]);
    const wanted = [
      [first.id, 2],
      [first.id, 3],
    ] as const;
    expect(await reader(opened).blocks.findVersions(wanted)).toEqual([two]);
    const strange = opened.store.reader(opened.stranger).blocks;
    expect(await strange.versions(first.id, page)).toEqual([]);
    expect(await strange.findVersions(wanted)).toEqual([]);
    await write(opened, ({ blocks }) => blocks.remove(first.id));
    expect(await reader(opened).blocks.versions(first.id, page)).toEqual([]);
  });

  subject("blocks: find() gives every character back, NUL too", async (opened) => {
    const odd = block("odd", { value: "a\u0000b\u001e \u{1f9ad}\r\n\\x" });
    await write(opened, ({ blocks }) => blocks.insert(odd));
    expect(await reader(opened).blocks.find(odd.id)).toEqual(odd);
  });

  subject("blocks: attach() keeps order, refuses a second block of a label, and remove() detaches", async (opened) => {
    const [ada, bo] = [agent(), agent()];
    const [human, persona, other] = [block("human"), block("persona"), block("human")];
    await write(opened, async ({ agents, blocks }) => {
      for (const each of [ada, bo]) await agents.insert(each);
      for (const each of [human, persona, other]) await blocks.insert(each);
      for (const each of [persona, human, persona]) await blocks.attach(ada.id, each);
      await blocks.attach(bo.id, human);
    });
    expect(await reader(opened).blocks.listForAgent(ada.id)).toEqual([persona, human]);
    expect(await reader(opened).blocks.findForAgent(ada.id, "human")).toEqual(human);
    expect(await reader(opened).blocks.agentsOf(human.id)).toEqual([ada.id, bo.id]);
    await expectFailure(
      "conflict",
      write(opened, ({ blocks }) => blocks.attach(ada.id, other)),
    );
    const renamed = { ...persona, label: "human", version: 2 };
    await expectFailure(
      "conflict",
      write(opened, ({ blocks }) => blocks.save(renamed)),
    );
    await write(opened, ({ blocks }) => blocks.detach(bo.id, human.id));
    expect(await reader(opened).blocks.agentsOf(human.id)).toEqual([ada.id]);
    await write(opened, ({ blocks }) => blocks.remove(human.id));
    expect(await reader(opened).blocks.listForAgent(ada.id)).toEqual([persona]);
    await expectFailure(
      "not_found",
      write(opened, ({ blocks }) => blocks.remove(human.id)),
    );
  });

  subject("blocks: list() goes through pages both ways and narrows by what is asked", async (opened) => {
    const all = ["one", "two", "three", "four"].map((label) => block(label, { tags: [label.slice(0, 1), "all"] }));
    const ada = agent();
    await write(opened, async ({ agents, blocks }) => {
      await agents.insert(ada);
      for (const each of all) await blocks.insert(each);
      for (const each of all.slice(0, 2)) await blocks.attach(ada.id, each);
    });
    const { blocks } = reader(opened);
    await expectPages(
      (page) => blocks.list({}, page),
      all.map(({ id }) => id),
    );
    const found = async (filter: Parameters<typeof blocks.list>[0]) =>
      (await blocks.list(filter, ALL)).map(({ label }) => label);
    expect(await found({ label: "two" })).toEqual(["two"]);
    expect(await found({ labelSearch: "O" })).toEqual(["one", "two", "four"]);
    expect(await found({ valueSearch: "ABOUT T" })).toEqual(["two", "three"]);
    expect(await found({ tags: ["t", "all"] })).toEqual(["one", "two", "three", "four"]);
    expect(await found({ tags: ["t", "all"], matchAllTags: true })).toEqual(["two", "three"]);
    expect(await found({ connectedToMoreThan: 0 })).toEqual(["one", "two"]);
    expect(await found({ connectedToFewerThan: 1 })).toEqual(["three", "four"]);
    expect(await found({ connectedToOneOf: [1, 7] })).toEqual(["one", "two"]);
    const [first] = all;
    if (first === undefined) throw new Error("There are four");
    await expectFailure("not_found", blocks.list({}, { ...ALL, after: unknown(first.id) }));
  });
}

function tools(subject: Subject): void {
  subject("tools: upsert() keeps the id of a name, and agents have tools in order", async (opened) => {
    const [roll, draw] = [tool("roll", { tags: ["dice"] }), tool("draw")];
    const ada = agent();
    await write(opened, async ({ agents, tools }) => {
      await agents.insert(ada);
      for (const each of [roll, draw]) await tools.upsert(each);
      for (const each of [draw, roll, draw]) await tools.attach(ada.id, each.id);
    });
    expect(await reader(opened).tools.listForAgent(ada.id)).toEqual([draw, roll]);
    const again = tool("roll", { description: "Rolls", jsonSchema: { name: "roll" } });
    await write(opened, ({ tools }) => tools.upsert(again));
    const { id, createdAt } = roll;
    expect(await reader(opened).tools.find(roll.id)).toEqual({ ...again, id, createdAt });
    expect((await reader(opened).tools.listForAgent(ada.id))[1]?.description).toBe("Rolls");
    await write(opened, ({ tools }) => tools.save({ ...draw, description: "Draws", updatedAt: world.clock.now() }));
    await expectFailure(
      "not_found",
      write(opened, ({ tools }) => tools.save(again)),
    );
    expect((await reader(opened).tools.findByNames(["draw", "none"])).map((each) => each.description)).toEqual([
      "Draws",
    ]);
    await write(opened, ({ tools }) => tools.detach(ada.id, roll.id));
    await write(opened, ({ tools }) => tools.remove(draw.id));
    expect(await reader(opened).tools.listForAgent(ada.id)).toEqual([]);
    expect(await opened.store.reader(opened.stranger).tools.find(roll.id)).toBeUndefined();
  });

  subject("tools: list() goes through pages both ways and narrows by what is asked", async (opened) => {
    const all = ["a_one", "b_one", "c_two", "d_two"].map((name, n) =>
      tool(name, n === 3 ? { toolType: "letta_core" } : {}),
    );
    await write(opened, async ({ tools }) => {
      for (const each of all) await tools.upsert(each);
    });
    const { tools } = reader(opened);
    await expectPages(
      (page) => tools.list({}, page),
      all.map(({ id }) => id),
    );
    const found = async (filter: Parameters<typeof tools.list>[0]) => {
      const list = (await tools.list(filter, ALL)).map(({ name }) => name);
      expect(await tools.count(filter)).toBe(list.length);
      return list;
    };
    expect(await found({ search: "_ONE" })).toEqual(["a_one", "b_one"]);
    expect(await found({ names: ["a_one", "d_two"] })).toEqual(["a_one", "d_two"]);
    expect(await found({ toolTypes: ["letta_core"] })).toEqual(["d_two"]);
    expect(await found({ excludeToolTypes: ["letta_core"] })).toEqual(["a_one", "b_one", "c_two"]);
    expect(await found({ onlyLettaTools: true })).toEqual(["d_two"]);
  });
}

function identities(subject: Subject): void {
  subject("identities: a key is taken once in a project, and links go with either end", async (opened) => {
    const made = (identifierKey: string, projectId: string | null = null) =>
      newIdentity(world, opened.actor, {
        identifierKey,
        name: `Name ${identifierKey}`,
        identityType: "user",
        projectId,
      });
    const [one, two, elsewhere] = [made("k1"), made("k2"), made("k1", "p")];
    const [ada, bo] = [agent(), agent()];
    const human = block("human");
    await write(opened, async (stores) => {
      for (const each of [ada, bo]) await stores.agents.insert(each);
      await stores.blocks.insert(human);
      for (const each of [one, two, elsewhere]) await stores.identities.insert(each);
      for (const each of [bo, ada, bo]) await stores.identities.attachAgent(one.id, each.id);
      await stores.identities.attachAgent(two.id, ada.id);
      await stores.identities.attachBlock(one.id, human.id);
    });
    await expectFailure(
      "conflict",
      write(opened, ({ identities }) => identities.insert(made("k1"))),
    );
    await expectFailure(
      "conflict",
      write(opened, ({ identities }) => identities.save({ ...two, identifierKey: "k1" })),
    );
    const { identities } = reader(opened);
    expect(await identities.findByKey("k1", null)).toEqual(one);
    expect(await identities.findByKey("k1", "p")).toEqual(elsewhere);
    await expectPages(
      (page) => identities.list({}, page),
      [one, two, elsewhere].map(({ id }) => id),
    );
    expect(await identities.list({ name: "NAME K1", projectId: "p" }, ALL)).toEqual([elsewhere]);
    expect(await identities.count()).toBe(3);
    expect(await identities.linksOf([one.id, elsewhere.id])).toEqual(
      new Map([
        [one.id, { agentIds: [ada.id, bo.id], blockIds: [human.id] }],
        [elsewhere.id, { agentIds: [], blockIds: [] }],
      ]),
    );
    expect(await identities.listForAgents([ada.id, bo.id])).toEqual(
      new Map([
        [ada.id, [one, two]],
        [bo.id, [one]],
      ]),
    );
    const withKey = await reader(opened).agents.list({ identifierKeys: ["k2"] }, BY_CREATION);
    expect(withKey.map(({ id }) => id)).toEqual([ada.id]);
    await write(opened, async (stores) => {
      await stores.identities.remove(two.id);
      await stores.agents.remove(bo.id);
      await stores.identities.detachBlock(one.id, human.id);
    });
    expect(await identities.linksOf([one.id])).toEqual(new Map([[one.id, { agentIds: [ada.id], blockIds: [] }]]));
    expect(await opened.store.reader(opened.stranger).identities.list({}, ALL)).toEqual([]);
  });
}

function groups(subject: Subject): void {
  subject("groups: find() gives members in order, and a group goes with its manager", async (opened) => {
    const [ada, bo, cy] = [agent(), agent(), agent()];
    const human = block("human");
    const draft = { managerAgentId: ada.id, agentIds: [cy.id, bo.id], description: "They talk" };
    const made = (managerType: "sleeptime" | "round_robin") =>
      newGroup(newId("group", world.random), world.clock.now(), { ...draft, managerType, sharedBlockIds: [human.id] });
    const [robin, sleep] = [made("round_robin"), made("sleeptime")];
    await write(opened, async (stores) => {
      for (const each of [ada, bo, cy]) await stores.agents.insert(each);
      await stores.blocks.insert(human);
      for (const each of [robin, sleep]) await stores.groups.insert(each);
    });
    const { groups } = reader(opened);
    expect(await groups.find(robin.id)).toEqual(robin);
    expect(await groups.managedBy([ada.id, bo.id])).toEqual(new Map([[ada.id, sleep]]));
    expect(await groups.list({ managerType: "round_robin", agentId: bo.id }, ALL)).toEqual([robin]);
    await write(opened, async (stores) => {
      await stores.groups.noteTurn(sleep.id, { turnsCounter: 3, lastProcessedMessageId: null });
      await stores.groups.save({ ...robin, agentIds: [bo.id], description: "One talks" });
    });
    expect((await groups.find(sleep.id))?.turnsCounter).toBe(3);
    expect((await groups.find(robin.id))?.agentIds).toEqual([bo.id]);
    expect(await opened.store.reader(opened.stranger).groups.find(robin.id)).toBeUndefined();
    await write(opened, ({ groups: stored }) => stored.remove(robin.id));
    await write(opened, ({ agents }) => agents.remove(ada.id));
    expect([await groups.count(), await reader(opened).agents.count({})]).toEqual([0, 2]);
  });
}

function conversations(subject: Subject): void {
  subject(
    "conversations: list() orders by either time, and remove() takes along what is theirs alone",
    async (opened) => {
      const ada = agent();
      const isolated = block("isolated");
      const all = ["First", "Second", "Third"].map((summary) => conversation(ada.id, { summary }));
      const [first, second] = all;
      if (first === undefined || second === undefined) throw new Error("There are three");
      await write(opened, async (stores) => {
        await stores.agents.insert(ada);
        await stores.blocks.insert(isolated);
        for (const each of all) await stores.conversations.insert(each);
        await stores.conversations.save({ ...second, isolatedBlockIds: [isolated.id], modelSettings: { a: [1] } });
      });
      const { conversations } = reader(opened);
      expect((await conversations.find(second.id))?.modelSettings).toEqual({ a: [1] });
      await expectPages(
        (page) => conversations.list({}, { ...page, orderBy: "created_at" }),
        all.map(({ id }) => id),
      );
      await write(opened, (stores) => stores.conversations.touch(first.id));
      const lately = await conversations.list({}, { limit: 1, order: "desc", orderBy: "last_message_at" });
      expect(lately.map(({ id }) => id)).toEqual([first.id]);
      const found = await conversations.list({ agentId: ada.id, summarySearch: "SEC" }, BY_CREATION);
      expect(found.map(({ id }) => id)).toEqual([second.id]);
      await write(opened, (stores) => stores.conversations.remove(second.id));
      expect(await reader(opened).blocks.find(isolated.id)).toBeUndefined();
      expect(await conversations.list({}, BY_CREATION)).toHaveLength(2);
      await expectFailure(
        "not_found",
        write(opened, (stores) => stores.conversations.remove(second.id)),
      );
      expect(await opened.store.reader(opened.stranger).conversations.find(first.id)).toBeUndefined();
    },
  );
}
