import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ModelFailure } from "../failure.ts";
import {
  DETAIL_CHARS_MAX,
  failureOf,
  isPassing,
  modelFailureOf,
  providerMessage,
  retryAfterMs,
} from "./provider-error.ts";

const OPENAI = { title: "OpenAI", secrets: ["top-secret"] };
const GOLDEN = join(import.meta.dir, "../../../../shared/letta/conformance/golden");
const present = existsSync(GOLDEN);
/** Said in the names of tests that are skipped without it. */
const NEEDED = "(needs ../shared)";

const answered = (statusCode: number, responseBody = "", message = "") => ({ statusCode, responseBody, message });

test
  .skipIf(!present)
  .each(["140_message_llm_500", "141_message_llm_429", "142_message_llm_400", "143_message_llm_401"])(
  `modelFailureOf() says what Letta said in %s ${NEEDED}`,
  (file) => {
    const { status, body } = JSON.parse(readFileSync(join(GOLDEN, `${file}.json`), "utf8")).response;
    const failure = modelFailureOf(answered(status, '{"error":{"message":"mock"}}'), OPENAI);
    expect(failure).toMatchObject({ type: body.error.type, message: body.error.message, status });
    const code = /^[A-Z_]+: /.exec(body.error.detail)?.[0];
    expect(failure.detail).toStartWith(code ?? "?");
  },
);

describe("modelFailureOf()", () => {
  test.each([
    [{ type: "overloaded_error", message: "Overloaded" }, "llm_error", 529],
    [{ error: { type: "rate_limit_error", message: "slow down" } }, "llm_rate_limit", 429],
    [{ type: "invalid_request_error", message: "bad" }, "llm_bad_request", 400],
    [{ name: "AI_InvalidPromptError", message: "bad prompt" }, "llm_bad_request", undefined],
    [new TypeError("fetch failed"), "llm_error", undefined],
    ["just text", "llm_error", undefined],
    [undefined, "llm_error", undefined],
    [answered(422), "llm_unprocessable_entity", 422],
    [answered(403), "llm_permission_denied", 403],
    [answered(504), "llm_timeout", 504],
    [answered(301), "llm_error", 301],
    [answered(404, "No endpoints found that support image input"), "llm_bad_request", 404],
    [answered(500, "image input is not supported by this server"), "llm_bad_request", 500],
    [answered(500, 'Unsupported content part type: \\"image_url\\"'), "llm_bad_request", 500],
    [answered(403, "it requires moderation, and your input was flagged"), "llm_bad_request", 403],
    [answered(401, "image input is not supported"), "llm_authentication", 401],
    [answered(400, "API key not valid. Please pass a valid API key."), "llm_authentication", 400],
    [answered(400, '{"reason": "API_KEY_INVALID"}'), "llm_authentication", 400],
    // What lies in the text, in the key or the setting, or in the provider's own model.
    [answered(451), "llm_bad_request", 451],
    [answered(400, '{"message":"Invalid model: x"}'), "llm_not_found", 400],
    [answered(400, '{"error":{"code":"content_filter","message":"filtered"}}'), "llm_bad_request", 400],
    [answered(400, '{"error":{"code":"tool_use_failed","message":"bad call"}}'), "llm_error", 400],
  ] as const)("reads %p", (error, type, status) => {
    const failure = modelFailureOf(error, OPENAI);
    expect(failure.type).toBe(type);
    expect(failure.status).toBe(status as never);
    expect(failure.cause).toBe(error as never);
  });

  test("leaves a ModelFailure as it is", () => {
    const failure = failureOf({ type: "llm_timeout", what: "x" }, OPENAI);
    expect(modelFailureOf(failure, OPENAI)).toBe(failure);
  });

  test("shows a bounded part of a body, valid Unicode and no secret", () => {
    const { detail } = modelFailureOf(answered(500, `top-secret ${"👋".repeat(100_000)}`), OPENAI);
    expect(detail.length).toBeLessThanOrEqual(DETAIL_CHARS_MAX + 3);
    expect(detail).toContain("***");
    expect(detail).not.toContain("top-secret");
    expect(detail.isWellFormed()).toBe(true);
  });

  test("names the cause of a network error", () => {
    const error = new Error("Cannot connect to API", { cause: new Error("ECONNREFUSED") });
    expect(modelFailureOf(error, OPENAI).detail).toContain("Cannot connect to API (ECONNREFUSED)");
  });
});

test("isPassing() tells what may succeed when sent again", () => {
  const passing = [429, 500, 503, 529, 504, 408, 200].map((status) =>
    isPassing(modelFailureOf(answered(status), OPENAI)),
  );
  const lasting = [400, 401, 402, 403, 404, 413, 422, 307].map((status) =>
    isPassing(modelFailureOf(answered(status), OPENAI)),
  );
  expect(passing).not.toContain(false);
  expect(lasting).not.toContain(true);
  expect(isPassing(modelFailureOf(new TypeError("fetch failed"), OPENAI))).toBe(true);
  expect(isPassing(failureOf({ type: "llm_timeout", what: "ours" }, OPENAI))).toBe(false);
  expect(isPassing(new ModelFailure("llm_empty_response", "", ""))).toBe(true);
  expect(isPassing(modelFailureOf(answered(429, "insufficient_quota"), OPENAI))).toBe(false);
});

test("retryAfterMs() reads seconds and milliseconds, nothing else", () => {
  const after = (responseHeaders: object) => retryAfterMs({ responseHeaders });
  expect(after({ "retry-after": "2" })).toBe(2_000);
  expect(after({ "retry-after-ms": "150", "retry-after": "2" })).toBe(150);
  expect(after({ "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT" })).toBe(0);
  expect(after({ "retry-after": "-5" })).toBe(0);
  expect(after({})).toBe(0);
  expect(retryAfterMs("no")).toBe(0);
});

test("providerMessage() finds the provider's own words", () => {
  expect(providerMessage('{"error":{"message":"a\\nb"}}')).toBe("a b");
  expect(providerMessage('{"error":"plain"}')).toBe("plain");
  expect(providerMessage('{"message":"top"}')).toBe("top");
  expect(providerMessage("<html>")).toBeUndefined();
});
