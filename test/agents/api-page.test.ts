import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { GAPS } from "../../src/api/http/not-built.ts";
import { groupsOf } from "../../src/api/site/operations.ts";
import { describedOperations, hasOpenApi } from "../_harness/openapi.ts";
import { pointerTo } from "../_harness/openapi-paths.ts";
import { type Answer, startTestServer, type TestServer } from "../_harness/server.ts";

// `docs/api.md` is made of what the server says of itself. With SELKIE_API_PAGE_WRITE=true it is written; otherwise it
// must be as it would be written.

const PAGE = join(import.meta.dir, "../../docs/api.md");
/** Routes that Letta's server had and its document does not know. */
const HIDDEN =
  /^[A-Z]+ \/v1\/(?:sandbox-config|admin|auth$|_internal_search|tools\/generate-(?:schema|tool)|agents\/\{\}\/(?:messages\/capture|chat\/completions)|steps\/\{\}\/transaction)/;

let server: TestServer;
let document: Answer;

beforeAll(async () => {
  server = await startTestServer();
  document = await server.ok("GET", "/openapi.json");
});

afterAll(() => server.close());

function written(): string {
  const operations = new Map<string, Answer>();
  for (const [path, methods] of Object.entries<Answer>(document.paths))
    for (const [method, operation] of Object.entries<Answer>(methods))
      operations.set(`${method.toUpperCase()} ${path}`, operation);
  const sections = groupsOf(document).map(({ name, operations: rows }) => {
    const lines = rows.map(({ method, path, summary, scope }) => {
      const origin = operations.get(`${method} ${path}`)["x-origin"] === "selkie" ? "Selkie" : "Letta";
      return `| \`${method} ${path.replace(/^\/v1/, "")}\` | ${summary} | ${scope === "" ? "" : `\`${scope}\``} | ${origin} |`;
    });
    return `## ${name}\n\n| route | what it does | scope | from |\n|---|---|---|---|\n${lines.join("\n")}\n`;
  });
  const gaps = GAPS.map(({ missing, refused, empty = {} }) => {
    const shown = [...Object.keys(empty).map((path) => `GET ${path} (empty)`), ...refused];
    return `| ${missing} | ${shown.map((route) => `\`${route.replace(/:([a-z_]+)/g, "{$1}")}\``).join(", ")} |`;
  });
  return `# The API, route by route

This page is made of what the server tells of itself at \`/openapi.json\`, where bodies, answers and queries stand, too; \`/docs\` shows the same. Paths begin with \`/v1\`. A key needs the scope that is named; where none is, any key will do.

"Letta" are the routes of Letta's V1 API: its clients find them here unchanged, and where an answer differs on purpose that stands in [compatibility](compatibility.md). "Selkie" are the routes that this server adds.

${sections.join("\n")}
## What answers 501

The hosted product had more. What makes no sense on one's own machine, or is not built yet, says so with one sentence; its lists are empty, so that programs which ask for everything do not stop.

| what | routes |
|---|---|
${gaps.join("\n")}
`;
}

test("docs/api.md is what the server says of itself", () => {
  if (process.env["SELKIE_API_PAGE_WRITE"] === "true") writeFileSync(PAGE, written());
  expect(existsSync(PAGE) ? readFileSync(PAGE, "utf8") : "").toBe(written());
});

test.skipIf(!hasOpenApi)("a route is told to be Letta's where Letta's document, or its server, has it", () => {
  const bare = (route: string) => route.replace(/\{[^}]+\}/g, "{}").replace(/\/$/, "");
  const theirs = new Set(describedOperations().map(({ method, path }) => bare(`${method} ${path}`)));
  for (const [path, methods] of Object.entries<Answer>(document.paths))
    for (const [method, { "x-origin": origin }] of Object.entries<Answer>(methods)) {
      const route = bare(`${method.toUpperCase()} ${path}`);
      expect([route, origin]).toEqual([route, theirs.has(route) || HIDDEN.test(route) ? "letta" : "selkie"]);
    }
});

test("the examples of the description are as it says", () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ ...document, $id: "own" }, "own");
  const wrong = (pointer: string, example: unknown) => {
    const validate = ajv.compile({ $ref: `own#${pointer}` });
    return validate(example) ? [] : [`${pointer}: ${ajv.errorsText(validate.errors)}`];
  };
  const named = Object.entries<Answer>(document.components.schemas).flatMap(([name, { examples = [] }]) =>
    examples.flatMap((example: unknown) => wrong(`/components/schemas/${name}`, example)),
  );
  expect(named).toEqual([]);
  const bodies = Object.entries<Answer>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Answer>(methods).flatMap(([method, { requestBody }]) => {
      const { example } = requestBody?.content["application/json"] ?? {};
      const pointer = pointerTo("paths", path, method, "requestBody", "content", "application/json", "schema");
      return example === undefined ? [] : wrong(pointer, example);
    }),
  );
  expect(bodies).toEqual([]);
  const count = Object.values<Answer>(document.components.schemas).filter(({ examples }) => examples !== undefined);
  expect(count.length).toBeGreaterThan(80);
});
