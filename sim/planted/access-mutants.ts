import { inside, type MutantFacts, narrowed } from "./mutant-facts.ts";

/** Many who try what they may not do. */
const INTRUDERS = { intrusions: 40 };

/** Bugs in who may do what, which show only where somebody may not. */
export const ACCESS_MUTANTS = {
  asks_in_one_face_alone: narrowed(
    {
      number: null,
      breaks: ["S25 access"],
      edits: [
        {
          file: "src/run/step/run-setup.ts",
          from: 'const actor = may(caller, "agents:talk", { agentId });',
          to: `caller = { ...caller, scopes: caller.scopes.union(new Set(["agents:talk"])) };
  const actor = may(caller, "agents:talk", { agentId });`,
        },
        {
          file: "src/api/talk/images.ts",
          from: 'may(caller, "agents:talk", { agentId });',
          to: 'may(caller, "agents:read", { agentId });',
        },
        {
          file: "src/api/talk/messages.ts",
          from: "      return send(options, c, { where: agentTarget(c), body, isStreaming: body.streaming === true });\n",
          to: '      may(c.var.caller, "agents:talk");\n      return send(options, c, { where: agentTarget(c), body, isStreaming: body.streaming === true });\n',
        },
      ],
    },
    INTRUDERS,
  ),
  goes_on_behind_what_is_elsewhere: narrowed(
    inside(
      null,
      ["S25 access", "S26 apart"],
      "store/base/pages.ts",
      `where id = \${id} and \${seen}\``,
      `where id = \${id}\``,
    ),
    INTRUDERS,
  ),
  goes_on_behind_what_is_not_seen: narrowed(
    inside(
      null,
      ["S25 access", "S26 apart"],
      "store/base/pages.ts",
      "seen = ours(session, source.table.name)",
      "seen = ours({ ...session, agentIds: null }, source.table.name)",
    ),
    { ...INTRUDERS, agents: 3 },
  ),
  finds_what_is_elsewhere: narrowed(
    inside(
      null,
      ["S25 access", "S26 apart"],
      "store/base/pages.ts",
      `sql\`id = \${id} and \${ours(session, table.name)}\``,
      `sql\`id = \${id}\``,
    ),
    INTRUDERS,
  ),
  shares_agents_of_all: narrowed(
    inside(
      "M20",
      ["S25 access", "S26 apart"],
      "store/base/agent-cache.ts",
      "return one?.organizationId === organizationId ? one : undefined;",
      "return one;",
    ),
    INTRUDERS,
  ),
  narrows_no_reads: narrowed(
    inside(
      null,
      ["S25 access", "S26 apart"],
      "store/base/is-ours.ts",
      "if (agentIds === null) return isOfOrganization;",
      "if (agentIds !== undefined) return isOfOrganization;",
    ),
    { ...INTRUDERS, agents: 3 },
  ),
  keeps_revoked_keys: narrowed(
    inside(
      null,
      ["S25 access"],
      "access/notices.ts",
      'return "keyId" in proof && proof.keyId === change.id;',
      "return false;",
    ),
    INTRUDERS,
  ),
  keeps_lowered_roles: narrowed(
    inside(null, ["S25 access"], "access/notices.ts", "return userId === change.id;", "return false;"),
    INTRUDERS,
  ),
  leaves_streams_open: narrowed(
    inside(null, ["S25 access"], "api/http/open-streams.ts", "=== false) stream.end();", "=== null) stream.end();"),
    { ...INTRUDERS, modelFaultRate: 0.5 },
  ),
} satisfies Record<string, MutantFacts>;
