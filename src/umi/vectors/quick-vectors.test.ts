import { expect, test } from "bun:test";
import { type Clock, instantOf } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { actorOf, DEFAULT_USER_ID, type OrganizationId } from "../../core/id.ts";
import { embeddingInfoOf } from "../../llm/catalog.ts";
import type { Embedder } from "../../llm/embedder.ts";
import { createQuickVectors, QUICK_TEXTS_MAX, QUICK_TIMEOUT_MS } from "./quick-vectors.ts";

const { config } = embeddingInfoOf({ name: "vllm", kind: "vllm" }, "tiny-embed");
const ORG = "org-1" as OrganizationId;
const OTHER = "org-2" as OrganizationId;
const payer = (organizationId = ORG) => ({ actor: actorOf(organizationId, DEFAULT_USER_ID), agentId: null });

/** A clock that moves when told, and then wakes whoever is due. */
function manualClock(): Clock & { advance(durationMs: number): Promise<void> } {
  let nowMs = 0;
  const sleepers = new Map<() => void, number>();
  return {
    now: () => instantOf(nowMs),
    elapsedMs: () => nowMs,
    sleep(durationMs, signal) {
      return new Promise((resolve) => {
        sleepers.set(resolve, nowMs + durationMs);
        signal?.addEventListener("abort", () => resolve(), { once: true });
      });
    },
    async advance(durationMs) {
      await Bun.sleep(0);
      nowMs += durationMs;
      for (const [wake, dueMs] of sleepers) if (dueMs <= nowMs) wake();
      await Bun.sleep(0);
    },
  };
}

/** Quick vectors over a model that answers, fails, or hangs as it is told. */
function quick(mode: { now: "answers" | "fails" | "hangs" | "is limited" }) {
  const asked: (readonly string[])[] = [];
  const clock = manualClock();
  const embedder: Embedder = {
    key: "vllm/tiny-embed:1",
    handle: "vllm/tiny-embed",
    dimensions: 1,
    async embed(texts) {
      asked.push(texts);
      if (mode.now === "is limited") throw new Failure("refused", "No price", { info: { limit_id: "limit-1" } });
      if (mode.now === "fails") throw new Error("down");
      if (mode.now === "hangs") await new Promise(() => undefined);
      return texts.map((text) => (text === "none" ? null : Float32Array.of(text.length)));
    },
  };
  const vectors = createQuickVectors({ clock, openEmbedder: ({ handle }) => (handle === null ? undefined : embedder) });
  return { vectors, asked, clock };
}

test("ofQuery() asks once for each organisation and text", async () => {
  const { vectors, asked } = quick({ now: "answers" });
  const ask = async (org: OrganizationId, text: string) => (await vectors.ofQuery(payer(org), config, text))?.vector[0];
  expect([await ask(ORG, "otter"), await ask(ORG, "otter"), await ask(OTHER, "otter"), await ask(ORG, "seal")]).toEqual(
    [5, 5, 5, 4],
  );
  expect(asked).toEqual([["otter"], ["otter"], ["seal"]]);
  expect(await vectors.ofQuery(payer(), config, "otter")).toEqual({
    key: "vllm/tiny-embed:1",
    vector: Float32Array.of(5),
  });
});

test("ofQuery() keeps the queries that were asked for last, and no long ones", async () => {
  const { vectors, asked } = quick({ now: "answers" });
  await vectors.ofQuery(payer(), config, "first");
  for (let i = 0; i < 499; i++) await vectors.ofQuery(payer(), config, `query ${i}`);
  await vectors.ofQuery(payer(), config, "first");
  await vectors.ofQuery(payer(), config, "one more");
  expect(asked).toHaveLength(501);
  await vectors.ofQuery(payer(), config, "first");
  expect(asked).toHaveLength(501);
  await vectors.ofQuery(payer(), config, "query 0");
  expect(asked).toHaveLength(502);
  for (let i = 0; i < 2; i++) await vectors.ofQuery(payer(), config, "x".repeat(2_001));
  expect(asked).toHaveLength(504);
});

test("ofQuery() has nothing without a model, a query, or a vector for it", async () => {
  const { vectors, asked } = quick({ now: "answers" });
  expect(await vectors.ofQuery(payer(), null, "otter")).toBeUndefined();
  expect(await vectors.ofQuery(payer(), { ...config, handle: null }, "otter")).toBeUndefined();
  expect(await vectors.ofQuery(payer(), config, "  ")).toBeUndefined();
  expect(asked).toEqual([]);
  expect(await vectors.ofQuery(payer(), config, "none")).toBeUndefined();
});

test("a model that hangs is waited for once in a while, and for a bounded time", async () => {
  const mode = { now: "hangs" as "answers" | "hangs" };
  const { vectors, asked, clock } = quick(mode);
  const first = vectors.ofQuery(payer(), config, "otter");
  await clock.advance(0);
  await clock.advance(QUICK_TIMEOUT_MS);
  expect(await first).toBeUndefined();
  expect(await vectors.ofTexts(payer(), config, ["otter"])).toBeUndefined();
  expect(asked).toHaveLength(1);
  mode.now = "answers";
  await clock.advance(10_001);
  expect((await vectors.ofQuery(payer(), config, "otter"))?.vector[0]).toBe(5);
  expect(asked).toHaveLength(2);
});

test("a model that somebody's budget is in the way of is there for others at once", async () => {
  const mode = { now: "is limited" as "answers" | "is limited" };
  const { vectors } = quick(mode);
  expect(await vectors.ofQuery(payer(), config, "otter")).toBeUndefined();
  mode.now = "answers";
  expect((await vectors.ofQuery(payer(OTHER), config, "otter"))?.vector[0]).toBe(5);
});

test("ofTexts() gives vectors of a few texts, and none when the model fails", async () => {
  const mode = { now: "answers" as "answers" | "fails" };
  const { vectors, asked } = quick(mode);
  expect(await vectors.ofTexts(payer(), config, ["a", "none", "bcd"])).toEqual({
    key: "vllm/tiny-embed:1",
    vectors: [Float32Array.of(1), null, Float32Array.of(3)],
  });
  expect(await vectors.ofTexts(payer(), null, ["a"])).toBeUndefined();
  expect(await vectors.ofTexts(payer(), config, new Array(QUICK_TEXTS_MAX + 1).fill("a"))).toBeUndefined();
  expect(asked).toHaveLength(1);
  mode.now = "fails";
  expect(await vectors.ofTexts(payer(), config, ["a"])).toBeUndefined();
});
