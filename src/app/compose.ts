import type { Hono } from "hono";
import { createAccessNotices } from "../access/notices.ts";
import { type PriceTable, readPrices } from "../access/price.ts";
import SHIPPED_PRICES from "../access/prices.json" with { type: "json" };
import type { ReadDocument } from "../agent/files/document.ts";
import { followToolLists } from "../agent/mcp/changed-tools.ts";
import type { Door } from "../agent/people/door.ts";
import type { LentKeys } from "../agent/people/lent-keys.ts";
import type { BuiltinTools } from "../agent/people/organizations.ts";
import { createHooks, type Hooks } from "../agent/plugins/hooks.ts";
import type { PluginHost } from "../agent/plugins/plugin-host.ts";
import type { Store } from "../agent/ports/ports.ts";
import { type CountTokens, slicedCounter } from "../agent/prompt/tokens.ts";
import { createRefusals } from "../agent/record/refusals.ts";
import { lostSecretNotes } from "../agent/secrets/rotate.ts";
import { webhookPorts } from "../api/feed/webhook-ports.ts";
import { createOpenStreams } from "../api/http/open-streams.ts";
import { createApi } from "../api/server.ts";
import { callbackPorts } from "../api/talk/callbacks.ts";
import { talkRoutes } from "../api/talk.ts";
import { speakingToolOf } from "../api/wire/letta-face.ts";
import { ModelSettingsBody } from "../api/wire/model-settings.ts";
import { countFrames, shownRun } from "../api/wire/stream.ts";
import { Failure } from "../core/failure.ts";
import { type FetchOutside, parseOutsideUrl } from "../core/outside.ts";
import type { SecretBox } from "../core/secrecy/secret-box.ts";
import type { Secrets } from "../core/secrecy/secrets.ts";
import { createTimeFormat } from "../core/time-format.ts";
import type { World } from "../core/world.ts";
import type { Models, ServerModels } from "../llm/models.ts";
import type { ProviderSettings } from "../llm/provider.ts";
import { type BatchCallbackOptions, createBatchCallbackSender } from "../run/batches/batch-callbacks.ts";
import { createBudget } from "../run/budget/budget.ts";
import { paidEmbedder } from "../run/budget/paid-models.ts";
import { type BacklogWorkOptions, createBacklogWork } from "../run/chores/backlog-work.ts";
import { type CallbackOptions, createCallbackSender } from "../run/chores/callback.ts";
import { type DueWork, together } from "../run/chores/due-work.ts";
import { embeddingWork } from "../run/chores/embedding-work.ts";
import { type FileWorkOptions, fileWork } from "../run/chores/file-work.ts";
import { indexWork } from "../run/chores/index-work.ts";
import { judgingWork } from "../run/chores/judging-work.ts";
import { type LearningWorkOptions, learningWork } from "../run/chores/learning-work.ts";
import { createRetentionWork, type RetentionWorkOptions } from "../run/chores/retention-work.ts";
import { type SyncWorkOptions, syncWork } from "../run/chores/sync-work.ts";
import { createWebhookSender } from "../run/chores/webhook-sender.ts";
import { type ChangeHub, createChangeHub } from "../run/feed/change-hub.ts";
import { type TellingWorkOptions, tellingWork } from "../run/hooks/telling-work.ts";
import { createRunLogs } from "../run/log/run-log.ts";
import { createRunner, type Runner } from "../run/runner.ts";
import type { RunnerOptions } from "../run/step/run-setup.ts";
import type { KeptConnections } from "../sandbox/mcp/connections.ts";
import type { SqlDatabase } from "../store/base/driver.ts";
import { takeLease } from "../store/base/lease.ts";
import { migrate } from "../store/base/migrate.ts";
import { settleLostCalls } from "../store/limits/spend.ts";
import { resumeParkedWork } from "../store/memory/backlog.ts";
import { sqlStore } from "../store/sql-store.ts";
import { BUILTIN_TOOLS } from "../tools/catalog.ts";
import type { ToolRuntime } from "../tools/runtime.ts";
import { createQuickVectors } from "../umi/vectors/quick-vectors.ts";
import { openAccess } from "./access.ts";
import type { OidcSettings } from "./command/oidc-settings.ts";
import { type Arrived, arrive, type Home } from "./disk/home.ts";
import { MCP_SETTINGS_DEFAULT, type McpSettings, openMcpConnections } from "./mcp.ts";
import { offerOf } from "./models.ts";
import { createCheckedFetch, createSafeFetch, resolveBySystem, type SafeFetchOptions } from "./safe-fetch.ts";
import { createSecretBox, keysInMemory } from "./sealing/box.ts";
import { toolRuntimeOf, type WebSettings } from "./tool-runtime.ts";
import { lendingRuntime } from "./tools/lending-runtime.ts";
import { VERSION } from "./version.ts";

