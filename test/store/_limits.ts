import { expect } from "bun:test";
import type { Limit, LimitId } from "../../src/access/limit.ts";
import { WINDOWS_KEPT } from "../../src/access/limit.ts";
import { instantOf } from "../../src/core/clock.ts";
import { newId } from "../../src/core/id.ts";
import { settleLostCalls } from "../../src/store/limits/spend.ts";
import { type OpenedStore, world } from "../_harness/dialects.ts";
import { agent, run, step } from "./_samples.ts";
import { expectFailure, reader, type Subject, write } from "./_subject.ts";

const PAGE = { limit: 10, order: "asc" } as const;

function limit(
  subject: { readonly kind: Limit["subjectKind"]; readonly id: string },
  change: Partial<Limit> = {},
): Limit {
  const now = world.clock.now();
  return {
    id: newId("limit", world.random),
    name: "a limit",
    subjectKind: subject.kind,
    subjectId: subject.id,
    kind: "tokens",
    window: "day",
    amount: 100,
    allowsUnpriced: false,
    createdAt: now,
    updatedAt: now,
    ...change,
  };
}

const spenderOf = ({ actor }: OpenedStore, agentId: string | null = null) => ({
  organizationId: actor.organizationId,
  userId: actor.userId,
  keyId: null,
  agentId: agentId as never,
});

const at = (windowStart: number) => instantOf(windowStart);

