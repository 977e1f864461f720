import { expect } from "bun:test";
import { type AccessKey, type Membership, type Session, type User, WHOLE } from "../../src/access/people.ts";
import { type Instant, instantOf } from "../../src/core/clock.ts";
import { type Actor, newId, type OrganizationId } from "../../src/core/id.ts";
import { type OpenedStore, world } from "../_harness/dialects.ts";
import { agent } from "./_samples.ts";
import { ALL, expectFailure, expectPages, type Subject, unknown } from "./_subject.ts";

/** Organisations, users, what they are, keys and sessions. */
export function peopleContract(subject: Subject): void {
  users(subject);
  memberships(subject);
  keys(subject);
  clearing(subject);
  sessions(subject);
  organizations(subject);
}

const later = (ms: number) => instantOf(world.clock.now() + ms);

function person(organizationId: OrganizationId, extra: Partial<User> = {}): User {
  return {
    id: newId("user", world.random),
    organizationId,
    name: "Ada",
    kind: "person",
    email: null,
    passwordHash: null,
    subject: null,
    disabledAt: null,
    createdAt: world.clock.now(),
    ...extra,
  };
}

function membership(user: User, extra: Partial<Membership> = {}): Membership {
  return {
    ...WHOLE,
    organizationId: user.organizationId,
    userId: user.id,
    role: "editor",
    createdAt: user.createdAt,
    ...extra,
  };
}

function key(user: User, extra: Partial<AccessKey> = {}): AccessKey {
  return {
    ...WHOLE,
    id: newId("key", world.random),
    organizationId: user.organizationId,
    userId: user.id,
    name: "k",
    prefix: "slk_01234567",
    secretHash: world.random.uuid(),
    replacedHash: null,
    replacedUntil: null,
    origin: null,
    metadata: {},
    expiresAt: null,
    lastUsedAt: null,
    lastUsedIp: null,
    revokedAt: null,
    createdById: user.id,
    createdAt: world.clock.now(),
    ...extra,
  };
}

function session(user: User, extra: Partial<Session> = {}): Session {
  return {
    id: newId("session", world.random),
    organizationId: user.organizationId,
    userId: user.id,
    keyId: null,
    rootDigest: null,
    tokenHash: world.random.uuid(),
    createdAt: world.clock.now(),
    lastUsedAt: world.clock.now(),
    expiresAt: later(60_000),
    ip: null,
    agent: null,
    ...extra,
  };
}

/** A member of the actor's organisation, stored. */
async function member({ store }: OpenedStore, actor: Actor, extra: Partial<User> = {}, as: Partial<Membership> = {}) {
  const user = person(actor.organizationId, extra);
  await store.write(actor, async (stores) => {
    await stores.users.insert(user);
    await stores.memberships.put(membership(user, as));
  });
  return user;
}

function users(subject: Subject): void {
  subject("users: an organisation has its members, wherever they belong, and no others", async (opened) => {
    const { store, actor, stranger } = opened;
    const first = (await store.reader(actor).users.list({}, ALL)).map(({ id }) => id);
    const ada = await member(opened, actor);
    const bot = await member(opened, actor, { kind: "service", name: "bot" });
    const bo = await member(opened, actor);
    const { users } = store.reader(actor);
    await expectPages((page) => users.list({}, page), [...first, ada.id, bot.id, bo.id]);
    expect((await users.list({ kind: "service", name: "bot" }, ALL)).map(({ id }) => id)).toEqual([bot.id]);
    expect(await users.find(ada.id)).toEqual(ada);
    const theirs = store.reader(stranger).users;
    expect([await theirs.find(ada.id), await theirs.list({}, ALL)]).toEqual([undefined, []]);
    await expectFailure("not_found", theirs.list({}, { ...ALL, after: ada.id }));
    await expectFailure(
      "not_found",
      store.write(stranger, (stores) => stores.users.save({ ...ada, name: "Eve" })),
    );
    await expectFailure(
      "not_found",
      store.write(stranger, (stores) => stores.users.remove(ada.id)),
    );
    await store.write(stranger, ({ memberships }) =>
      memberships.put(membership(ada, { organizationId: stranger.organizationId, role: "viewer" })),
    );
    expect(await theirs.find(ada.id)).toEqual(ada);
    expect((await store.directory.membershipsOf(ada.id)).map(({ role }) => role)).toEqual(["editor", "viewer"]);
  });

  subject("users: save() replaces all, and no two have an email or a subject", async (opened) => {
    const { store, actor } = opened;
    const ada = await member(opened, actor, { email: "ada@example.org", subject: "s" });
    const bo = await member(opened, actor);
    for (const taken of [{ email: "ada@example.org" }, { subject: "s" }])
      await expectFailure(
        "conflict",
        store.write(actor, (stores) => stores.users.save({ ...bo, ...taken })),
      );
    const changed = { ...ada, name: "A", email: "a@example.org", passwordHash: "x", disabledAt: later(0) };
    await store.write(actor, (stores) => stores.users.save(changed));
    expect(await store.directory.userBy("email", "a@example.org")).toEqual(changed);
    expect(await store.directory.userBy("email", "ada@example.org")).toBeUndefined();
    await expectFailure(
      "not_found",
      store.write(actor, (stores) => stores.users.save({ ...bo, id: unknown(bo.id) })),
    );
    await store.write(actor, (stores) => stores.users.remove(ada.id));
    expect(await store.directory.membershipsOf(ada.id)).toEqual([]);
  });
}

