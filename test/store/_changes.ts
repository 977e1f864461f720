import { expect } from "bun:test";
import type { AuditEntry } from "../../src/agent/ports/audit.ts";
import type { Change } from "../../src/agent/ports/changes.ts";
import type { Webhook } from "../../src/agent/webhook.ts";
import { instantOf } from "../../src/core/clock.ts";
import { type Actor, DEFAULT_USER_ID, newId } from "../../src/core/id.ts";
import { type OpenedStore, world } from "../_harness/dialects.ts";
import { agent, block, run } from "./_samples.ts";
import { expectFailure, reader, type Subject, write } from "./_subject.ts";

/** The feed of changes, the log of actions, webhooks, and what is removed when it is old. */
export function changeContract(subject: Subject): void {
  feed(subject);
  audit(subject);
  webhooks(subject);
  retention(subject);
}

const ALL = { limit: 1_000, order: "asc" } as const;

async function told(opened: OpenedStore, by: Actor = opened.actor): Promise<readonly string[]> {
  const all = await opened.store.reader(by).changes.after(0, 1_000);
  return all.map(({ kind, id, agentId }) => [kind, id, agentId ?? "-"].join(" "));
}

/** As many rows of changes as there are transactions. */
function makeAgents(opened: OpenedStore, count: number) {
  return Promise.all(
    Array.from({ length: count }, () => {
      const made = agent();
      return write(opened, ({ agents }) => agents.insert(made)).then(() => made);
    }),
  );
}

function feed(subject: Subject): void {
  subject(
    "changes: what a transaction changes has numbers without gaps, and none where it is undone",
    async (opened) => {
      const ada = agent();
      const note = block("human");
      await write(opened, async ({ agents, blocks }) => {
        await agents.insert(ada);
        await agents.save({ ...ada, name: "Ada" });
        await blocks.insert(note);
      });
      await expectFailure(
        "not_found",
        write(opened, async ({ agents }) => {
          await agents.save({ ...ada, name: "Undone" });
          await agents.remove(agent().id);
        }),
      );
      await write(opened, async ({ agents, attempt }) => {
        await attempt(async () => {
          await agents.setTags(ada.id, ["undone"]);
          return { ok: false };
        });
        await agents.remove(ada.id);
      });
      expect(await told(opened)).toEqual([
        `agent.created ${ada.id} ${ada.id}`,
        `block.created ${note.id} -`,
        `agent.deleted ${ada.id} ${ada.id}`,
      ]);
      const all = await reader(opened).changes.after(0, 10);
      expect(all.map(({ number }) => number)).toEqual([1, 2, 3]);
      expect(await reader(opened).changes.after(1, 1)).toEqual(all.slice(1, 2));
      expect(await reader(opened).changes.kept()).toEqual({ after: 0, last: 3 });
    },
  );

  subject(
    "changes: another organisation has numbers of its own, and its place in the feed shows nothing",
    async (opened) => {
      await makeAgents(opened, 3);
      const theirs = agent();
      await opened.store.write(opened.stranger, ({ agents }) => agents.insert(theirs));
      expect(await told(opened, opened.stranger)).toEqual([`agent.created ${theirs.id} ${theirs.id}`]);
      expect(await opened.store.reader(opened.stranger).changes.kept()).toEqual({ after: 0, last: 1 });
      expect(await opened.store.reader(opened.stranger).changes.after(1, 10)).toEqual([]);
      expect(await reader(opened).changes.after(3, 10)).toEqual([]);
      const shared = await opened.store.reader(opened.stranger).changes.sharedWith([theirs.id], [theirs.id]);
      expect(shared).toEqual(new Set());
    },
  );

  subject("changes: a run is told of with its end where nobody listens, and to whoever begins to", async (opened) => {
    const ada = agent();
    const [first, second] = [run(ada.id), run(ada.id)];
    await write(opened, async ({ agents, runs }) => {
      await agents.insert(ada);
      await runs.insert(first);
    });
    await write(opened, ({ changes }) => changes.tellRunning());
    const before = (await told(opened)).length;
    const ended = { status: "completed", stopReason: "requires_approval", completedAt: world.clock.now() } as const;
    await write(opened, ({ runs }) => runs.finish({ ...first, ...ended }));
    await write(opened, ({ runs }) => runs.insert(second));
    await write(opened, ({ runs }) => runs.finish({ ...second, ...ended, stopReason: "end_turn" }));
    expect((await told(opened)).slice(before).map((line) => line.split(" ")[0])).toEqual([
      "run.ended",
      "approval.asked",
      "run.started",
      "run.ended",
    ]);
  });

  subject("changes: what many change at once is all there, in rows of some hundred", async (opened) => {
    const made = Array.from({ length: 1_203 }, () => block("many"));
    await write(opened, async ({ blocks }) => {
      for (const one of made) await blocks.insert(one);
    });
    const { changes } = reader(opened);
    const all: Change[] = [];
    for (let at = 0; ; at = (await changes.after(at, 100)).at(-1)?.number ?? at) {
      const page = await changes.after(at, 100);
      if (page.length === 0) break;
      expect(page[0]?.number).toBe(at + 1);
      all.push(...page);
    }
    expect(all.map(({ id }) => id)).toEqual(made.map(({ id }) => id));
  });
}

