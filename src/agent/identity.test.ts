import { expect, test } from "bun:test";
import { instantOf } from "../core/clock.ts";
import { DEFAULT_ACTOR } from "../core/id.ts";
import { changedIdentity, type IdentityProperty, mergedProperties, newIdentity } from "./identity.ts";

const property = (key: string, value: string): IdentityProperty => ({ key, value, type: "string" });
const sources = {
  clock: { now: () => instantOf(5), elapsedMs: () => 0, sleep: async () => {} },
  random: { uuid: () => "00000000-0000-4000-8000-000000000001", fraction: () => 0 },
};

test("mergedProperties() lets the last value of a key count, in the key's first place", () => {
  const before = [property("a", "1"), property("b", "2")];
  expect(mergedProperties(before, [property("c", "3"), property("a", "4")])).toEqual([
    property("a", "4"),
    property("b", "2"),
    property("c", "3"),
  ]);
  expect(mergedProperties([], [property("a", "1"), property("a", "2")])).toEqual([property("a", "2")]);
});

test("newIdentity() belongs to whoever asks, and changedIdentity() keeps what is not named", () => {
  const identity = newIdentity(sources, DEFAULT_ACTOR, { identifierKey: "k", name: "Ada", identityType: "user" });
  expect(identity).toMatchObject({
    id: "identity-00000000-0000-4000-8000-000000000001",
    organizationId: DEFAULT_ACTOR.organizationId,
    projectId: null,
    properties: [],
    createdById: DEFAULT_ACTOR.userId,
  });
  const changed = changedIdentity(identity, { name: "Ada K" }, { ...sources, actor: DEFAULT_ACTOR });
  expect(changed).toEqual({ ...identity, name: "Ada K" });
});
