import { expect } from "bun:test";
import type { SandboxConfig, Secret } from "../../src/agent/ports/secrets.ts";
import { createSecretBox, keysInMemory } from "../../src/app/sealing/box.ts";
import { madeBy } from "../../src/core/authorship.ts";
import { newId } from "../../src/core/id.ts";
import { takeLease } from "../../src/store/base/lease.ts";
import { sqlStore } from "../../src/store/sql-store.ts";
import { type OpenedStore, world } from "../_harness/dialects.ts";
import { agent } from "./_samples.ts";
import { ALL, expectFailure, expectPages, reader, type Subject, write } from "./_subject.ts";

const CANARY = "canary-9f2b7c";

/** What stores of secrets and of sandboxes promise. */
export function secretContract(subject: Subject): void {
  secretPromises(subject);
  ownerPromises(subject);
  keyPromises(subject);
  sandboxPromises(subject);
}

function secretOf({ actor }: OpenedStore, change: Partial<Secret> = {}): Secret {
  return {
    id: newId("agent-env", world.random),
    ownerId: newId("agent", world.random),
    name: "API_KEY",
    description: null,
    ...madeBy(actor, world.clock.now()),
    ...change,
  };
}

function configOf({ actor }: OpenedStore, change: Partial<SandboxConfig> = {}): SandboxConfig {
  const config = { sandbox_dir: null };
  return { id: newId("sandbox", world.random), type: "local", config, ...madeBy(actor, world.clock.now()), ...change };
}

function secretPromises(subject: Subject): void {
  subject("secrets: open() gives what put() was given, and no row holds it", async (opened) => {
    const secret = secretOf(opened);
    await write(opened, ({ secrets }) => secrets.put(secret, CANARY));
    const { secrets } = reader(opened);
    expect(await secrets.open([secret.ownerId])).toEqual({ values: { API_KEY: CANARY }, unreadable: [] });
    expect(await secrets.find(secret.id)).toEqual(secret);
    const { rows } = await opened.database.reader.execute("select * from secrets", []);
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(CANARY);
  });

  subject("secrets: put() replaces that of the same owner and name, which keeps its id", async (opened) => {
    const first = secretOf(opened);
    const second = { ...secretOf(opened, { ownerId: first.ownerId }), description: "newer" };
    await write(opened, ({ secrets }) => secrets.put(first, "one"));
    await write(opened, ({ secrets }) => secrets.put(second, "two"));
    const { secrets } = reader(opened);
    expect(await secrets.list(first.ownerId, ALL)).toEqual([
      { ...second, id: first.id, createdAt: first.createdAt, createdById: first.createdById },
    ]);
    expect((await secrets.open([first.ownerId])).values).toEqual({ API_KEY: "two" });
  });

  subject("secrets: openEach() gives what each owner's hold, apart", async (opened) => {
    const [a, b, none] = [newId("agent", world.random), newId("agent", world.random), newId("agent", world.random)];
    await write(opened, async ({ secrets }) => {
      for (const [ownerId, name, value] of [
        [a, "A", "1"],
        [a, "B", "2"],
        [b, "A", "3"],
      ] as const)
        await secrets.put(secretOf(opened, { ownerId, name }), value);
    });
    const each = await reader(opened).secrets.openEach([a, b, none]);
    expect([...each].map(([ownerId, { values }]) => [ownerId, { ...values }]).toSorted()).toEqual(
      [
        [a, { A: "1", B: "2" }],
        [b, { A: "3" }],
      ].toSorted(),
    );
    expect((await opened.store.reader(opened.stranger).secrets.openEach([a])).size).toBe(0);
  });

  subject("secrets: put() renames by id, and refuses the name of another one", async (opened) => {
    const one = secretOf(opened);
    const other = secretOf(opened, { ownerId: one.ownerId, name: "OTHER" });
    await write(opened, async ({ secrets }) => {
      await secrets.put(one, "one");
      await secrets.put(other, "other");
      await secrets.put({ ...one, name: "RENAMED" }, "one");
    });
    const { values } = await reader(opened).secrets.open([one.ownerId]);
    expect(values).toEqual({ RENAMED: "one", OTHER: "other" });
    await expectFailure(
      "conflict",
      write(opened, ({ secrets }) => secrets.put({ ...one, name: "OTHER" }, "one")),
    );
  });

  subject("secrets: open() takes the later owner's where two have one name", async (opened) => {
    const sandbox = secretOf(opened);
    const agents = secretOf(opened);
    await write(opened, async ({ secrets }) => {
      await secrets.put(sandbox, "sandbox's");
      await secrets.put({ ...sandbox, id: newId("agent-env", world.random), name: "__proto__" }, "named so");
      await secrets.put(agents, "agent's");
    });
    const { secrets } = reader(opened);
    const both = (await secrets.open([sandbox.ownerId, agents.ownerId])).values;
    expect(Object.entries(both).toSorted()).toEqual([
      ["API_KEY", "agent's"],
      ["__proto__", "named so"],
    ]);
    expect((await secrets.open([agents.ownerId, sandbox.ownerId])).values["API_KEY"]).toBe("sandbox's");
  });

  subject("secrets: a row that was moved to another owner opens no more", async (opened) => {
    const [mine, yours] = [secretOf(opened), secretOf(opened)];
    await write(opened, ({ secrets }) => secrets.put(mine, CANARY));
    await opened.database.writer.execute("update secrets set owner_id = $1", [yours.ownerId]);
    expect(await reader(opened).secrets.open([yours.ownerId])).toEqual({ values: {}, unreadable: ["API_KEY"] });
  });

  subject("secrets: pages, removal, and none of another organisation's", async (opened) => {
    const ownerId = newId("agent", world.random);
    const all = ["A", "B", "C", "D", "E"].map((name) => secretOf(opened, { ownerId, name }));
    await write(opened, async ({ secrets }) => {
      for (const secret of all) await secrets.put(secret, secret.name);
    });
    const { secrets } = reader(opened);
    await expectPages(
      (page) => secrets.list(ownerId, page),
      all.map(({ id }) => id),
    );
    const foreign = opened.store.reader(opened.stranger).secrets;
    expect(await foreign.open([ownerId])).toEqual({ values: {}, unreadable: [] });
    expect(await foreign.find(all[0]?.id ?? newId("agent-env", world.random))).toBeUndefined();
    await opened.store.write(opened.stranger, (stores) => stores.secrets.removeOf(ownerId));
    const [first] = all;
    if (first === undefined) throw new Error("There are five");
    await write(opened, (stores) => stores.secrets.remove(first.id));
    expect(Object.keys((await secrets.open([ownerId])).values)).toEqual(["B", "C", "D", "E"]);
    await expectFailure(
      "not_found",
      write(opened, (stores) => stores.secrets.remove(first.id)),
    );
    await write(opened, (stores) => stores.secrets.removeOf(ownerId));
    expect(await secrets.list(ownerId, ALL)).toEqual([]);
  });
}