/** What the server is built from, besides the world. */
export interface ServerOptions {
  readonly world: World;
  readonly database: SqlDatabase;
  readonly providers: readonly ProviderSettings[];
  /** The key of the settings, which opens everything. */
  readonly apiKey: string | null;
  /** What makes keys and knows them again; the runtime's own when absent. */
  readonly secrets?: Secrets;
  /** What seals secrets before they are stored; by a key that is in memory alone when absent. */
  readonly secretBox?: SecretBox;
  readonly origins: readonly string[];
  /** Whether requests must name this machine as their host while no key is needed: set when only it can reach the server. */
  readonly localOnly: boolean;
  readonly llmRequestTimeoutMs: number;
  readonly llmStreamTimeoutMs: number;
  /** The handle of the embedding model that agents and archives get when they name none; none when absent. */
  readonly defaultEmbedding?: string | null;
  /** Handles of models that are asked, in this order, where an agent's own does not answer and it names none itself. */
  readonly fallbackModels?: readonly string[];
  /** Whether callbacks and images may be at addresses of this machine and its networks; not unless it says so. */
  readonly allowsPrivateUrls?: boolean;
  /** How people sign in by an identity provider; not at all when absent. */
  readonly oidc?: OidcSettings | null;
  /** Whether what goes to providers and comes back is kept for a while; see {@link TRACKS_PROVIDER_DEFAULT}. */
  readonly tracksProvider?: boolean;
  /** How many stream events wait to be moved to where each run has its own; as many as is fast when absent. */
  readonly arrivalsMax?: number;
  /** Where tools run that are not built in; without it a call of one is answered with words that say so. */
  readonly toolRuntime?: ToolRuntime;
  /** Reads PDF, DOCX and HTML in a place of its own; without it such files get an error that says so. */
  readonly readDocument?: ReadDocument;
  /** How MCP servers are reached; no commands, and Letta's times when absent. */
  readonly mcp?: McpSettings;
  /** Where browsers reach this server; as they reached it for the request when absent. */
  readonly publicUrl?: string | null;
  /** Where plugins run; nowhere when absent. */
  readonly pluginHost?: PluginHost;
  /** By what the web is searched; by what agents' secrets hold alone when absent. */
  readonly web?: WebSettings;
  /** The addresses of a host name; the system's resolver when absent. */
  readonly resolveHost?: SafeFetchOptions["resolveHost"];
  /** Called before the data of an older server gets another schema, with the version that it has; see {@link migrate}. */
  readonly beforeMigration?: (version: number) => Promise<void>;
  /** What tells the data from a copy of it; absent where it is nowhere to be copied from. */
  readonly home?: Home;
  /** Whether a copy of data goes on with what the original had begun; not unless it says so. */
  readonly continuesCopy?: boolean;
  /** Whether it is settled what becomes of a copy, as a server that works on it must; so unless it says otherwise. */
  readonly settlesCopy?: boolean;
  /** Counts tokens where that keeps nobody waiting; in this thread when absent. */
  readonly countTokens?: CountTokens;
  /** Told when another server has taken over the database: this one can store nothing any more, and should stop. */
  readonly onLeaseLost?: () => void;
  /** How many requests a minute a key may make, or an address that shows none; any number when absent. */
  readonly requestsPerMinute?: number | null;
  /** What models cost; the table that is shipped when absent. */
  readonly prices?: PriceTable;
  readonly log: (message: string, error?: unknown) => void;
}