function memberships(subject: Subject): void {
  subject("memberships: put() sets what somebody is here, and hasOwner() counts people who can act", async (opened) => {
    const { store, stranger } = opened;
    const { organizationId } = stranger;
    const has = () => store.write(stranger, (stores) => stores.memberships.hasOwner(organizationId));
    const ada = await member(opened, stranger, {}, { role: "owner", scopes: ["agents:read"] });
    expect(await has()).toBe(false);
    const put = (one: Membership) => store.write(stranger, (stores) => stores.memberships.put(one));
    await put(membership(ada, { role: "owner" }));
    expect(await has()).toBe(true);
    await store.write(stranger, (stores) => stores.users.save({ ...ada, disabledAt: later(0) }));
    expect(await has()).toBe(false);
    await member(opened, stranger, { kind: "service" }, { role: "owner" });
    expect(await has()).toBe(false);
    const narrow = membership(ada, { agents: ["tag:a"], models: ["m"], role: "viewer" });
    await put(narrow);
    expect(await store.reader(stranger).memberships.find(ada.id)).toEqual(narrow);
    expect(await store.reader(stranger).memberships.findAll([ada.id, unknown(ada.id)])).toEqual([narrow]);
    expect(await store.reader(opened.actor).memberships.find(ada.id)).toBeUndefined();
  });

  subject("memberships: remove() takes keys, sessions and codes in the organisation along", async (opened) => {
    const { store, actor } = opened;
    const ada = await member(opened, actor);
    const [one, open] = [key(ada), session(ada)];
    const code = { codeHash: "c", organizationId: ada.organizationId, userId: ada.id, expiresAt: later(1_000) };
    await store.write(actor, async (stores) => {
      await stores.keys.insert(one);
      await stores.sessions.insert(open);
      await stores.sessions.insertCode(code);
    });
    expect((await store.directory.sessionOf(open.tokenHash))?.user.id).toBe(ada.id);
    await store.write(actor, (stores) => stores.memberships.remove(ada.id));
    const { directory } = store;
    expect([
      await directory.keyOf(one.secretHash),
      await directory.sessionOf(open.tokenHash),
      await directory.codeOf("c"),
    ]).toEqual([undefined, undefined, undefined]);
    expect((await directory.findUser(ada.id))?.id).toBe(ada.id);
  });
}