function ownerPromises(subject: Subject): void {
  subject("secrets go with their agent", async (opened) => {
    const owner = agent();
    const secret = secretOf(opened, { ownerId: owner.id });
    await write(opened, async ({ agents, secrets }) => {
      await agents.insert(owner);
      await secrets.put(secret, "x");
    });
    const seen = await reader(opened).secrets.listForOwners([owner.id, newId("agent", world.random)]);
    expect([...seen]).toEqual([[owner.id, [secret]]]);
    await write(opened, ({ agents }) => agents.remove(owner.id));
    expect(await reader(opened).secrets.find(secret.id)).toBeUndefined();
  });

  subject("secrets: who is narrowed to other agents sees none", async (opened) => {
    const secret = secretOf(opened);
    await write(opened, ({ secrets }) => secrets.put(secret, "x"));
    const narrowed = { ...opened.actor, agentIds: [newId("agent", world.random)] };
    expect(await opened.store.reader(narrowed).secrets.open([secret.ownerId])).toEqual({ values: {}, unreadable: [] });
  });
}

function keyPromises(subject: Subject): void {
  subject("resealSecrets() seals by the first key, page by page, and leaves what does not open", async (opened) => {
    const keys = keysInMemory();
    const box = createSecretBox(keys);
    const { database, actor } = opened;
    const store = sqlStore(database, await takeLease(database), { ...world, secretBox: box });
    const ownerId = newId("agent", world.random);
    await store.write(actor, async ({ secrets }) => {
      for (const name of ["A", "B", "C", "D", "E"]) await secrets.put(secretOf(opened, { ownerId, name }), name);
    });
    await database.writer.execute("update secrets set sealed = 'AAAA' where name = 'C'", []);
    const [before] = box.keyIds();
    box.beginRotation();
    expect(await store.sealedSecrets(5)).toEqual({ total: 5, older: 5, lost: [] });
    const counts: number[] = [];
    for (let after: string | null = ""; after !== null; ) {
      const { count, last } = await store.resealSecrets({ after, limit: 2 });
      counts.push(count);
      after = last;
    }
    expect(counts.reduce((sum, count) => sum + count)).toBe(4);
    expect(box.endRotation()).toEqual([before ?? ""]);
    expect(await store.reader(actor).secrets.open([ownerId])).toEqual({
      values: { A: "A", B: "B", D: "D", E: "E" },
      unreadable: ["C"],
    });
    const { lost } = await store.sealedSecrets(5);
    expect(lost).toEqual([{ organizationId: actor.organizationId, ownerId, name: "C" }]);
  });
}

function sandboxPromises(subject: Subject): void {
  subject("sandboxes: one of a type, which takes its variables with it", async (opened) => {
    const config = configOf(opened);
    await write(opened, ({ sandboxes }) => sandboxes.insert(config));
    await expectFailure(
      "conflict",
      write(opened, ({ sandboxes }) => sandboxes.insert(configOf(opened))),
    );
    const variable = secretOf(opened, { id: newId("sandbox-env", world.random), ownerId: config.id });
    await write(opened, async ({ sandboxes, secrets }) => {
      await sandboxes.save({ ...config, config: { sandbox_dir: "/x" } });
      await secrets.put(variable, "v");
    });
    const { sandboxes, secrets } = reader(opened);
    expect(await sandboxes.ofType("local")).toEqual({ ...config, config: { sandbox_dir: "/x" } });
    expect(await sandboxes.ofType("e2b")).toBeUndefined();
    expect(await sandboxes.list(ALL)).toHaveLength(1);
    expect(await opened.store.reader(opened.stranger).sandboxes.find(config.id)).toBeUndefined();
    await write(opened, (stores) => stores.sandboxes.remove(config.id));
    expect(await secrets.find(variable.id)).toBeUndefined();
    for (const work of [
      write(opened, (stores) => stores.sandboxes.remove(config.id)),
      write(opened, (stores) => stores.sandboxes.save(config)),
    ])
      await expectFailure("not_found", work);
  });
}
