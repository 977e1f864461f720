import { expect, test } from "bun:test";
import { Hono } from "hono";
import { Failure } from "../../core/failure.ts";
import { ModelFailure } from "../../llm/failure.ts";
import { answerFailure } from "./errors.ts";

async function answerTo(error: unknown): Promise<{ status: number; body: unknown; logged: readonly string[] }> {
  const logged: string[] = [];
  const app = new Hono().get("/x", () => {
    throw error;
  });
  app.onError((thrown, c) => answerFailure(thrown, c, (message) => logged.push(message)));
  const response = await app.request("/x");
  return { status: response.status, body: await response.json(), logged };
}

test("answerFailure() gives each kind of failure its status", async () => {
  expect(await answerTo(new Failure("not_found", "Gone"))).toEqual({
    status: 404,
    body: { detail: "Gone" },
    logged: [],
  });
  expect((await answerTo(new Failure("conflict", "Busy"))).status).toBe(409);
  expect((await answerTo(new Failure("full", "Full"))).status).toBe(507);
  const unreadable = await answerTo(new Failure("unreadable", "Bad sector"));
  expect(unreadable).toEqual({ status: 503, body: { detail: "Bad sector" }, logged: ["GET /x failed"] });
  expect((await answerTo(new Failure("unauthorized", "the key was x"))).body).toEqual({ detail: "Unauthorized" });
});

test("answerFailure() says in whole seconds when to ask again", async () => {
  const app = new Hono().get("/x", () => {
    throw new Failure("too_many", "Wait", { retryAfterMs: 1_200 });
  });
  app.onError((thrown, c) => answerFailure(thrown, c, () => {}));
  const response = await app.request("/x");
  expect([response.status, response.headers.get("retry-after")]).toEqual([429, "2"]);
});

test("answerFailure() shows an example of the id that was meant", async () => {
  const { status, body } = await answerTo(
    new Failure("invalid", "String should match pattern 'agent-{uuid4}', got '1'"),
  );
  expect(status).toBe(422);
  expect(body).toMatchObject({ trace_id: "", examples: ["agent-123e4567-e89b-42d3-8456-426614174000"] });
  expect((await answerTo(new Failure("invalid", "name: missing"))).body).toEqual({
    trace_id: "",
    detail: "name: missing",
  });
});

test("answerFailure() shows a model's failure in Letta's words with the provider's detail", async () => {
  expect(await answerTo(new ModelFailure("llm_rate_limit", "m", "RATE_LIMIT_EXCEEDED: slow down"))).toMatchObject({
    status: 429,
    body: {
      error: {
        type: "llm_rate_limit",
        message: "Rate limit exceeded for LLM model provider. Please wait before making another request.",
        detail: "RATE_LIMIT_EXCEEDED: slow down",
      },
    },
  });
  expect((await answerTo(new ModelFailure("llm_not_found", "m", "d"))).body).toMatchObject({
    error: { type: "llm_error" },
  });
  expect(await answerTo(new ModelFailure("llm_context_window_exceeded", "m", "too long"))).toMatchObject({
    status: 400,
    body: { detail: expect.stringContaining("too long") },
  });
});

test("answerFailure() tells nothing of a bug to the client, and everything to the log", async () => {
  expect(await answerTo(new Error("secret path"))).toEqual({
    status: 500,
    body: { detail: "An unknown error occurred" },
    logged: ["GET /x failed"],
  });
});
