import { expect, test } from "bun:test";
import { optionsOf } from "./run-state.ts";

test("optionsOf() reads what an older server kept, and leaves nothing of the run's own in its face", () => {
  const own = { maxSteps: 3, clientTools: [], overrideModel: null, overrideSystem: "secret" };
  const face = { useAssistantMessage: false, assistantMessageToolName: "say", includeReturnMessageTypes: null };
  const requestConfig = { ...own, ...face, stream: "tokens" };
  const options = optionsOf({ requestConfig });
  expect(options).toMatchObject({ ...own, clientSkills: [], approvalTimeoutMs: null, stream: "tokens", face });
  expect(JSON.stringify(options.face)).not.toContain("secret");
});

test("optionsOf() gives what was kept as it is, a face without anything in it too", () => {
  const requestConfig = { maxSteps: 3, stream: "tokens", face: {} };
  expect(optionsOf({ requestConfig })).toEqual(requestConfig as never);
});
