// The official suite of conformance, against our connections: each scenario of both revisions that is for what this client
// does, with the number of checks that it must pass. Several run side by side: each is a process of the suite, and one of ours.
import { beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "../_harness/server-process.ts";

/** Checks that each scenario makes, and this client passes. */
const CHECKS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "2025-11-25": {
    initialize: 1,
    tools_call: 2,
    "sse-retry": 3,
    "auth/metadata-default": 19,
    "auth/metadata-var1": 19,
    "auth/metadata-var2": 19,
    "auth/metadata-var3": 19,
    "auth/scope-from-www-authenticate": 15,
    "auth/scope-from-scopes-supported": 15,
    "auth/scope-omitted-when-undefined": 15,
    "auth/scope-step-up": 24,
    "auth/token-endpoint-auth-basic": 20,
    "auth/token-endpoint-auth-post": 20,
    "auth/token-endpoint-auth-none": 20,
    "auth/pre-registration": 14,
  },
  "2026-07-28": {
    tools_call: 2,
    "request-metadata": 5,
    "auth/metadata-default": 18,
    "auth/metadata-var1": 18,
    "auth/metadata-var2": 18,
    "auth/metadata-var3": 18,
    "auth/scope-from-www-authenticate": 14,
    "auth/scope-from-scopes-supported": 14,
    "auth/scope-omitted-when-undefined": 14,
    "auth/scope-step-up": 26,
    "auth/scope-retry-limit": 27,
    "auth/token-endpoint-auth-basic": 19,
    "auth/token-endpoint-auth-post": 19,
    "auth/token-endpoint-auth-none": 19,
    "auth/pre-registration": 12,
    "auth/resource-mismatch": 3,
    "auth/offline-access-scope": 15,
    "auth/offline-access-not-supported": 14,
    "auth/authorization-server-migration": 28,
    "auth/iss-supported": 14,
    "auth/iss-not-advertised": 14,
    "auth/iss-supported-missing": 8,
    "auth/iss-wrong-issuer": 8,
    "auth/iss-unexpected": 8,
    "auth/iss-normalized": 8,
    "auth/metadata-issuer-mismatch": 3,
    "http-standard-headers": 3,
    "http-invalid-tool-headers": 12,
    "json-schema-ref-no-deref": 1,
  },
};

/** Scenarios of a revision that are left out, and why. */
const LEFT_OUT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "2025-11-25": {
    "elicitation-sep1034-client-defaults": "servers may not ask people anything: elicitation is not offered",
    "auth/basic-cimd":
      "14 checks pass; a client id that is an address is only wanted where a server is public, and is not offered",
    "auth/scope-retry-limit": "the number of checks follows from how often the driver tries",
    "json-schema-2020-12-preservation":
      "3 checks pass; the others want the schema sent back to the server, which only a test does",
  },
  "2026-07-28": {
    "auth/basic-cimd": "as with 2025-11-25",
    "sep-2322-client-request-state": "what is to be filled in would come from elicitation, which is not offered",
    "http-custom-headers": "17 of 19 checks pass; the others want values that are the suite's own client's",
    "json-schema-2020-12-preservation": "as with 2025-11-25",
  },
};

const SUITE = fileURLToPath(import.meta.resolve("@modelcontextprotocol/conformance/dist/index.js"));
const CLIENT = join(import.meta.dir, "_suite-client.ts");
/** Scenarios that run at once. Most of the time of each goes into starting two processes. */
const AT_ONCE = 4;
const SUITE_MS_MAX = 120_000;

const key = (scenario: string, revision: string) => `${scenario} of ${revision}`;
const pairs = Object.entries(CHECKS).flatMap(([revision, scenarios]) =>
  Object.entries(scenarios).map(([scenario, checks]) => ({ revision, scenario, checks })),
);
const verdicts = new Map<string, string>();

async function said(args: readonly string[]): Promise<string> {
  const suite = Bun.spawn([process.execPath, SUITE, ...args], { stdout: "pipe", stderr: "pipe" });
  const [out, errors] = await Promise.all([new Response(suite.stdout).text(), new Response(suite.stderr).text()]);
  return out + errors;
}

beforeAll(async () => {
  const results = temporaryDirectory();
  const left = [...pairs];
  const lane = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { revision, scenario } = next;
      const command = `${process.execPath} ${CLIENT}`;
      const place = join(results.path, revision);
      const options = ["--command", command, "--scenario", scenario, "--spec-version", revision, "-o", place];
      const told = await said(["client", ...options]);
      verdicts.set(key(scenario, revision), /Passed: .*/.exec(told)?.[0] ?? told);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  results.remove();
}, SUITE_MS_MAX);

for (const { revision, scenario, checks } of pairs)
  test(`${scenario} of ${revision} passes its ${checks} checks`, () => {
    expect(verdicts.get(key(scenario, revision))).toBe(`Passed: ${checks}/${checks}, 0 failed, 0 warnings`);
  });

test.each(Object.keys(CHECKS))("every scenario of %s is run, or left out with a reason", async (revision) => {
  const listed = [...(await said(["list", "--client", "--spec-version", revision])).matchAll(/^ +- (\S+)/gm)];
  const names = [...Object.keys(CHECKS[revision] ?? {}), ...Object.keys(LEFT_OUT[revision] ?? {})];
  expect(names.toSorted()).toEqual(listed.map(([, name = ""]) => name).toSorted());
});