/** Keeping what goes to providers costs time in every step and space, so somebody has to ask for it. */
export const TRACKS_PROVIDER_DEFAULT = false;

/** Said of data that is nowhere to be copied from. */
const AT_HOME: Arrived = { notes: [], isUnsettled: false };

const NO_WEB: WebSettings = { keys: {}, searxngUrl: null };

/** A server that has its data and is ready to answer. */
export interface Server {
  readonly api: Hono;
  readonly store: Store;
  readonly models: Models;
  /** The models of the server itself, without those of organisations. */
  readonly serverModels: ServerModels;
  readonly runner: Runner;
  readonly door: Door;
  readonly lentKeys: LentKeys;
  /** What every organisation is given. */
  readonly builtinTools: BuiltinTools;
  /** Connections to MCP servers; to be closed at the end. */
  readonly mcp: Pick<KeptConnections, "close">;
  /** Removes what is too old. Wake it now and then. */
  readonly retention: DueWork;
  /** What a person should know of the data that was found. */
  readonly notes: readonly string[];
}

/** Builds the whole server out of a {@link World} and a database. The only place where the folders meet. */
export async function compose(options: ServerOptions): Promise<Server> {
  const { world, database, log, prices = readPrices(JSON.stringify(SHIPPED_PRICES), "prices.json") } = options;
  const { clock, random } = world;
  await migrate(database, clock.now(), options.beforeMigration);
  const lease = await takeLease(database, options.onLeaseLost);
  await resumeParkedWork(database, clock.now());
  await settleLostCalls(database);
  const { arrivalsMax, apiKey: rootKey, secretBox = createSecretBox(keysInMemory()) } = options;
  const notices = createAccessNotices();
  const hub = createChangeHub(clock);
  const store = sqlStore(database, lease, {
    ...world,
    secretBox,
    onChanged: hub.changed,
    isHeard: hub.isHeard,
    onOwed: () => backlog.wake(),
    onAccessChanged: notices.tell,
    onDamaged: (table, id) =>
      log(`The row of ${table} with the id '${id}' is damaged and left out of lists. Run selkie doctor`),
    ...(arrivalsMax === undefined ? {} : { arrivalsMax }),
  });
  const access = await openAccess({ ...options, store, notices, rootKey });
  const { fetchOutside, fetchChecked, checkOutsideUrl, mcp, webSearch } = outsideOf(options);
  const { serverModels, models, asking, standIns } = offerOf({ ...options, store, fetchChecked });
  const timeFormat = createTimeFormat();
  const countTokens = options.countTokens ?? slicedCounter(clock);
  const budget = createBudget({ store, world, countTokens, prices, log });
  const logs = createRunLogs({ store, clock, log });
  const callbacks = callbacksOf({ store, clock, log, ...callbackPorts({ store, logs, fetchOutside }) });
  const record = recordOf({ store, clock, log }, fetchOutside, hub);
  const { readDocument = noDocuments, pluginHost = null, defaultEmbedding = null } = options;
  const hooks = hooksOf(options, store);
  const pieces = piecesOf({ store, models, budget, world, log, times: timeFormat, readDocument, hooks, pluginHost });
  const backlog = createBacklogWork({ store, clock, random, log, pieces });
  const quickVectors = createQuickVectors({
    clock,
    openEmbedder: (config, payer) => paidEmbedder({ models, budget }, { ...payer, isBackground: false }, config),
  });
  const framesOf: RunnerOptions["framesOf"] = (run, agent) => countFrames(shownRun(run, agent));
  const { home, continuesCopy = false, settlesCopy = true, requestsPerMinute = null, publicUrl = null } = options;
  const ending = { store, world, timeFormat, framesOf, log };
  const arriving = { database, lease, continuesCopy, settlesCopy, ending };
  const arrived = home === undefined ? AT_HOME : await arrive({ ...arriving, home });
  const notes = [...arrived.notes, ...(await lostSecretNotes({ store }))];
  const lent = options.toolRuntime && lendingRuntime(options.toolRuntime, access.lentKeys);
  const places = { ...options, store, log, mcp, clock, random, webSearch, readDocument, runner: () => runner };
  const toolRuntime = toolRuntimeOf(lent, places);
  const runner: Runner = createRunner({
    ...ending,
    models,
    ...standIns,
    countTokens,
    builtins: BUILTIN_TOOLS,
    toolRuntime,
    hooks,
    logs,
    speakingToolOf,
    settingsOf: (settings) => ModelSettingsBody.parse(settings),
    restsPlanned: arrived.isUnsettled,
    tracksProvider: options.tracksProvider ?? TRACKS_PROVIDER_DEFAULT,
    callbacks: together(callbacks, record.webhooks),
    backlog: together(backlog, record.retention),
    quickVectors,
    budget,
  });
  const made = { ...asking, store, models, quickVectors, toolRuntime, pluginHost, hooks, budget, mcp };
  const shared = { ...made, checkOutsideUrl, clock, random, times: timeFormat, countTokens, defaultEmbedding };
  followToolLists({ ...shared, log }, (options.mcp ?? MCP_SETTINGS_DEFAULT).times.settleMs);
  const talk = talkRoutes({ ...shared, runner, logs, fetchOutside });
  const streams = createOpenStreams({ clock, log, listen: notices.listen });
  const rest = { requestsPerMinute, runner, secretBox, hub, streams, messageRoutes: talk, version: VERSION, publicUrl };
  const api = createApi({ ...options, ...shared, ...access, ...record, ...rest, origins: originsOf(options) });
  return { ...access, ...record, api, store, models, serverModels, runner, notes, mcp };
}