function keys(subject: Subject): void {
  subject("keys: one is found by its hash and by what it was before, and closes the door", async (opened) => {
    const { store, actor, stranger } = opened;
    expect(await store.directory.closedSince()).toBeUndefined();
    const ada = await member(opened, actor);
    const made = key(ada, {
      scopes: ["agents:read"],
      agents: ["tag:x"],
      origin: "https://a.example",
      metadata: { a: 1 },
    });
    await store.write(actor, (stores) => stores.keys.insert(made));
    expect(await store.directory.closedSince()).toBeNumber();
    const shown = await store.directory.keyOf(made.secretHash);
    expect([shown?.key, shown?.user.id, shown?.membership?.role, shown?.session]).toEqual([
      made,
      ada.id,
      "editor",
      null,
    ]);
    const rotated = { ...made, secretHash: "new", replacedHash: made.secretHash, replacedUntil: later(5_000) };
    await store.write(actor, (stores) => stores.keys.save(rotated));
    expect((await store.directory.keyOf("new"))?.key).toEqual(rotated);
    expect((await store.directory.keyOf(made.secretHash))?.key).toEqual(rotated);
    expect(await store.directory.keyOf("'; drop table access_keys")).toBeUndefined();
    expect(await store.reader(stranger).keys.find(made.id)).toBeUndefined();
    await expectFailure(
      "not_found",
      store.write(stranger, (stores) => stores.keys.save(rotated)),
    );
    const at = world.clock.now();
    expect(await store.directory.hasOrigin("https://a.example", at)).toBe(true);
    await store.write(actor, (stores) => stores.keys.save({ ...rotated, revokedAt: at }));
    expect(await store.directory.hasOrigin("https://a.example", at)).toBe(false);
  });

  subject("keys: lists are of one organisation, one user, and what still opens; uses are noted", async (opened) => {
    const { store, actor, stranger } = opened;
    const [ada, bo, eve] = [await member(opened, actor), await member(opened, actor), await member(opened, stranger)];
    const ended = { expiresAt: later(-1_000) };
    const made = [
      key(ada),
      key(bo),
      key(ada, ended),
      key(ada, { revokedAt: later(0) }),
      key(ada, { origin: "https://a.example" }),
    ];
    await store.write(actor, async (stores) => {
      for (const one of made) await stores.keys.insert(one);
    });
    await store.write(stranger, (stores) => stores.keys.insert(key(eve)));
    const { keys: reader } = store.reader(actor);
    const ids = (...places: readonly number[]) => made.filter((_, place) => places.includes(place)).map(({ id }) => id);
    await expectPages((page) => reader.list({}, page), ids(0, 1, 2, 3, 4));
    const list = async (filter: Parameters<typeof reader.list>[0]) =>
      (await reader.list(filter, ALL)).map(({ id }) => id);
    expect(await list({ userId: ada.id, openAt: world.clock.now() })).toEqual(ids(0, 4));
    expect(await list({ hasOrigin: true })).toEqual(ids(4));
    expect(await reader.count({ userId: ada.id, openAt: world.clock.now() })).toBe(2);
    const at = later(0);
    const [first] = made;
    if (first === undefined) return;
    await store.noteUses([
      { id: first.id, at, ip: "127.0.0.1" },
      { id: unknown(first.id), at, ip: null },
    ]);
    expect(await reader.find(first.id)).toEqual({ ...first, lastUsedAt: at, lastUsedIp: "127.0.0.1" });
  });
}

function clearing(subject: Subject): void {
  subject("keys: those of web pages go a day after their end, with later ones, and others stay", async (opened) => {
    const { store, actor } = opened;
    const ada = await member(opened, actor);
    const dayMs = 24 * 60 * 60 * 1000;
    const page = { origin: "https://a.example" };
    const gone = Array.from({ length: 3 }, () => key(ada, { ...page, expiresAt: later(-dayMs - 1_000) }));
    const stays = [key(ada, { expiresAt: later(-dayMs - 1_000) }), key(ada, { ...page, expiresAt: later(-1_000) })];
    const insert = (one: AccessKey) => store.write(actor, ({ keys: all }) => all.insert(one));
    for (const one of [...gone, ...stays, key(ada)]) await insert(one);
    const { keys: reader } = store.reader(actor);
    expect((await reader.list({ openAt: instantOf(0) }, ALL)).length).toBe(3);
    for (const { id } of gone) expect(await reader.find(id)).toBeUndefined();
  });
}

