import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRegistry, tarballOf } from "../../src/sandbox/packages/_test-archives.ts";
import { openToolPackages } from "../../src/sandbox/packages/tool-packages.ts";
import { describeInJail } from "./_jail.ts";
import { jailedBun, run, runtimeIn } from "./_script.ts";

describeInJail("packages of TypeScript tools", () => {
  test("a tool imports what it named; what is not there is told by name", async () => {
    const registry = startRegistry();
    const files = [
      { path: "package/package.json", text: '{"name": "kelp", "version": "1.0.0", "main": "index.js"}' },
      { path: "package/index.js", text: 'exports.name = "kelp";\n' },
    ];
    registry.addTarball("kelp", tarballOf(files));
    // Where whoever jails run as can reach it.
    const directory = join(tmpdir(), `selkie-test-npm-${process.pid}`);
    const npm = {
      executable: process.execPath,
      registryUrl: registry.url,
      environment: {},
      check: { resolveHost: async () => [] },
    };
    const packages = openToolPackages({ directory, pipIndexUrl: null, npm });
    const runtime = runtimeIn(await jailedBun(), { packages });
    const source = 'import { name } from "kelp";\nexport function f() { return name; }\n';
    try {
      const tool = { npmRequirements: [{ name: "kelp" }] };
      expect(await run(runtime, source, { tool })).toMatchObject({ status: "success", text: "kelp" });
      const missing = { npmRequirements: [{ name: "no-such-thing" }] };
      const text = expect.stringContaining("The packages no-such-thing cannot be installed");
      expect(await run(runtime, source, { tool: missing })).toMatchObject({ status: "error", text });
    } finally {
      await runtime.close();
      await registry.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