/** The plugins that agents ask and tell; null where none run. */
function hooksOf({ world, pluginHost, log }: ServerOptions, store: Store): Hooks | null {
  return pluginHost === undefined ? null : createHooks({ store, clock: world.clock, pluginHost, log });
}

/** Said of documents where there is no place to read them. */
const noDocuments: ReadDocument = async ({ name }) => {
  throw new Failure("unavailable", `'${name}' cannot be read: this server has no place where that is safe`);
};

/** How addresses are reached that somebody outside chose. */
function outsideOf(options: ServerOptions) {
  const { world, resolveHost = resolveBySystem, allowsPrivateUrls = false, web = NO_WEB } = options;
  const check = { ...world, resolveHost, allowsPrivate: allowsPrivateUrls };
  const fetchOutside = createSafeFetch(check);
  const fetchChecked = createCheckedFetch(check);
  const fetchAnywhere = createSafeFetch({ ...check, allowsPrivate: true });
  return {
    fetchOutside,
    fetchChecked,
    mcp: openMcpConnections(options.mcp ?? MCP_SETTINGS_DEFAULT, fetchChecked),
    checkOutsideUrl(url: string) {
      parseOutsideUrl(url, allowsPrivateUrls);
    },
    webSearch: { ...web, fetchOutside, fetchAnywhere, clock: world.clock },
  };
}

/** What tells others of what changes, writes down who was refused, and removes what is too old. */
function recordOf(options: RetentionWorkOptions, fetchOutside: FetchOutside, hub: ChangeHub) {
  const webhooks = createWebhookSender({ ...options, ...webhookPorts(fetchOutside) });
  hub.listen(webhooks.changed);
  return {
    webhooks,
    retention: createRetentionWork(options),
    refusals: createRefusals(options),
  };
}

/** What tells the addresses that runs and batches name how they ended. */
function callbacksOf(options: CallbackOptions & BatchCallbackOptions): DueWork {
  return together(createCallbackSender(options), createBatchCallbackSender(options));
}

/** How each kind of work of the memory is done. */
function piecesOf(
  options: LearningWorkOptions & FileWorkOptions & TellingWorkOptions & SyncWorkOptions,
): BacklogWorkOptions["pieces"] {
  return {
    embed: embeddingWork(options),
    index: indexWork(options.store),
    learn: learningWork(options),
    judge: judgingWork(options),
    parse: fileWork(options),
    tell: tellingWork(options),
    sync: syncWork(options),
  };
}

/** Whose pages may use the server: those that come from its own name are its own. */
function originsOf({ origins, oidc = null }: ServerOptions): readonly string[] {
  return oidc === null ? origins : [...origins, new URL(oidc.publicUrl).origin];
}
