import { expect, test } from "bun:test";
import { newMessage } from "../../src/agent/new-message.ts";
import { type AgentId, newId } from "../../src/core/id.ts";
import { createContextCache } from "../../src/store/base/context-cache.ts";
import { world } from "../_harness/dialects.ts";

const ORGANIZATION = "org-1";

/** Numbers in [0, 1) that look drawn and are always the same. */
function drawn(): { readonly uuid: () => string; readonly fraction: () => number } {
  let state = 1;
  return {
    uuid: world.random.uuid,
    fraction: () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    },
  };
}

function message(agentId: AgentId) {
  const place = { agentId, conversationId: null, runId: null, stepId: null, model: null };
  return newMessage(world, place, { role: "user", content: [{ type: "text", text: "hi" }] });
}

test("set() lets whole threads go where there is no room, and those that take turns find most of theirs", () => {
  const cache = createContextCache(drawn());
  const [threads, each] = [100, 200];
  const messages = Array.from({ length: threads }, () => message(newId("agent", world.random)));
  const rounds = Array.from({ length: 6 }, () => {
    let found = 0;
    for (const [thread, one] of messages.entries()) {
      cache.begin();
      const places = Array.from({ length: each }, (_, index) => thread * each + index);
      const known = places.filter((at) => cache.get(at, ORGANIZATION) !== undefined).length;
      expect([0, each]).toContain(known);
      found += known / each;
      if (known === 0)
        for (const at of places) cache.set(at, { message: one, organizationId: ORGANIZATION, chars: 300 });
    }
    return found;
  });
  expect(rounds[0]).toBe(0);
  // Room for 80 of 100: what is drawn is rarely what comes next.
  for (const found of rounds.slice(1)) expect(found).toBeGreaterThan(60);
  const kept = Array.from({ length: threads * each }, (_, at) => cache.get(at, ORGANIZATION)).filter(Boolean).length;
  expect(kept).toBeLessThanOrEqual(16_000);
});

test("set() keeps no more than there is room for of one thread, and nothing that is too long", () => {
  const cache = createContextCache(drawn());
  const one = message(newId("agent", world.random));
  for (let at = 0; at < 20_000; at++) cache.set(at, { message: one, organizationId: ORGANIZATION, chars: 10 });
  expect(cache.get(15_999, ORGANIZATION)).toBe(one);
  expect(cache.get(16_000, ORGANIZATION)).toBeUndefined();
  cache.clear();
  cache.begin();
  cache.set(1, { message: one, organizationId: ORGANIZATION, chars: 100_001 });
  expect(cache.get(1, ORGANIZATION)).toBeUndefined();
  cache.set(1, { message: one, organizationId: ORGANIZATION, chars: 10 });
  expect([cache.get(1, ORGANIZATION), cache.get(1, "org-2")]).toEqual([one, undefined]);
});
