import { expect, test } from "bun:test";
import { type Context, Hono } from "hono";
import { z } from "zod";
import { Failure } from "../../core/failure.ts";
import { flagParam, intParam, listParam, pageOf, pageParams, readBody, readJson, readQuery } from "./request.ts";

/** Runs `read` inside a request, and returns what it returned or threw. */
async function reading<T>(path: string, read: (c: Context) => T | Promise<T>, body?: string): Promise<T | Failure> {
  let outcome: T | Failure | undefined;
  const app = new Hono().all("*", async (c) => {
    try {
      outcome = await read(c);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      outcome = error;
    }
    return c.text("");
  });
  await app.request(path, body === undefined ? {} : { method: "POST", body });
  if (outcome === undefined) throw new Error("the request was not read");
  return outcome;
}

test("readQuery() takes repeated keys as lists and the last of others", async () => {
  const schema = z.object({ tags: listParam(), name: z.string().optional() });
  expect(await reading("/?tags=a&tags=b&name=x&name=y", (c) => readQuery(c, schema))).toEqual({
    tags: ["a", "b"],
    name: "y",
  });
  expect(await reading("/?tags[]=a", (c) => readQuery(c, schema))).toEqual({ tags: ["a"] });
  expect(await reading("/", (c) => readQuery(c, schema))).toEqual({});
});

test("flagParam() reads every spelling of true and false", async () => {
  const schema = z.object({ on: flagParam() });
  for (const text of ["true", "True", "1", "yes"])
    expect(await reading(`/?on=${text}`, (c) => readQuery(c, schema))).toEqual({ on: true });
  for (const text of ["false", "FALSE", "0", "off"])
    expect(await reading(`/?on=${text}`, (c) => readQuery(c, schema))).toEqual({ on: false });
  expect(await reading("/?on=maybe", (c) => readQuery(c, schema))).toBeInstanceOf(Failure);
});

test("intParam() refuses what is no whole number within bounds, naming field and value", async () => {
  const schema = z.object({ limit: intParam(1, 10) });
  expect(await reading("/?limit=10", (c) => readQuery(c, schema))).toEqual({ limit: 10 });
  for (const text of ["abc", "1.5", "11", "0", "1e1"]) {
    const failure = await reading(`/?limit=${text}`, (c) => readQuery(c, schema));
    expect(failure).toBeInstanceOf(Failure);
    expect(String(failure)).toMatch(new RegExp(`query.limit: .*"${text}"`));
  }
});

test("pageOf() takes an empty cursor as none and fills in the list's defaults", async () => {
  const read = (path: string) =>
    reading(path, (c) => pageOf(readQuery(c, z.object(pageParams)), { limit: 50, order: "desc" }));
  expect(await read("/?after=&before=x")).toEqual({ limit: 50, order: "desc", before: "x" });
  expect(await read("/?limit=1001")).toBeInstanceOf(Failure);
  expect(await read("/?order=up")).toBeInstanceOf(Failure);
});

test("readJson() drops NUL and lone surrogates from keys and values, and keeps pairs", async () => {
  const body = '{"a\\u0000":["x\\ud83d","\\ud83d\\ude00"],"b":1}';
  expect(await reading("/", readJson, body)).toEqual({ a: ["x", "\u{1f600}"], b: 1 });
});

test("readJson() takes an absent body as an empty object and refuses what is no JSON", async () => {
  expect(await reading("/", readJson, " ")).toEqual({});
  expect(String(await reading("/", readJson, "{'a': 1}"))).toContain("not valid JSON");
});

test("readJson() refuses a body nested without end instead of overflowing", async () => {
  const nested = (levels: number) => `${"[".repeat(levels)}"x"${"]".repeat(levels)}`;
  expect(await reading("/", readJson, nested(200))).toBeArray();
  for (const levels of [201, 5_000, 1_000_000])
    expect(await reading("/", readJson, nested(levels))).toBeInstanceOf(Failure);
});

test("readJson() counts members and items before it parses, and what stands inside strings is none of them", async () => {
  const object = (members: number) => `{${Array.from({ length: members }, (_, i) => `"k${i}":0`).join(",")}}`;
  expect(await reading("/", readJson, object(50_000))).toBeObject();
  expect(String(await reading("/", readJson, `{"a":${object(50_000)}}`))).toContain("more than 50000 members");
  expect(await reading("/", readJson, `[${"1,".repeat(500_000)}1]`)).toBeArray();
  expect(String(await reading("/", readJson, `[${"1,".repeat(500_001)}1]`))).toContain("more than 500000 items");
  const text = '\\\\"[{:,'.repeat(600_000);
  expect(await reading("/", readJson, JSON.stringify([text, "\\"]))).toEqual([text, "\\"]);
});

test("readJson() refuses a text that no model could be given, wherever it stands, but not an image", async () => {
  const long = "a".repeat(10 * 1024 * 1024);
  expect(await reading("/", readJson, JSON.stringify({ a: long }))).toEqual({ a: long });
  const refused = await reading("/", readJson, JSON.stringify({ a: [{ b: `${long}!` }] }));
  expect(String(refused)).toContain("body.a.0.b: a text holds 10485760 characters, got 10485761");
  expect(refused instanceof Failure && refused.kind).toBe("too_large");
  const image = { content: [{ source: { data: `${long}!` } }] };
  expect(await reading("/", readJson, JSON.stringify(image))).toEqual(image);
});

test("readBody() names every wrong field with its value, cut short", async () => {
  const schema = z.object({ name: z.string(), nested: z.object({ count: z.number() }) });
  const failure = String(
    await reading("/", (c) => readBody(c, schema), JSON.stringify({ name: 5, nested: { count: "y".repeat(500) } })),
  );
  expect(failure).toMatch(/body\.name: .*got 5; body\.nested\.count: .*got "yyy/);
  expect(failure.length).toBeLessThan(400);
});