/** What may be spent, what is, and what was used. */
export function limitContract(subject: Subject): void {
  subject("limits: onWay() gives those of the organisation, user and agent, as they are committed", async (opened) => {
    const ada = agent();
    const { organizationId, userId } = opened.actor;
    const ofOrganization = limit({ kind: "organization", id: organizationId });
    const ofUser = limit({ kind: "user", id: userId });
    const ofAgent = limit({ kind: "agent", id: ada.id });
    const onWay = async (agentId: string | null = ada.id) =>
      (await reader(opened).limits.onWay(spenderOf(opened, agentId))).map(({ id }) => id).toSorted();
    expect(await onWay()).toEqual([]);
    await write(opened, async ({ agents, limits }) => {
      await agents.insert(ada);
      for (const one of [ofOrganization, ofUser, ofAgent]) await limits.insert(one);
      expect(await limits.onWay(spenderOf(opened))).toHaveLength(2);
    });
    expect(await onWay()).toEqual([ofOrganization.id, ofUser.id, ofAgent.id].toSorted());
    expect(await onWay(null)).toEqual([ofOrganization.id, ofUser.id].toSorted());
    expect(await opened.store.reader(opened.stranger).limits.list({}, PAGE)).toEqual([]);
    expect(await opened.store.reader(opened.stranger).limits.find(ofUser.id)).toBeUndefined();
    await write(opened, ({ limits }) => limits.save({ ...ofUser, amount: 7 }));
    expect(await reader(opened).limits.find(ofUser.id)).toEqual({ ...ofUser, amount: 7 });
    await expectFailure(
      "conflict",
      write(opened, ({ limits }) => limits.insert({ ...ofUser, id: newId("limit", world.random) })),
    );
    await write(opened, ({ limits }) => limits.removeOf("agent", ada.id));
    await write(opened, ({ limits }) => limits.remove(ofOrganization.id));
    expect(await onWay()).toEqual([ofUser.id]);
    await expectFailure(
      "not_found",
      write(opened, ({ limits }) => limits.remove(ofOrganization.id)),
    );
  });

  subject("limits: what is held is given back once, to its organisation alone", async (opened) => {
    const one = limit({ kind: "user", id: opened.actor.userId });
    await write(opened, async ({ limits }) => {
      await limits.insert(one);
      await limits.add([{ limitId: one.id, windowStart: at(0), settled: 1, reserved: 9 }]);
      await limits.hold("call-1", [{ limitId: one.id, windowStart: at(0), amount: 9 }]);
    });
    expect(await opened.store.write(opened.stranger, ({ limits }) => limits.release("call-1"))).toEqual([]);
    const held = { limitId: one.id, windowStart: at(0), amount: 9 };
    expect(await write(opened, ({ limits }) => limits.release("call-1"))).toEqual([held]);
    expect(await write(opened, ({ limits }) => limits.release("call-1"))).toEqual([]);
    const spent = await reader(opened).limits.spent([one.id]);
    expect(spent.get(one.id)?.map(({ settled, reserved }) => [settled, reserved])).toEqual([[1, 9]]);
  });

  subject("limits: settleLostCalls() books whole what calls held, once", async (opened) => {
    const one = limit({ kind: "user", id: opened.actor.userId });
    await write(opened, async ({ limits }) => {
      await limits.insert(one);
      await limits.add([{ limitId: one.id, windowStart: at(0), settled: 1, reserved: 9 }]);
      await limits.hold("call-1", [{ limitId: one.id, windowStart: at(0), amount: 4 }]);
      await limits.hold("call-2", [{ limitId: one.id, windowStart: at(0), amount: 5 }]);
    });
    for (let time = 0; time < 2; time++) {
      await settleLostCalls(opened.database);
      const [row] = (await reader(opened).limits.spent([one.id])).get(one.id) ?? [];
      expect([row?.settled, row?.reserved]).toEqual([10, 0]);
    }
  });

  subject("limits: add() remembers the latest windows, and those in which something is held", async (opened) => {
    const one = limit({ kind: "user", id: opened.actor.userId });
    const add = (start: number, reserved: number) =>
      write(opened, ({ limits }) => limits.add([{ limitId: one.id, windowStart: at(start), settled: 1, reserved }]));
    await write(opened, ({ limits }) => limits.insert(one));
    await add(1, 3);
    for (let start = 2; start <= WINDOWS_KEPT + 3; start++) await add(start, 0);
    const starts = ((await reader(opened).limits.spent([one.id])).get(one.id) ?? []).map(({ windowStart }) =>
      Number(windowStart),
    );
    expect(starts.toSorted((a, b) => a - b)).toEqual([1, ...Array.from({ length: WINDOWS_KEPT }, (_, i) => i + 4)]);
  });

  subject("limits: activeRuns() counts what is at work for a subject, as far as it is asked to", async (opened) => {
    const [ada, bo] = [agent(), agent()];
    await write(opened, async ({ agents, runs }) => {
      for (const one of [ada, bo]) await agents.insert(one);
      await runs.insert(run(ada.id));
      await runs.insert(run(bo.id));
      await runs.insert(run(bo.id, { status: "completed", stopReason: "end_turn", completedAt: world.clock.now() }));
    });
    const count = (kind: Limit["subjectKind"], id: string, max = 10) =>
      reader(opened).limits.activeRuns(limit({ kind, id }, { kind: "active_runs", window: "now" }), max);
    const { organizationId, userId } = opened.actor;
    expect(await count("agent", bo.id)).toBe(1);
    expect([await count("organization", organizationId), await count("user", userId)]).toEqual([2, 2]);
    expect([await count("organization", organizationId, 1), await count("key", "key-none")]).toEqual([1, 0]);
  });

  subject("limits: usage() totals what steps used, by subject and model", async (opened) => {
    const ada = agent();
    const begun = run(ada.id);
    const usage = {
      promptTokens: 10,
      completionTokens: 5,
      totalTokens: 15,
      cachedInputTokens: 4,
      cacheWriteTokens: null,
      reasoningTokens: null,
    };
    await write(opened, async ({ agents, runs, steps }) => {
      await agents.insert(ada);
      await runs.insert(begun);
      for (const change of [{ usage }, { usage }, { usage: null, status: "failed" as const }])
        await steps.insert({ ...step(ada.id, begun.id), modelHandle: "openai/x", ...change });
    });
    const now = world.clock.now();
    const span = { from: instantOf(now - 60_000), to: instantOf(now + 60_000), stepsMax: 10 };
    const total = { model: "openai/x", steps: 3, failedSteps: 1, promptTokens: 20, completionTokens: 10 };
    const counts = { cachedInputTokens: 8, cacheWriteTokens: 0, reasoningTokens: 0 };
    const subjects = { agent: ada.id, model: "openai/x", user: opened.actor.userId, key: null };
    for (const by of ["agent", "model", "user", "key"] as const)
      expect(await reader(opened).limits.usage({ ...span, by })).toEqual([
        { subject: subjects[by], ...total, ...counts },
      ]);
    expect(await reader(opened).limits.usage({ ...span, by: "agent", stepsMax: 1 })).toHaveLength(1);
    expect(await opened.store.reader(opened.stranger).limits.usage({ ...span, by: "agent" })).toEqual([]);
  });

  subject("limits: they go with their organisation, and what is held with them", async (opened) => {
    const id: LimitId = newId("limit", world.random);
    await write(opened, async ({ limits }) => {
      await limits.insert(limit({ kind: "user", id: opened.actor.userId }, { id }));
      await limits.add([{ limitId: id, windowStart: at(0), settled: 0, reserved: 2 }]);
      await limits.hold("call-1", [{ limitId: id, windowStart: at(0), amount: 2 }]);
      await limits.remove(id);
      expect(await limits.release("call-1")).toEqual([]);
    });
    expect(await reader(opened).limits.spent([id])).toEqual(new Map());
  });
}
