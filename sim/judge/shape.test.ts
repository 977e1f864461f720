import { expect, test } from "bun:test";
import { parseJson } from "../../src/core/json.ts";
import { hasOpenApi, validateResponse } from "../../test/_harness/openapi.ts";
import { simulate } from "../simulation.ts";
import type { CheckShape } from "./watch.ts";

const TIMEOUT_MS = 120_000;
const SEEDS = 3;
/** Statuses that the document leaves to the server: refusals, conflicts, what a model or a disk did. */
const DOCUMENTED = [200, 204];

/** What is wrong with an answer by the document of the server that this one continues. */
const checkShape: CheckShape = ({ method, path }, status, body) => {
  if (!DOCUMENTED.includes(status) || typeof body === "string") return [];
  return validateResponse(method, path, status, withoutOurs(body)).filter(
    (problem) => !problem.includes("is not in the document") && !isOfPlainFolder(path, problem),
  );
};

/** A folder may be without an embedding model here, which the document does not know. */
function isOfPlainFolder(path: string, problem: string): boolean {
  return (
    /^\/v1\/(folders|sources|agents\/[^/]+\/(folders|sources))/.test(path) &&
    problem.includes("embedding_config must be")
  );
}

/** An answer without the one field that the document does not know: it is there only where somebody set it. */
function withoutOurs(body: unknown): unknown {
  const ours = (key: string, value: unknown) =>
    key === "memory_settings" || key === "fallback_models" ? undefined : value;
  return parseJson(JSON.stringify(body, ours) ?? "null");
}

test.skipIf(!hasOpenApi)(
  `every answer in ${SEEDS} seeds has the shape that is documented`,
  async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { violations } = await simulate(seed, { checkShape });
      expect({ seed, violations }).toEqual({ seed, violations: [] });
    }
  },
  TIMEOUT_MS,
);

test.skipIf(!hasOpenApi)("a shape that is not documented is told", () => {
  const request = { method: "GET", path: "/v1/agents/" } as const;
  expect(checkShape(request, 200, parseJson('[{"id": 1}]'))).not.toEqual([]);
});
