// The official suite of conformance, against our connections: each scenario of both revisions that is for what this client
// does, with the number of checks that it must pass. It takes some minutes, so it runs where SELKIE_MCP_SUITE=true asks for it.
import { expect, test } from "bun:test";
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

/** Scenarios of these revisions that are left out, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  "elicitation-sep1034-client-defaults": "servers may not ask people anything: elicitation is not offered",
  "sep-2322-client-request-state": "the same: what is to be filled in would come from elicitation",
  "auth/basic-cimd":
    "14 checks pass; a client id that is an address is only wanted where a server is public, and is not offered",
  "http-custom-headers": "17 of 19 pass; the others want values that are the suite's own client's",
  "json-schema-2020-12-preservation":
    "3 pass; the others want the schema sent back to the server, which only a test does",
  "auth/scope-retry-limit": "with 2025-11-25, as the number of checks follows from how often the driver tries",
};

const SUITE = fileURLToPath(import.meta.resolve("@modelcontextprotocol/conformance/dist/index.js"));
const CLIENT = join(import.meta.dir, "_suite-client.ts");
const SCENARIO_MS_MAX = 60_000;

const isAsked = process.env["SELKIE_MCP_SUITE"] === "true";

for (const [revision, scenarios] of Object.entries(CHECKS)) {
  for (const [scenario, checks] of Object.entries(scenarios)) {
    test.skipIf(!isAsked)(
      `${scenario} of ${revision} passes its ${checks} checks`,
      async () => {
        const results = temporaryDirectory();
        const command = `${process.execPath} ${CLIENT}`;
        const options = ["--command", command, "--scenario", scenario, "--spec-version", revision, "-o", results.path];
        const suite = Bun.spawn([process.execPath, SUITE, "client", ...options], { stdout: "pipe", stderr: "pipe" });
        const said = (await new Response(suite.stdout).text()) + (await new Response(suite.stderr).text());
        expect(/Passed: .*/.exec(said)?.[0]).toBe(`Passed: ${checks}/${checks}, 0 failed, 0 warnings`);
        results.remove();
      },
      SCENARIO_MS_MAX,
    );
  }
}

test("what is left out of the suite is not among what is run", () => {
  const run = Object.values(CHECKS).flatMap((scenarios) => Object.keys(scenarios));
  expect(run.length).toBeGreaterThan(40);
  expect(Object.keys(LEFT_OUT).filter((name) => name in (CHECKS["2025-11-25"] ?? {}))).toEqual([]);
});
