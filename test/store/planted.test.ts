/** Bugs that are put into the store's statements on purpose: what its ports promise must find each of them. */
import { expect, test } from "bun:test";
import { type OpenedStore, sqliteDialect } from "../_harness/dialects.ts";
import { changeContract } from "./_changes.ts";

const OF_ANOTHER = "changes: another organisation has numbers of its own, and its place in the feed shows nothing";

/** Which of the promises do not hold once `plant` has changed the statements, and how often it changed one. */
async function broken(plant: (sql: string) => string) {
  let planted = 0;
  const dialect = sqliteDialect((sql) => {
    const made = plant(sql);
    if (made !== sql) planted++;
    return made;
  });
  const promises: [string, (opened: OpenedStore) => Promise<void>][] = [];
  changeContract((name, body) => promises.push([name, body]));
  const found: string[] = [];
  for (const [name, body] of promises) {
    const opened = await dialect.begin();
    try {
      await body(opened);
    } catch {
      found.push(name);
    } finally {
      await opened.end();
    }
  }
  return { found, planted };
}

test("nothing is broken where no bug is planted", async () => {
  expect((await broken((sql) => sql)).found).toEqual([]);
}, 60_000);

test("a feed that another organisation's place leads into is found", async () => {
  const { found, planted } = await broken((sql) =>
    sql.replace(
      "from changes where organization_id = $1 and number > $2",
      "from changes where $1 <> '' and number > $2",
    ),
  );
  expect(planted).toBeGreaterThan(0);
  expect(found).toContain(OF_ANOTHER);
}, 60_000);

test("numbers that all organisations share are found", async () => {
  const { found, planted } = await broken((sql) =>
    sql.replace(
      "from changes where organization_id = $1 order by number desc",
      "from changes where $1 <> '' order by number desc",
    ),
  );
  expect(planted).toBeGreaterThan(0);
  expect(found).toContain(OF_ANOTHER);
}, 60_000);

test("a log of actions that is cut without a place to go on from is found", async () => {
  const { found, planted } = await broken((sql) =>
    sql.startsWith('insert into "audit_anchors"') ? "select $1, $2, $3, $4, $5, $6, $7" : sql,
  );
  expect(planted).toBeGreaterThan(0);
  expect(found.some((name) => name.startsWith("audit: the head goes by age"))).toBe(true);
}, 60_000);
