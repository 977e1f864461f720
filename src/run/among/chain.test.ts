import { expect, test } from "bun:test";
import { PLAIN_OPTIONS } from "../../agent/turn-options.ts";
import { instantOf } from "../../core/clock.ts";
import { requireId } from "../../core/id.ts";
import { queuedRun } from "../step/run-state.ts";
import { linkOf } from "./chain.ts";

test("linkOf() gives a call the id that older servers gave it, so that what they began is found and not begun twice", () => {
  const agentId = requireId("agent", "agent-01a22d03-0000-4000-8000-000000000001");
  const id = requireId("run", "run-01a22d03-ca82-4987-b38a-13b726be1422");
  const draft = { agentId, options: PLAIN_OPTIONS, background: false, metadata: {} };
  const parent = queuedRun(id, instantOf(0), draft);
  expect(linkOf(parent, "call_abcdefghijklmnop", agentId)).toEqual({
    id: requireId("run", "run-01a22d03-ca82-42ae-896c-06c38d7f5e40"),
    parentRunId: id,
    rootRunId: id,
    depth: 1,
  });
});
