// What the door takes for a key or a session token that was shown lately, for one that was not, and for a wrong one.
// Usage: bun bench/key-lookup.ts [KEYS]
import { createAccessNotices } from "../src/access/notices.ts";
import { WHOLE } from "../src/access/people.ts";
import { newSecret } from "../src/access/secret-text.ts";
import { createDoor } from "../src/agent/people/door.ts";
import { openSqlite } from "../src/app/disk/sqlite.ts";
import { realSecrets } from "../src/app/secrets.ts";
import { realWorld } from "../src/app/world.ts";
import { DEFAULT_ACTOR, newId } from "../src/core/id.ts";
import { takeLease } from "../src/store/base/lease.ts";
import { migrate } from "../src/store/base/migrate.ts";
import { sqlStore } from "../src/store/sql-store.ts";
import { temporaryDirectory } from "../test/_harness/server-process.ts";

const KEYS = Number(process.argv[2] ?? 5_000);
const ROUNDS = 7;
const LOOKUPS = 100_000;

const directory = temporaryDirectory();
const world = realWorld();
const secrets = realSecrets();
const notices = createAccessNotices();
const database = openSqlite(directory.path);
await migrate(database, world.clock.now());
const store = sqlStore(database, await takeLease(database), { ...world, onAccessChanged: notices.tell });
const { organizationId, userId } = DEFAULT_ACTOR;
const made = Array.from({ length: KEYS }, () => newSecret("key", secrets));
await store.write(DEFAULT_ACTOR, async ({ keys }) => {
  for (const { text, prefix } of made)
    await keys.insert({
      ...WHOLE,
      id: newId("key", world.random),
      organizationId,
      userId,
      name: "k",
      prefix,
      secretHash: secrets.digest(text),
      replacedHash: null,
      replacedUntil: null,
      origin: null,
      metadata: {},
      expiresAt: null,
      lastUsedAt: null,
      lastUsedIp: null,
      revokedAt: null,
      createdById: userId,
      createdAt: world.clock.now(),
    });
});
const texts = made.map(({ text }) => text);
const from = { address: () => "127.0.0.1", page: undefined };
const rootKey = "the root key of the settings";
const door = await createDoor({ store, clock: world.clock, secrets, notices, rootKey, log: console.error });

/** Microseconds of one look-up, the median of the rounds. */
async function timed(name: string, count: number, look: (index: number) => unknown): Promise<void> {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now();
    for (let index = 0; index < count; index++) {
      const result = look(index);
      if (result instanceof Promise) await result;
    }
    rounds.push(((performance.now() - startMs) * 1000) / count);
  }
  const sorted = rounds.toSorted((a, b) => a - b);
  console.log(`${name}: ${sorted[Math.floor(ROUNDS / 2)]?.toFixed(2)} us (${sorted[0]?.toFixed(2)} at best)`);
}

const key = (index: number) => texts[index % KEYS] ?? "";
const refused = (text: string) => {
  try {
    return door.admit(text, from);
  } catch (error) {
    return error;
  }
};
await timed("cold", KEYS, (index) => {
  notices.tell([{ kind: "user", id: userId }]);
  return door.admit(key(index), from);
});
for (const text of texts) await door.admit(text, from);
await timed(`warm, ${KEYS} keys in turn`, LOOKUPS, (index) => door.admit(key(index), from));
await timed("warm, one key", LOOKUPS, () => door.admit(key(0), from));
await timed("mistyped", LOOKUPS, (index) => refused(`${key(index).slice(0, -1)}_`));
await timed("the key of the settings", LOOKUPS, () => door.admit(rootKey, from));
await database.close();
directory.remove();
process.exit();
