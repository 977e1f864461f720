import { expect } from "bun:test";
import type { Schedule } from "../../src/agent/schedules/schedule.ts";
import { instantOf } from "../../src/core/clock.ts";
import { type AgentId, newId } from "../../src/core/id.ts";
import { type OpenedStore, world } from "../_harness/dialects.ts";
import { agent } from "./_samples.ts";
import { ALL, expectFailure, expectPages, reader, type Subject, unknown, write } from "./_subject.ts";

/** What the store of scheduled messages promises. */
export function scheduleContract(subject: Subject): void {
  subject("schedules: find() gives what insert() and save() were given; pages are by creation", async (opened) => {
    const agentId = await agentIn(opened);
    const all = [scheduleOf(opened, agentId), scheduleOf(opened, agentId), scheduleOf(opened, agentId)] as const;
    await write(opened, async ({ schedules }) => {
      for (const schedule of all) await schedules.insert(schedule);
    });
    const { schedules } = reader(opened);
    expect(await schedules.find(all[0].id)).toEqual(all[0]);
    await expectPages(
      (page) => schedules.list(agentId, page),
      all.map(({ id }) => id),
    );
    expect(await schedules.count(agentId)).toBe(3);
    expect(await schedules.list(unknown(agentId), ALL)).toEqual([]);
    const next = { ...all[1], lastDueAt: all[1].nextDueAt, nextDueAt: null, missedCount: 2, stoppedWhy: "why" };
    await write(opened, (stores) => stores.schedules.save(next));
    expect(await schedules.find(next.id)).toEqual(next);
    await write(opened, (stores) => stores.schedules.remove(next.id));
    expect(await schedules.find(next.id)).toBeUndefined();
    await expectFailure(
      "not_found",
      write(opened, (stores) => stores.schedules.remove(next.id)),
    );
  });

  subject("waitingSchedules() gives those that are due first, without what is due no more", async (opened) => {
    const agentId = await agentIn(opened);
    const at = (ms: number) => scheduleOf(opened, agentId, { nextDueAt: instantOf(ms) });
    const [late, soon, first] = [at(3_000), at(2_000), at(1_000)];
    const over = scheduleOf(opened, agentId, { nextDueAt: null });
    await write(opened, async ({ schedules }) => {
      for (const schedule of [late, soon, first, over]) await schedules.insert(schedule);
    });
    const ids = async () => (await opened.store.waitingSchedules(10)).map(({ id }) => id);
    expect(await ids()).toEqual([first.id, soon.id, late.id]);
    const [found] = await opened.store.waitingSchedules(1);
    expect([found?.dueAt, found?.actor.userId]).toEqual([instantOf(1_000), opened.actor.userId]);
    await write(opened, async ({ schedules }) => {
      await schedules.postpone(first.id, instantOf(9_000));
      await schedules.postpone(over.id, instantOf(1));
      await schedules.save({ ...late, nextDueAt: instantOf(1_500) });
    });
    expect(await ids()).toEqual([late.id, soon.id, first.id]);
    expect(await reader(opened).schedules.find(first.id)).toEqual(first);
  });

  subject("schedules go with their agent, and are seen by who sees it", async (opened) => {
    const [agentId, other] = [await agentIn(opened), await agentIn(opened)];
    const [mine, theirs] = [scheduleOf(opened, agentId), scheduleOf(opened, other)];
    await write(opened, async ({ schedules }) => {
      await schedules.insert(mine);
      await schedules.insert(theirs);
    });
    const narrowed = opened.store.reader({ ...opened.actor, agentIds: [agentId] });
    expect(await narrowed.schedules.find(mine.id)).toEqual(mine);
    expect(await narrowed.schedules.find(theirs.id)).toBeUndefined();
    expect(await narrowed.schedules.list(other, ALL)).toEqual([]);
    await write(opened, ({ agents }) => agents.remove(agentId));
    expect((await opened.store.waitingSchedules(10)).map(({ id }) => id)).toEqual([theirs.id]);
  });
}

async function agentIn(opened: OpenedStore): Promise<AgentId> {
  const made = agent();
  await write(opened, ({ agents }) => agents.insert(made));
  return made.id;
}

function scheduleOf({ actor }: OpenedStore, agentId: AgentId, change: Partial<Schedule> = {}): Schedule {
  const message = { role: "user", name: null, otid: null, senderId: null, groupId: null } as const;
  const now = world.clock.now();
  return {
    id: newId("schedule", world.random),
    agentId,
    cron: "0 9 * * *",
    scheduledAt: null,
    timezone: "Europe/Paris",
    missedPolicy: "skip",
    graceSeconds: 1.5,
    input: {
      approvals: [],
      approvalOtid: null,
      messages: [{ ...message, parts: [{ type: "text", text: "Guten 'Morgen' \"\\" }] }],
    },
    options: {
      maxSteps: 3,
      clientTools: [],
      clientSkills: [],
      overrideModel: null,
      overrideSystem: null,
      stream: "none",
      approvalTimeoutMs: null,
      face: { a: [1, null] },
    },
    callbackUrl: null,
    nextDueAt: now,
    lastDueAt: null,
    lastRunId: null,
    missedCount: 0,
    lastMissedAt: null,
    stoppedWhy: null,
    createdById: actor.userId,
    createdAt: now,
    ...change,
  };
}
