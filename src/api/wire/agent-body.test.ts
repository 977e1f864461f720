import { expect, test } from "bun:test";
import { CreateAgentBody, UpdateAgentBody } from "./agent-body.ts";

test("CreateAgentBody takes the old fields: whole configurations and first messages", () => {
  const draft = CreateAgentBody.parse({
    llm_config: { model: "m", model_endpoint_type: "openai", context_window: 1000 },
    embedding_config: { embedding_endpoint_type: "openai", embedding_model: "e", embedding_dim: 3 },
    initial_message_sequence: [{ role: "user", content: "hi" }],
    stream_steps: true,
  });
  expect(draft.model).toMatchObject({
    config: { model: "m", contextWindow: 1000, temperature: 1, enableReasoner: true },
  });
  expect(draft.model.enableReasoner).toBeUndefined();
  expect(draft.embeddingConfig).toMatchObject({ embeddingDim: 3, embeddingChunkSize: 300 });
  expect(draft.initialMessages).toEqual([
    { role: "user", parts: [{ type: "text", text: "hi" }], name: null, otid: null, senderId: null, groupId: null },
  ]);
});

test("CreateAgentBody leaves out what was not given instead of setting it to undefined", () => {
  const draft = CreateAgentBody.parse({ name: null, description: undefined });
  expect("name" in draft || "description" in draft || "system" in draft).toBe(false);
  expect(draft.agentType).toBe("letta_v1_agent");
});

test("CreateAgentBody refuses ids of another kind", () => {
  expect(() => CreateAgentBody.parse({ tool_ids: ["block-00000000-0000-4000-8000-000000000000"] })).toThrow(
    /tool-\{uuid4\}/,
  );
  const old = CreateAgentBody.parse({ tool_exec_environment_variables: { A: "b" } });
  expect(old.secrets).toEqual({ A: "b" });
  expect(CreateAgentBody.parse({ secrets: {}, tool_exec_environment_variables: { A: "b" } }).secrets).toEqual({});
  expect(() => CreateAgentBody.parse({ identity_ids: ["identity-1"] })).toThrow(/identity-1/);
});

test("UpdateAgentBody takes null as unchanged, and an empty list as a list", () => {
  expect(UpdateAgentBody.parse({ name: null, model: null, tags: null, compaction_settings: null })).toEqual({
    fields: {},
  });
  expect(UpdateAgentBody.parse({ tags: [], tool_rules: [] })).toEqual({ fields: { toolRules: [] }, tags: [] });
  expect(UpdateAgentBody.parse({ compaction_settings: { mode: "all", clip_chars: null } }).compaction).toEqual({
    mode: "all",
    clipChars: null,
  });
});

test("UpdateAgentBody reads the time of the last run", () => {
  expect(UpdateAgentBody.parse({ last_run_completion: "1970-01-01T00:00:01Z" }).fields).toMatchObject({
    lastRunCompletion: 1000,
  });
  expect(UpdateAgentBody.safeParse({ last_run_completion: "soon" }).success).toBe(false);
});
