import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isPluginHandle } from "../../agent/plugins/embedders.ts";
import { Failure } from "../../core/failure.ts";
import { LETTA_FREE } from "../../llm/catalog.ts";
import { ModelFailure } from "../../llm/failure.ts";
import { shownPolicy } from "../../sandbox/net/grant.ts";
import { hasPip } from "../../sandbox/packages/pip.ts";
import { checkAudit } from "../disk/audit-check.ts";
import { isDoorClosed } from "../disk/door-state.ts";
import { checkDatabase, emptinessOf, isOfToday } from "../disk/sqlite.ts";
import { modelsOf } from "../models.ts";
import { createOidcProvider } from "../oidc/provider.ts";
import { providersFrom } from "../providers.ts";
import { resolveBySystem } from "../safe-fetch.ts";
import { lostSecrets } from "../sealing/check.ts";
import { findPlaceOfPython, findPlaceOfScripts } from "../tools/sandbox.ts";
import { VERSION } from "../version.ts";
import { realWorld } from "../world.ts";
import { isLoopback, type Settings } from "./settings.ts";
import { painter } from "./terminal-color.ts";

/** How long the embedding model may take to answer. */
const EMBEDDING_TIMEOUT_MS = 10_000;

/** `selkie doctor`: says what is configured and what is wrong. Exit code 1 when something is. */
export async function doctor(settings: Settings): Promise<number> {
  const report = createReport();
  report.say(`selkie ${VERSION} on Bun ${Bun.version}`);
  report.section("Settings");
  const isOpen = settings.apiKey === null && settings.oidc === null && !isDoorClosed(settings.dataDirectory);
  const exposed = !isLoopback(settings.host) && isOpen && !settings.insecure;
  report.check(
    !exposed,
    `listens on ${settings.host}:${settings.port}, ${isOpen ? "no key" : "with a key"}`,
    "set SELKIE_API_KEY, or make a key with 'selkie key create'",
  );
  report.check(true, `data in ${settings.dataDirectory}`);
  for (const note of settings.notes) report.say(`  note  ${note}`);
  await checkSignIn(settings, report);
  report.section("Tools");
  await checkTools(settings, report);
  report.section("Data");
  await checkData(settings, report);
  return report.failures() === 0 ? 0 : 1;
}

/** In which jail tools run, tried now, and what was not taken before it. That there is none is no fault of the settings. */
async function checkTools(settings: Settings, report: Report): Promise<void> {
  const { found, refusal = "", passedOver } = await findPlaceOfPython(settings);
  if (found === undefined) report.say(`  note  Python: ${refusal}`);
  else
    report.check(true, `Python ${found.python.version} (${found.python.executable}) in a jail by ${found.jail.name}`);
  for (const reason of passedOver) report.say(`  note  passed over: ${reason}`);
  if (found?.lacks !== undefined) report.say(`  note  some tools do not run there: ${found.lacks}`);
  else if (found !== undefined && !hasPip(found.python.executable))
    report.say("  note  Python has no pip: tools that name packages fail. Install it, for example python3-pip");
  report.check(true, shownPolicy(settings.tools.network));
  const { place, reports, untried } = await findPlaceOfScripts(settings);
  if ("whyNone" in place) report.say(`  note  JavaScript and TypeScript: ${place.whyNone}`);
  else {
    report.check(true, `JavaScript and TypeScript: ${place.name}`);
    for (const { name, faults } of reports.filter((each) => each.faults.length > 0))
      report.say(`  note  passed over: ${name}: ${faults.join(", ")}`);
    if (untried.length > 0) report.say(`  note  not needed, and not tried: ${untried.join(", ")}`);
    const lack = place.refusalOf({ needsPackages: true, needsNetwork: true });
    if (lack !== undefined) report.say(`  note  some tools do not run there: ${lack}`);
  }
}

/** Whether the identity provider answers, and what it must be told beforehand. */
async function checkSignIn({ oidc }: Settings, report: Report): Promise<void> {
  if (oidc === null) return;
  report.section("Sign-in");
  report.check(true, `people come back to ${oidc.redirectUrl}, which ${oidc.issuer} must know`);
  const provider = createOidcProvider({ settings: oidc, ...realWorld(), resolveHost: resolveBySystem });
  const problem = await provider.check().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  report.check(problem === undefined, `${oidc.issuer} answers`, problem);
}

