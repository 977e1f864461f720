import { expect, test } from "bun:test";
import { Failure } from "../core/failure.ts";
import { DEFAULT_ACTOR, requireId } from "../core/id.ts";
import { type Caller, callerOf, type Narrowing } from "./may.ts";
import { narrowedBy, narrowedTo, refuseWider } from "./narrow.ts";
import { WHOLE } from "./people.ts";
import { ROLES, type Role, SCOPES, type Scope, scopesOf, withImplied } from "./role.ts";

const agent = (digit: number) => requireId("agent", `agent-00000000-0000-4000-8000-00000000000${digit}`);
const maker = (role: Role, narrowing: Narrowing = {}) =>
  callerOf(DEFAULT_ACTOR, role, { ...narrowing, proof: { kind: "root" } });

/** What somebody of a role gets who was given what a maker may give; nothing where that is refused. */
function given(by: Caller, role: Role, asked: readonly Scope[] | null): ReadonlySet<Scope> {
  try {
    const { scopes } = narrowedTo(by, { ...WHOLE, role }, { ...WHOLE, scopes: asked });
    return scopes === null ? scopesOf(role) : scopesOf(role).intersection(withImplied(scopes));
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    return new Set();
  }
}

test("narrowedTo() gives nobody a scope that the maker has not, whatever both are and whatever is asked", () => {
  const makers = ROLES.flatMap((role) => [
    maker(role),
    ...SCOPES.map((scope) => maker(role, { scopes: new Set([scope]) })),
  ]);
  const asked = [null, ...SCOPES.map((scope) => [scope])];
  const cases = makers.flatMap((by) => ROLES.flatMap((role) => asked.map((scopes) => ({ by, role, scopes }))));
  let granted = 0;
  for (const { by, role, scopes } of cases) {
    const held = given(by, role, scopes);
    granted += held.size;
    expect(held.isSubsetOf(withImplied(by.scopes))).toBe(true);
  }
  expect(granted).toBeGreaterThan(500);
});

test("narrowedTo() keeps agents, models and the identity of a narrowed maker, and takes no tag from one", () => {
  const narrow = maker("owner", { agentIds: [agent(1), agent(2)], models: ["a/b"] });
  const ask = (asked: Partial<typeof WHOLE>) =>
    narrowedTo(narrow, { ...WHOLE, role: "viewer" }, { ...WHOLE, ...asked });
  expect(ask({})).toEqual({ scopes: null, agents: [agent(1), agent(2)], models: ["a/b"], identityId: null });
  expect(ask({ agents: [agent(2)] }).agents).toEqual([agent(2)]);
  for (const wider of [{ agents: [agent(3)] }, { agents: ["tag:a"] }, { models: ["c/d"] }])
    expect(() => ask(wider)).toThrow();
});

test("refuseWider() lets through who may as much, and nobody else", () => {
  const owner = { ...WHOLE, role: "editor" } as const;
  refuseWider(maker("editor"), owner);
  refuseWider(maker("owner"), { ...owner, agents: ["tag:a"], scopes: ["agents:read"] });
  for (const less of [
    maker("operator"),
    maker("editor", { scopes: new Set<Scope>(["agents:read"]) }),
    maker("owner", { agentIds: [agent(1)] }),
    maker("owner", { models: ["a/b"] }),
  ])
    expect(() => refuseWider(less, owner)).toThrow();
});

test("narrowedBy() leaves what all have in common", () => {
  const both = narrowedBy([
    { ...WHOLE, scopes: ["agents:write"], models: ["a", "b"], agents: ["tag:x"] },
    { ...WHOLE, scopes: ["agents:read"], models: ["b"], agents: [agent(1)] },
  ]);
  expect([both.scopes, both.models, both.agents.length]).toEqual([["agents:read"], ["b"], 2]);
  expect(narrowedBy([WHOLE, WHOLE])).toEqual({ scopes: null, models: null, agents: [], identityId: null });
});
