import { expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DECLARED_SETTINGS } from "../../src/app/command/declared-settings.ts";
import { readSettings } from "../../src/app/command/settings.ts";

// `docs/configuration.md` is made of what the server declares of its settings. With SELKIE_CONFIGURATION_PAGE_WRITE=true
// it is written; otherwise it must be as it would be written.

const ROOT = join(import.meta.dir, "../..");
const PAGE = join(ROOT, "docs/configuration.md");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const namesIn = (text: string) => [...new Set(text.match(/\b[A-Z][A-Z\d]*(?:_[A-Z\d]+)+\b/g))].sort();
const { groups: SETTING_GROUPS, providers: PROVIDER_VARIABLES } = DECLARED_SETTINGS;
const DECLARED = SETTING_GROUPS.flatMap(({ settings }) => settings);

function written(): string {
  const sections = SETTING_GROUPS.map(({ title, settings }) => {
    const rows = settings.map(({ name, otherwise, words, also = [] }) => {
      const others = also.length === 0 ? "" : ` ${also.map((other) => `\`${other}\``).join(", ")} means the same.`;
      return `| \`${name}\` | ${otherwise} | ${words}${others} |`;
    });
    return `## ${title}\n\n| variable | default | what it is for |\n|---|---|---|\n${rows.join("\n")}\n`;
  });
  const providers = PROVIDER_VARIABLES.map(
    ([name, variables]) =>
      `| ${name} | ${variables.map((text) => text.replace(/[A-Z][A-Z\d_]+/g, (variable) => `\`${variable}\``)).join(", ")} |`,
  );
  return `# Settings

This page is made of what the server declares, and a test holds it to that.

Settings come from the command line, then from the environment, then from the config file. The first that says something counts. An empty variable counts as not set. A \`.env\` file in the folder where the server is started is read too.

\`SELKIE_CONFIG\` or \`--config\` names the config file. It is YAML. There \`port: 9000\` is \`SELKIE_PORT=9000\`, and names in capitals are taken as they are, such as \`OPENAI_API_KEY\`. A name that is no setting is refused.

A setting that cannot be read stops the start, and the error names it. A variable that does nothing here is named in the log at the start, with what to do instead. \`selkie doctor\` shows what came of it all.

${sections.join("\n")}
## Providers of models

A provider is there when its key is, or its address where it needs no key. Its models are called \`<provider>/<model>\`. Organisations can bring [keys of their own](providers.md#keys-through-the-api) besides.

| provider | variables |
|---|---|
${providers.join("\n")}
`;
}

test("docs/configuration.md is what the server declares of its settings", () => {
  if (process.env["SELKIE_CONFIGURATION_PAGE_WRITE"] === "true") writeFileSync(PAGE, written());
  expect(existsSync(PAGE) ? readFileSync(PAGE, "utf8") : "").toBe(written());
});

test("every setting is declared once, is told in README, and counts as one", () => {
  const names = DECLARED.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
  const own = names.filter((name) => name.startsWith("SELKIE_")).sort();
  expect(own).toEqual(namesIn(read("README.md")).filter((name) => name.startsWith("SELKIE_")));
  const { notes } = readSettings({}, Object.fromEntries(own.map((name) => [name, VALUES[name] ?? ""])));
  expect(notes).toEqual([]);
});

/** Values of settings that stand for themselves; the others are left empty, which is not set. */
const VALUES: Readonly<Record<string, string>> = {
  SELKIE_AGENTS: "agents.yaml",
  SELKIE_FALLBACK_MODELS: "openai/gpt-4.1-mini",
  SELKIE_MODEL: "openai/gpt-4.1-mini",
  SELKIE_EMBEDDING: "openai/text-embedding-3-small",
  SELKIE_CONTINUE_COPY: "true",
  SELKIE_PYTHON: "/usr/bin/python3",
};

test("the variables of providers are those that are read", () => {
  const source = read("src/app/providers.ts");
  const declared = PROVIDER_VARIABLES.flatMap(([, variables]) => variables.flatMap(namesIn));
  const compatible = DECLARED.map(({ name }) => name).filter((name) => name.startsWith("SELKIE_COMPATIBLE_"));
  expect([...declared, ...compatible].sort()).toEqual(namesIn(source));
});