function sessions(subject: Subject): void {
  subject("sessions: they end, are cleared away by later ones, and a code is taken once", async (opened) => {
    const { store, actor, stranger } = opened;
    const ada = await member(opened, actor);
    const one = key(ada);
    const past = Array.from({ length: 3 }, () => session(ada, { expiresAt: later(-1) }));
    const open = session(ada, { keyId: one.id });
    const insert = (added: Session) => store.write(actor, (stores) => stores.sessions.insert(added));
    await store.write(actor, (stores) => stores.keys.insert(one));
    for (const each of [...past, open]) await insert(each);
    const openAt: Instant = world.clock.now();
    expect(await store.reader(actor).sessions.list({ openAt, userId: ada.id }, ALL)).toEqual([open]);
    for (const { id } of past) expect(await store.reader(actor).sessions.find(id)).toBeUndefined();
    const shown = await store.directory.sessionOf(open.tokenHash);
    expect([shown?.session, shown?.key]).toEqual([open, one]);
    await expectFailure(
      "not_found",
      store.write(stranger, (stores) => stores.sessions.remove(open.id)),
    );
    await store.write(actor, (stores) => stores.sessions.remove(open.id));
    const code = { codeHash: "c", organizationId: ada.organizationId, userId: ada.id, expiresAt: later(1_000) };
    await store.write(actor, (stores) => stores.sessions.insertCode(code));
    expect(await store.directory.codeOf("c")).toEqual(code);
    const take = () => store.write(actor, (stores) => stores.sessions.takeCode("c"));
    expect([await take(), await take()]).toEqual([true, false]);
  });
}

function organizations(subject: Subject): void {
  subject("organizations: remove() takes all that is in one, and what is elsewhere stays", async (opened) => {
    const { store, actor, stranger } = opened;
    const [ada, both] = [await member(opened, stranger), await member(opened, stranger)];
    await store.write(actor, ({ memberships }) =>
      memberships.put(membership(both, { organizationId: actor.organizationId, role: "viewer" })),
    );
    const [mine, theirs] = [agent(), agent()];
    await store.write(actor, ({ agents }) => agents.insert(mine));
    await store.write(stranger, async ({ agents, keys: all }) => {
      await agents.insert(theirs);
      await agents.setTags(theirs.id, ["x"]);
      await all.insert(key(ada, { secretHash: "h" }));
    });
    expect(await store.directory.agentsBy({ tags: ["x"] }, stranger.organizationId, 5)).toEqual([theirs.id]);
    expect(await store.directory.agentsBy({ tags: ["x"] }, actor.organizationId, 5)).toEqual([]);
    const all = await store.directory.listOrganizations(ALL);
    expect(all.map(({ id }) => id)).toEqual([stranger.organizationId, actor.organizationId]);
    await store.write(stranger, ({ organizations: all }) => all.remove());
    expect(await store.directory.findOrganization(stranger.organizationId)).toBeUndefined();
    expect([await store.directory.findUser(ada.id), await store.directory.keyOf("h")]).toEqual([undefined, undefined]);
    expect((await store.directory.findUser(both.id))?.organizationId).toBe(actor.organizationId);
    expect([
      (await store.reader(actor).agents.find(mine.id))?.id,
      await store.reader(stranger).agents.find(theirs.id),
    ]).toEqual([mine.id, undefined]);
    await expectFailure(
      "not_found",
      store.write(stranger, ({ organizations: all }) => all.remove()),
    );
  });

  subject(
    "organizations: save() is of one's own alone, and the tools that each was given are known",
    async (opened) => {
      const { store, actor, stranger } = opened;
      const own = await store.directory.findOrganization(stranger.organizationId);
      if (own === undefined) throw new Error("The stranger has no organisation");
      const changed = { ...own, name: "New", settings: { a: 1 }, toolsDigest: "d" };
      await expectFailure(
        "not_found",
        store.write(actor, ({ organizations: all }) => all.save(changed)),
      );
      await store.write(stranger, ({ organizations: all }) => all.save(changed));
      expect(await store.reader(stranger).organizations.find(own.id)).toEqual(changed);
      expect(await store.reader(actor).organizations.find(own.id)).toBeUndefined();
      expect((await store.directory.withOtherTools("d", 10)).map(({ id }) => id)).toEqual([actor.organizationId]);
      expect((await store.directory.withOtherTools("e", 1)).length).toBe(1);
    },
  );
}