function audit(subject: Subject): void {
  subject("audit: entries hold together, and nothing but retention changes or removes one", async (opened) => {
    const [ada] = await makeAgents(opened, 4);
    const { database, store } = opened;
    const entries = () => reader(opened).audit.list({}, ALL);
    const all = await entries();
    expect(all.map(({ action, number }) => [action, number])).toEqual([1, 2, 3, 4].map((n) => ["agent.created", n]));
    expect(all.map(({ previousHash }) => previousHash)).toEqual(["", ...all.slice(0, -1).map(({ hash }) => hash)]);
    expect(await store.reader(opened.stranger).audit.list({}, ALL)).toEqual([]);
    expect(await reader(opened).audit.list({ resourceId: ada?.id ?? "" }, ALL)).toHaveLength(1);
    expect(await reader(opened).audit.list({}, { limit: 2, order: "desc", beyond: 3 })).toEqual(
      all.slice(0, 2).toReversed(),
    );
    const refused = async (sql: string) => {
      const outcome = await Promise.resolve()
        .then(() => database.writer.execute(sql, []))
        .then(
          () => "done",
          () => "refused",
        );
      expect([sql, outcome]).toEqual([sql, "refused"]);
    };
    await refused("update audit set action = 'nothing.happened'");
    await refused("delete from audit where number = 2");
    expect(await entries()).toEqual(all);
    expect(await store.brokenAudit()).toEqual([]);
  });

  subject("audit: the head goes by age, and what follows still holds together", async (opened) => {
    await makeAgents(opened, 3);
    const [, second] = await reader(opened).audit.list({}, ALL);
    const cutoff = instantOf((second?.at ?? 0) + 0.0005);
    const cut = () => write(opened, ({ retention }) => retention.removeOld("audit", cutoff, 100));
    expect([await cut(), await cut()]).toEqual([2, 0]);
    await makeAgents(opened, 1);
    const left = await reader(opened).audit.list({}, ALL);
    expect(left.map(({ number }) => number)).toEqual([3, 4]);
    expect(left[0]?.previousHash).toBe(second?.hash ?? "none");
    expect(await opened.store.brokenAudit()).toEqual([]);
    // All of it may go: the next entry follows the last that there was.
    await write(opened, ({ retention }) => retention.removeOld("audit", instantOf(world.clock.now() + 1), 100));
    await makeAgents(opened, 1);
    const [next] = await reader(opened).audit.list({}, ALL);
    expect([next?.number, next?.previousHash]).toEqual([5, left.at(-1)?.hash ?? "none"]);
    expect(await opened.store.brokenAudit()).toEqual([]);
  });

  subject("audit: brokenAudit() names the first entry that was forged or left out", async (opened) => {
    const { database, store } = opened;
    const forge = async (change: (entry: AuditEntry) => Partial<AuditEntry>) => {
      const [last] = await reader(opened).audit.list({}, { limit: 1, order: "desc" });
      if (last === undefined) throw new Error("There is no entry");
      const made = { ...last, number: last.number + 1, previousHash: last.hash, ...change(last) };
      await database.writer.execute(
        `insert into audit (organization_id, number, at, actor_kind, actor_id, key_id, action, resource_kind, resource_id,
          outcome, request_id, address, change, previous_hash, hash)
          select organization_id, $1, at, actor_kind, actor_id, key_id, action, resource_kind, resource_id, outcome, request_id,
          address, change, $2, $3 from audit where number = $4`,
        [made.number, made.previousHash, made.hash, last.number],
      );
    };
    await makeAgents(opened, 2);
    await forge(() => ({ hash: "0".repeat(64) }));
    const [broken = ""] = await store.brokenAudit();
    expect(broken).toContain("at entry 3");
    expect(broken).toContain(opened.actor.organizationId);
  });
}

