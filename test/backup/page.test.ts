import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SELKIE } from "../_harness/program.ts";
import { asked, openFolder } from "./_folder.ts";

const PAGE = join(import.meta.dir, "../../docs/backup.md");

test("the commands of docs/backup.md do what the page says, one after the other", async () => {
  const folder = openFolder();
  const data = folder.at("data");
  mkdirSync(data);
  const server = await folder.serve("data");
  const made = await asked(server, "POST", "/v1/agents/", {
    name: "otter",
    model: "selkie/rehearsal",
    secrets: { A: "1" },
  });
  expect(made.id).toBeString();
  writeFileSync(folder.at("passphrase.txt"), "correct horse battery staple\n");
  // On the search path, as people have it.
  writeFileSync(folder.at("selkie"), `#!/bin/sh\nexec ${SELKIE.map((part) => `'${part}'`).join(" ")} "$@"\n`, {
    mode: 0o755,
  });
  const blocks = [...readFileSync(PAGE, "utf8").matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = ""]) => block);
  const lines = blocks.flatMap((block) => block.trim().split("\n"));
  expect(lines.length).toBeGreaterThan(5);
  for (const line of lines) {
    const child = Bun.spawn(["sh", "-c", line], {
      cwd: folder.path,
      env: {
        PATH: `${folder.path}:${process.env["PATH"] ?? ""}`,
        HOME: folder.home,
        SELKIE_DATA: data,
        SELKIE_PORT: "1",
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    const code = await child.exited;
    // The doctor finds fault with what the backup without its key cannot give.
    const isDoctor = line === "selkie doctor --data restored";
    expect([line, code, err]).toEqual([line, isDoctor ? 1 : 0, expect.any(String)]);
    if (isDoctor) expect(out).toContain("A of ");
  }
  await folder.close();
}, 60_000);