/** Whether the data can be opened and is sound. A server may be at work on it meanwhile. */
async function checkData(settings: Settings, report: Report): Promise<void> {
  const { dataDirectory } = settings;
  try {
    const isThere = checkDirectory(dataDirectory);
    const emptiness = isThere ? emptinessOf(dataDirectory) : undefined;
    if (!isThere) report.check(true, "nothing is stored yet");
    else if (emptiness !== undefined) report.check(false, "the database holds the data", emptiness);
    else {
      const problems = checkDatabase(dataDirectory);
      report.check(problems.length === 0, "the database is sound", problems.join("; "));
      const broken = problems.length === 0 ? await checkAudit(dataDirectory) : [];
      report.check(broken.length === 0, "the audit log holds together", broken.join("; "));
      // Of an older database nothing is asked until a server has given it today's schema.
      if (problems.length === 0 && isOfToday(dataDirectory)) checkSecrets(settings, report);
    }
  } catch (error) {
    report.check(false, "the data can be opened", error instanceof Error ? error.message : String(error));
  }
  return checkModels(settings, report);
}

/** Whether every secret has its key. */
function checkSecrets({ dataDirectory, environment }: Settings, report: Report): void {
  const lost = lostSecrets(dataDirectory, environment);
  const remedy = `bring back secrets.key or SELKIE_SECRET_KEY, or set them again: ${lost.join(", ")}`;
  report.check(lost.length === 0, "every secret can be read", remedy);
}

/** Whether a database is in the directory; throws when there is none and the directory cannot take one. */
function checkDirectory(directory: string): boolean {
  if (existsSync(join(directory, "selkie.db"))) return true;
  // The nearest folder that exists is where the others would be made.
  let nearest = resolve(directory);
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  if (!statSync(nearest).isDirectory())
    throw new Failure("refused", `${nearest} is no directory; choose another one with --data or SELKIE_DATA`);
  accessSync(nearest, constants.W_OK);
  return false;
}

async function checkModels(settings: Settings, report: Report): Promise<void> {
  report.section("Models");
  if (providersFrom(settings.environment).length === 0) {
    report.say(
      "  note  no provider is configured; selkie/rehearsal answers. Set OPENAI_API_KEY, ANTHROPIC_API_KEY, OLLAMA_BASE_URL, ...",
    );
  }
  for (const { provider, ok, detail } of await modelsOf(settings).check()) report.check(ok, `${provider}: ${detail}`);
  await checkEmbedding(settings, report);
}

/** Embeds one word, for only that shows that address, key and model go together. */
async function checkEmbedding(settings: Settings, report: Report): Promise<void> {
  report.section("Memory");
  const handle = settings.defaultEmbedding;
  if (handle === null || handle === LETTA_FREE.config.handle) {
    report.say("  note  retrieval: lexical (words only). SELKIE_EMBEDDING names the embedding model of new agents");
    return;
  }
  if (isPluginHandle(handle)) {
    report.say(`  note  retrieval: hybrid (words, and ${handle}) in each organisation that has this plugin`);
    return;
  }
  const remedy = `set SELKIE_EMBEDDING to an embedding model of a provider that is configured, not '${handle}'`;
  const models = modelsOf(settings);
  const found = await models.findEmbedding(handle, null);
  const embedder = found && models.openEmbedder(found.config, null);
  if (embedder === undefined) {
    report.check(false, "retrieval: lexical (words only)", remedy);
    return;
  }
  try {
    const [vector] = await embedder.embed(["doctor"], AbortSignal.timeout(EMBEDDING_TIMEOUT_MS));
    report.check(
      vector !== null,
      `retrieval: hybrid (words, and ${handle} with ${embedder.dimensions} dimensions)`,
      remedy,
    );
  } catch (error) {
    const reason =
      error instanceof ModelFailure ? error.detail : error instanceof Error ? error.message : String(error);
    report.check(false, `retrieval: lexical until ${handle} answers`, reason);
  }
}

type Report = ReturnType<typeof createReport>;

/** Lines for a person, green and red only where a terminal shows them. */
function createReport() {
  let failed = 0;
  const paint = painter();
  const say = (text: string) => process.stdout.write(`${text}\n`);
  return {
    say,
    section: (title: string) => say(`\n${paint(1, title)}`),
    failures: () => failed,
    check(ok: boolean, text: string, remedy?: string) {
      if (!ok) failed++;
      say(
        `  ${ok ? paint(32, "ok  ") : paint(31, "FAIL")}  ${text}${ok || remedy === undefined ? "" : ` -> ${remedy}`}`,
      );
    },
  };
}