function webhooks(subject: Subject): void {
  const webhook = (): Webhook => ({
    id: newId("webhook", world.random),
    url: "https://example.com/hook",
    kinds: ["agent.created"],
    isEnabled: true,
    parkedAt: null,
    missed: 0,
    lastSentAt: null,
    lastStatus: null,
    lastError: null,
    createdAt: world.clock.now(),
    updatedAt: world.clock.now(),
  });
  const outcome = { statusCode: 200, error: null, retryAt: null, isParked: false };

  subject(
    "webhooks: each begins with what happens next, and comes as far as settle() says, never back",
    async (opened) => {
      await makeAgents(opened, 2);
      const hook = webhook();
      await write(opened, ({ webhooks }) => webhooks.insert(hook, "whsec_a"));
      expect(await reader(opened).webhooks.list()).toEqual([hook]);
      expect(JSON.stringify(await reader(opened).webhooks.find(hook.id))).not.toContain("whsec");
      expect(await opened.store.reader(opened.stranger).webhooks.find(hook.id)).toBeUndefined();
      const waiting = async () => (await opened.store.waitingWebhooks(10))[0];
      expect(await waiting()).toMatchObject({ id: hook.id, sentThrough: 2, last: 3, secret: "whsec_a", attempts: 0 });
      const settle = (through: number, change: Partial<typeof outcome> & { retryAt?: null } = {}, by = opened.actor) =>
        opened.store.write(by, ({ webhooks }) =>
          webhooks.settle(hook.id, through, { ...outcome, ...change, sentAt: world.clock.now() }),
        );
      const stored = async () =>
        JSON.stringify(
          (await opened.database.reader.execute("select secret from webhooks union all select sealed from secrets", []))
            .rows,
        );
      expect(await stored()).not.toContain("whsec_a");
      await settle(5, {}, opened.stranger);
      expect((await waiting())?.sentThrough).toBe(2);
      await settle(5);
      await settle(4);
      expect((await waiting())?.sentThrough).toBe(5);
      const retryAt = instantOf(world.clock.now() + 5_000);
      const failed = { sentAt: world.clock.now(), statusCode: 500, error: "no", retryAt, isParked: false };
      await write(opened, ({ webhooks }) => webhooks.settle(hook.id, 6, failed));
      expect(await waiting()).toMatchObject({ sentThrough: 5, attempts: 1, dueAt: retryAt });
      await write(opened, ({ webhooks }) => webhooks.settle(hook.id, 6, { ...failed, isParked: true }));
      expect(await waiting()).toBeUndefined();
      // As an older version stored it.
      await opened.database.writer.execute("delete from secrets", []);
      await opened.database.writer.execute("update webhooks set secret = 'whsec_old'", []);
      await write(opened, ({ webhooks }) => webhooks.save(hook));
      expect((await waiting())?.secret).toBe("whsec_old");
      expect(await stored()).not.toContain("whsec_old");
      await write(opened, ({ webhooks }) => webhooks.save(hook, "whsec_b"));
      expect((await waiting())?.secret).toBe("whsec_b");
      expect(await waiting()).toMatchObject({ sentThrough: 5, attempts: 0 });
      await write(opened, ({ webhooks }) => webhooks.passOver(hook.id, 9, 2));
      expect((await reader(opened).webhooks.find(hook.id))?.missed).toBe(2);
      expect((await waiting())?.sentThrough).toBe(9);
      await expectFailure(
        "not_found",
        opened.store.write(opened.stranger, ({ webhooks }) => webhooks.remove(hook.id)),
      );
      await write(opened, ({ webhooks }) => webhooks.remove(hook.id));
      expect(await waiting()).toBeUndefined();
    },
  );

  subject(
    "webhooks: however many have come as far as there is anything, one that has not is told first",
    async (opened) => {
      const { store, stranger } = opened;
      await makeAgents(opened, 1);
      const behind = webhook();
      await store.write(stranger, ({ webhooks }) => webhooks.insert(webhook(), "whsec_a"));
      await store.write(stranger, ({ webhooks }) => webhooks.insert(webhook(), "whsec_b"));
      await write(opened, ({ webhooks }) => webhooks.insert(behind, "whsec_c"));
      const settled = { ...outcome, sentAt: instantOf(world.clock.now() + 5) };
      await write(opened, ({ webhooks }) => webhooks.settle(behind.id, 2, settled));
      for (const { actor, id, last } of await store.waitingWebhooks(10))
        if (id !== behind.id) await store.write(actor, ({ webhooks }) => webhooks.passOver(id, last, 0));
      await makeAgents(opened, 1);
      expect((await store.waitingWebhooks(1)).map(({ id }) => id)).toEqual([behind.id]);
    },
  );

  subject("webhooks: while one is told when runs begin, each is told as it does", async (opened) => {
    const ada = agent();
    const hook = { ...webhook(), kinds: ["run.started"] } satisfies Webhook;
    await write(opened, ({ agents }) => agents.insert(ada));
    const begin = async () => {
      const made = run(ada.id);
      await write(opened, ({ runs }) => runs.insert(made));
      return (await told(opened)).includes(`run.started ${made.id} ${ada.id}`);
    };
    expect(await begin()).toBe(false);
    await write(opened, ({ webhooks }) => webhooks.insert(hook, "whsec_a"));
    expect(await begin()).toBe(true);
    const failure = opened.store.write(opened.actor, async ({ webhooks, runs }) => {
      await webhooks.remove(hook.id);
      await runs.insert(run(ada.id));
      throw new Error("undone");
    });
    await expect(failure).rejects.toThrow("undone");
    expect(await begin()).toBe(true);
    await write(opened, ({ webhooks }) => webhooks.remove(hook.id));
    expect(await begin()).toBe(false);
  });
}

function retention(subject: Subject): void {
  subject("retention: what is old goes a bite at a time, and the log is told once all has gone", async (opened) => {
    const ada = agent();
    const runs = [1_000, 2_000, 3_000].map((createdAt) =>
      run(ada.id, { createdAt: instantOf(createdAt), completedAt: instantOf(createdAt + 1), status: "completed" }),
    );
    const unfinished = run(ada.id, { createdAt: instantOf(1_500) });
    await write(opened, async ({ agents, runs: store, events }) => {
      await agents.insert(ada);
      for (const one of [...runs, unfinished]) {
        await store.insert(one);
        const event = { framesBefore: 0, data: "{}" };
        await events.append([{ runId: one.id, firstSeqId: 1, events: [event] }]);
      }
    });
    const remove = (cutoff: number, limit: number) =>
      write(opened, ({ retention }) => retention.removeOld("runEvents", instantOf(cutoff), limit));
    expect([await remove(2_500, 2), await remove(2_500, 2), await remove(2_500, 2)]).toEqual([2, 1, 0]);
    const left = await Promise.all([...runs, unfinished].map(({ id }) => reader(opened).events.last(id)));
    expect(left.map((event) => event !== undefined)).toEqual([false, false, true, true]);
    const due = async () => (await opened.store.dueRetention(10)).map(({ actor }) => actor.organizationId);
    expect(await due()).toContain(opened.actor.organizationId);
    await write(opened, ({ retention }) => retention.settle(instantOf(world.clock.now() + 1e6), true));
    expect(await due()).not.toContain(opened.actor.organizationId);
    const entries = await reader(opened).audit.list({ action: "retention.removed" }, ALL);
    expect(entries.map(({ change }) => change)).toEqual([{ removed: { runEvents: 3 } }]);
  });

  subject("retention: an organisation without users is looked at as others are", async (opened) => {
    const id = newId("org", world.random);
    const lonely = { ...opened.actor, organizationId: id };
    const made = { id, name: "Lonely", settings: null, toolsDigest: null, createdAt: world.clock.now() };
    await opened.store.write(lonely, ({ organizations }) => organizations.insert(made));
    const due = (await opened.store.dueRetention(10)).find(({ actor }) => actor.organizationId === id);
    expect(due?.actor.userId).toBe(DEFAULT_USER_ID);
  });

  subject("retention: of runs that began in one instant none is passed over", async (opened) => {
    const ada = agent();
    const over = { createdAt: instantOf(1_000), completedAt: instantOf(1_001), status: "completed" } as const;
    const runs = Array.from({ length: 5 }, () => run(ada.id, over));
    await write(opened, async ({ agents, runs: store, events }) => {
      await agents.insert(ada);
      for (const one of runs) {
        await store.insert(one);
        await events.append([{ runId: one.id, firstSeqId: 1, events: [{ framesBefore: 0, data: "{}" }] }]);
      }
    });
    const remove = () => write(opened, ({ retention }) => retention.removeOld("runEvents", instantOf(2_000), 2));
    while ((await remove()) > 0);
    const left = await Promise.all(runs.map(({ id }) => reader(opened).events.last(id)));
    expect(left.filter((event) => event !== undefined)).toEqual([]);
  });

  subject("retention: rules are an organisation's own, and the newest change always stays", async (opened) => {
    const rules = { runEventsDays: 7, tracesDays: null, changesDays: 3, auditDays: 40 };
    await write(opened, ({ retention }) => retention.saveRules(rules));
    expect(await reader(opened).retention.rules()).toEqual(rules);
    expect(await opened.store.reader(opened.stranger).retention.rules()).not.toEqual(rules);
    await makeAgents(opened, 3);
    const later = instantOf(world.clock.now() + 1);
    await write(opened, ({ retention }) => retention.removeOld("changes", later, 100));
    const kept = await reader(opened).changes.kept();
    expect(kept).toEqual({ after: 3, last: 4 });
    await makeAgents(opened, 1);
    expect((await reader(opened).changes.kept()).last).toBe(5);
  });
}
